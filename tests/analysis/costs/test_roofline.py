"""What layers move and compute."""

from __future__ import annotations

import doctest

import pytest

from archscape.analysis.costs import roofline as module
from archscape.analysis.costs.memory import ITEM
from archscape.analysis.costs.profile import profile
from archscape.analysis.costs.roofline import Traffic, traffic
from archscape.spaces import Network, load_network
from archscape.spaces.errors import InputError


def layers(*rows: str) -> dict[str, Traffic]:
    network = Network.from_yaml(f"network: n\ninput: 4x8x8\nlayers: [{', '.join(rows)}]")
    return {layer.name: layer for layer in traffic(network)}


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(module).failed == 0


def test_a_convolution_reads_its_map_and_weights_and_writes_its_map() -> None:
    layer = layers("conv: {width: 6, norm: none, act: none, bias: true}")["conv"]
    assert layer.bytes_moved == 4 * (4 * 8 * 8 + 6 * 4 * 9 + 6 + 6 * 8 * 8)
    assert layer.macs_per_byte == 6 * 4 * 9 * 64 / layer.bytes_moved


def test_a_norm_reads_its_buffers_too() -> None:
    layer = layers("norm")["norm"]
    assert layer.bytes_moved == 4 * (2 * 4 * 64 + 2 * 4 + 2 * 4) + 8  # running statistics, and their count


def test_a_join_reads_all_of_its_maps() -> None:
    every = layers("basic: {width: 4}")
    assert every["basic.add1"].bytes_moved == 3 * 4 * 4 * 64


def test_a_view_moves_nothing() -> None:
    layer = layers("linear: {width: 2}")["linear_flatten"]
    assert (layer.bytes_moved, layer.macs_per_byte) == (0, None)


@pytest.mark.parametrize("dtype", ITEM)
def test_a_larger_batch_reads_its_weights_once(dtype: str) -> None:
    network = load_network("lenet5")
    small, large = traffic(network, dtype=dtype), traffic(network, batch=8, dtype=dtype)
    costs = profile(network).layers
    for layer, eight, cost in zip(small, large, costs, strict=True):
        assert eight.macs == 8 * layer.macs == 8 * cost.macs
        weights = ITEM[dtype] * cost.params
        assert eight.bytes_moved == 8 * (layer.bytes_moved - weights) + weights


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(InputError, match="there is no type 'float61'"):
        traffic(load_network("lenet5"), dtype="float61")
