"""`torch.fx` and `torch.export` take every network of the catalog, with a batch of any size.

The page `docs/exporting.md` says so. Large networks are built without memory for their weights.
"""

from __future__ import annotations

import pytest
import torch
from helpers.catalog import NETWORKS
from torch.fx import symbolic_trace

from archscape.spaces import load_network
from archscape.spaces.codegen.build import build
from archscape.spaces.testing import check_export, check_tracing, exported, images


@pytest.mark.parametrize("name", ["lenet5", "conv-autoencoder", "vae"])
def test_small_networks_compute_the_same_as_a_program(name: str) -> None:
    check_tracing(load_network(name))
    check_export(load_network(name))


def shapes(results: torch.Tensor | tuple[torch.Tensor, ...]) -> list[torch.Size]:
    return [each.shape for each in (results if isinstance(results, tuple | list) else (results,))]


@pytest.mark.full
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_of_the_catalog_is_taken(name: str) -> None:
    network = load_network(name)
    with torch.device("meta"):
        module = build(network).eval()
    two, three = ([x.to("meta") for x in images(network, batch)] for batch in (2, 3))
    expected = shapes(module(*three))
    assert shapes(symbolic_trace(module)(*three)) == expected
    assert shapes(exported(module, tuple(two)).module()(*three)) == expected
