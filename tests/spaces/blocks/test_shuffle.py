"""Shuffled channels, and the networks that are made of them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from archscape.spaces import Network, Row, ShapeError
from archscape.spaces.codegen.build import build
from archscape.spaces.codegen.source import source

V1 = """
network: shufflenet
input: 3x224x224
layers:
  - conv:      {width: 24, stride: 2}
  - maxpool:   {kernel: 3, stride: 2}
  - shufflev1: {width: 240, groups: 3, depth: 4, stride: 2}
  - shufflev1: {width: 480, groups: 3, depth: 8, stride: 2}
  - shufflev1: {width: 960, groups: 3, depth: 4, stride: 2}
  - avgpool
  - linear:    {width: 1000}
"""
V2 = """
network: shufflenetv2
input: 3x224x224
layers:
  - conv:      {width: 24, stride: 2}
  - maxpool:   {kernel: 3, stride: 2}
  - shufflev2: {width: 116, depth: 4, stride: 2}
  - shufflev2: {width: 232, depth: 8, stride: 2}
  - shufflev2: {width: 464, depth: 4, stride: 2}
  - conv:      {width: 1024, kernel: 1}
  - avgpool
  - linear:    {width: 1000}
"""


def network(*rows: Row, size: tuple[int, ...] = (12, 5)) -> Network:
    return Network(name="one", input=size, layers=rows)


def test_shufflenet_with_three_groups() -> None:
    """The stages of Zhang et al. 2018, table 1, for g = 3."""
    net = Network.from_yaml(V1)
    assert net.totals.params == 1_865_728
    assert [node.shape for node in net.body.nodes if node.name.startswith("shufflev1")] == [
        (240, 28, 28),
        (480, 14, 14),
        (960, 7, 7),
    ]


def test_the_first_unit_of_shufflenet_does_not_group_its_24_channels() -> None:
    groups = [
        node.op.groups  # type: ignore[union-attr]
        for node in Network.from_yaml(V1).graph.flatten().nodes
        if node.name.startswith("shufflev1") and node.name.endswith(".conv1")
    ]
    assert groups == [1] + [3] * 15


def test_shufflenet_v2_is_that_of_torchvision() -> None:
    totals = Network.from_yaml(V2).totals
    assert (totals.params, totals.macs) == (2_278_604, 144_907_992)


@pytest.mark.parametrize("table", [V1, V2])
def test_they_train(table: str) -> None:
    net = Network.from_yaml(table).at(input=(3, 64, 64), classes=10)
    module = build(net)
    output = module(torch.randn(2, 3, 64, 64))
    assert output.shape == (2, 10)
    output.sum().backward()
    assert all(parameter.grad is not None for parameter in module.parameters())


@pytest.mark.parametrize("size", [(12, 5), (12, 3, 4), (12, 2, 3, 2)])
@pytest.mark.parametrize("groups", [2, 3, 4, 6])
def test_a_shuffle_takes_the_groups_in_turn(size: tuple[int, ...], groups: int) -> None:
    x = torch.randn(2, *size)
    y = build(network(Row("shuffle", groups=groups), size=size))(x)
    of_group = 12 // groups
    order = [group * of_group + member for member in range(of_group) for group in range(groups)]
    assert torch.equal(y, x[:, order])


def test_a_shuffle_is_a_permutation_that_the_opposite_one_undoes() -> None:
    x = torch.randn(2, 12, 5)
    assert torch.equal(build(network(Row("shuffle", groups=3), Row("shuffle", groups=4)))(x), x)


def test_pytorch_has_the_same_shuffle() -> None:
    x = torch.randn(2, 12, 3, 4)
    module = build(network(Row("shuffle", groups=3), size=(12, 3, 4)))
    assert torch.equal(module(x), nn.ChannelShuffle(3)(x))


@pytest.mark.parametrize("groups", [1, 12])
def test_groups_that_move_nothing_are_not_there(groups: int) -> None:
    rows = Row("conv", width=12), Row("shuffle", groups=groups)
    assert network(*rows).hash() == network(rows[0]).hash()


def test_a_unit_of_the_second_network_leaves_one_half_as_it_was() -> None:
    """The channels of both halves take turns: every other one of the output is of the left half."""
    module = build(network(Row("shufflev2", width=12))).eval()
    x = torch.randn(1, 12, 5)
    assert torch.equal(module(x)[:, ::2], x[:, :6])
    assert "half = x.chunk(2, dim=1)[0]" in source(network(Row("shufflev2", width=12)))


@pytest.mark.parametrize(
    ("row", "law"),
    [
        (Row("shuffle", groups=5), "5 groups must divide 12 channels"),
        (Row("shufflev1", width=24), "a unit of stride 1 keeps its 12 channels, but got width 24"),
        (Row("shufflev1", width=12, stride=2), "width 12 is too narrow for a unit on 12 channels"),
        (Row("shufflev2", width=24), "a unit of stride 1 keeps its 12 channels, but got width 24"),
        (Row("shufflev2", width=25, stride=2), "width 25 has no half"),
    ],
)
def test_what_does_not_fit_is_refused(row: Row, law: str) -> None:
    with pytest.raises(ShapeError, match=law):
        network(row)
