"""Transposed convolution: sizes, costs, and that it is the adjoint of a convolution."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from archscape.spaces import Network, Row, ShapeError
from archscape.spaces.codegen.build import build
from archscape.spaces.language.expressions import Expr

SIZES = [(4, 11), (4, 7, 6), (4, 3, 5, 4)]


def network(size: tuple[int, ...], **args: Expr) -> Network:
    row = Row("upconv", norm=None, act=None, **{"width": 6, **args})
    return Network(name="one", input=size, layers=(row,))


def extent(size: int, **args: Expr) -> int:
    return network((4, size), **args).body.shape[1]


def test_the_up_convolutions_of_the_papers() -> None:
    assert extent(28) == 56, "U-Net: 2x2, stride 2"
    assert extent(7, kernel=64, stride=32, padding="valid") == 256, "FCN-32s: 64x64, stride 32"
    assert extent(4, kernel=4, stride=2, padding=1) == 8, "DCGAN: 4x4, stride 2, padding 1"
    assert extent(1, kernel=7, stride=1, padding="valid") == 7, "DeconvNet: 7x7 on one pixel"
    assert extent(16, kernel=5) == 32, "Balle's codec: 5x5, stride 2"


@pytest.mark.parametrize(("kernel", "stride"), list(product(range(1, 8), range(1, 5))))
def test_same_multiplies_the_extent_by_the_stride(kernel: int, stride: int) -> None:
    if stride == 1 and kernel % 2 == 0:
        with pytest.raises(ShapeError, match="same padding at stride 1 needs an odd kernel"):
            extent(5, kernel=kernel, stride=stride)
        return
    net = network((4, 5), kernel=kernel, stride=stride)
    assert net.body.shape == (6, 5 * stride)
    assert build(net)(torch.zeros(1, 4, 5)).shape[1:] == net.body.shape


@pytest.mark.parametrize(("kernel", "stride", "padding"), list(product((2, 3, 5), (1, 2, 3), (0, 1, 2))))
def test_a_number_is_cut_from_both_sides(kernel: int, stride: int, padding: int) -> None:
    assert extent(7, kernel=kernel, stride=stride, padding=padding) == stride * 6 + kernel - 2 * padding


def test_padding_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"padding \[3\] leaves nothing of 2"):
        extent(2, kernel=3, stride=2, padding=3)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("groups", [1, 2])
def test_it_is_the_adjoint_of_the_convolution_with_its_weights(size: tuple[int, ...], groups: int) -> None:
    """<W x, y> = <x, W' y> for every x and y."""
    up = network(size, kernel=4, padding=1, groups=groups, bias=False)
    row = Row("conv", width=4, kernel=4, stride=2, padding=1, groups=groups, bias=False, norm=None, act=None)
    down = Network(name="down", input=up.body.shape, layers=(row,))
    assert down.body.shape == size
    transposed, plain = build(up).double(), build(down).double()
    plain.conv.weight.data = transposed.upconv.weight.data
    x = torch.randn(1, *up.body.shape, dtype=torch.float64)
    y = torch.randn(1, *size, dtype=torch.float64)
    torch.testing.assert_close((plain(x) * y).sum(), (x * transposed(y)).sum(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("groups", [1, 2])
def test_it_costs_what_the_convolution_back_costs_when_nothing_is_padded(groups: int) -> None:
    up = network((4, 7, 6), groups=groups, bias=False)
    row = Row("conv", width=4, kernel=2, stride=2, groups=groups, bias=False, norm=None, act=None)
    down = Network(name="down", input=up.body.shape, layers=(row,)).totals
    assert (up.totals.params, up.totals.macs) == (down.params, down.macs)
    assert up.totals.macs == 2 * 2 * 4 * 6 * 7 * 6 // groups
    assert up.totals.activations == 6 * 14 * 12


def test_blocks_after_the_first_keep_the_extent() -> None:
    assert extent(7, kernel=3, depth=3) == 14
