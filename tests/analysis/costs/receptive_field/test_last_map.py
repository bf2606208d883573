"""The receptive field of the last map: from remembered blocks, what the flat network says."""

from __future__ import annotations

from random import Random

import pytest
from helpers.catalog import NETWORKS

from archscape.analysis.costs.receptive_field import receptive_fields
from archscape.analysis.costs.receptive_field.last_map import last_map_field
from archscape.spaces import Network, load_network, load_space


def by_definition(network: Network) -> int:
    """Return the field of the last operator that writes several places, else of the last one on a map."""
    fields = receptive_fields(network.graph)
    sizes = [
        (max(node.shape[1:]) > 1, min(fields[node.name]))
        for node in network.graph.flatten().nodes
        if len(node.shape) > 1 and fields[node.name]
    ]
    return next((size for is_map, size in reversed(sizes) if is_map), sizes[-1][1] if sizes else 0)


@pytest.mark.parametrize(
    ("rows", "field"),
    [
        ("[conv: {width: 4, kernel: 5}, avgpool, linear: {width: 10}]", 5),
        ("[conv: {width: 4, kernel: 8, stride: 8, padding: 0}, avgpool]", 8),  # a map of one place alone
        ("[linear: {width: 10}]", 0),  # no map at all
    ],
)
def test_the_receptive_field_is_that_of_the_last_map_of_several_places(rows: str, field: int) -> None:
    network = Network.from_yaml(f"network: a\ninput: 1x8x8\nlayers: {rows}\n")
    assert last_map_field(network.body) == field


def test_of_two_axes_the_smaller_receptive_field_counts() -> None:
    rows = "[conv: {width: 4, kernel: [3, 7]}, avgpool]"
    assert last_map_field(Network.from_yaml(f"network: a\ninput: 1x9x9\nlayers: {rows}\n").body) == 3


@pytest.mark.parametrize("name", NETWORKS)
def test_it_is_that_of_the_flat_network(name: str) -> None:
    network = load_network(name)
    assert last_map_field(network.body) == by_definition(network)


@pytest.mark.parametrize("name", ["cifar", "nas-bench-201"])
def test_it_is_that_of_the_flat_network_for_samples_that_share_blocks(name: str) -> None:
    space, rng = load_space(name), Random(0)
    for _ in range(10):
        network = space.sample(rng).network
        assert last_map_field(network.body) == by_definition(network)
