"""Every network of the catalog is exported, exactly, with a batch of any size; `docs/exporting.md` says so.

Programs of `torch.export` and ONNX files are compared with the module at batches of 1, 2 and 7; inputs are
smaller than published ones where the rows fit them.
"""

from __future__ import annotations

import pytest
import torch
from helpers.catalog import LIGHT, NETWORKS, SIBLINGS, reduced
from torch.fx import symbolic_trace

from archscape.spaces import load_network
from archscape.spaces.codegen.build import build
from archscape.spaces.testing import check_onnx, check_tracing, images


@pytest.mark.parametrize("name", ["lenet5", "conv-autoencoder", "vae"])
def test_fx_takes_small_networks(name: str) -> None:
    check_tracing(load_network(name))


def shapes(results: torch.Tensor | tuple[torch.Tensor, ...]) -> list[torch.Size]:
    return [each.shape for each in (results if isinstance(results, tuple | list) else (results,))]


@pytest.mark.full
@pytest.mark.parametrize("name", NETWORKS)
def test_fx_takes_every_network(name: str) -> None:
    network = load_network(name)
    with torch.device("meta"):  # no memory for the weights of large ones
        module = build(network).eval()
    maps = [x.to("meta") for x in images(network, batch=3)]
    assert shapes(symbolic_trace(module)(*maps)) == shapes(module(*maps))


@pytest.mark.slow
@pytest.mark.usefixtures("onnx_exporter")
@pytest.mark.parametrize(
    "name",
    [name if name in LIGHT - SIBLINGS else pytest.param(name, marks=pytest.mark.full) for name in NETWORKS],
)
def test_program_and_onnx_file_compute_what_the_network_computes(name: str) -> None:
    check_onnx(reduced(load_network(name)))


def test_light_networks_have_fewer_than_10_million_parameters() -> None:
    assert {name for name in NETWORKS if load_network(name).totals.params < 10e6} == LIGHT
