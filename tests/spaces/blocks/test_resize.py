"""Resizing: interpolation, pixels made of channels, crops and borders; and the field of each."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import pytest
import torch
from torch import nn

from archscape.spaces import Network, Row, ShapeError
from archscape.spaces.codegen.build import build
from archscape.spaces.graph import Op

SIZES = [(4, 5), (4, 5, 3), (4, 2, 5, 3)]


def network(*rows: Row, size: tuple[int, ...] = (4, 5, 3)) -> Network:
    return Network(name="one", input=size, layers=rows)


def result(*rows: Row, x: torch.Tensor) -> torch.Tensor:
    net = network(*rows, size=tuple(x.shape[1:]))
    y = build(net)(x)
    assert tuple(y.shape[1:]) == net.body.shape
    return y


@pytest.mark.parametrize("size", SIZES)
def test_nearest_repeats_every_element(size: tuple[int, ...]) -> None:
    x = torch.randn(1, *size)
    expected = x
    for axis in range(2, x.dim()):
        expected = expected.repeat_interleave(3, axis)
    assert torch.equal(result(Row("upsample", scale=3), x=x), expected)


@pytest.mark.parametrize("size", SIZES)
def test_bilinear_is_linear_between_the_centres(size: tuple[int, ...]) -> None:
    """A ramp stays a ramp of half the slope, but for the outermost elements, which see a border."""
    ramp = torch.arange(float(size[-1])).expand(1, *size)
    y = result(Row("upsample", mode="bilinear"), x=ramp)
    assert (y.diff()[..., 1:-1] == 0.5).all()


def test_each_axis_can_have_its_own_scale() -> None:
    assert network(Row("upsample", scale=(1, 4))).body.shape == (4, 5, 12)


def test_a_map_takes_the_extent_of_another_one() -> None:
    rows = (Row("conv", width=4, stride=2), Row("resize", like="input", mode="bilinear"))
    assert network(*rows, size=(4, 13, 7)).body.shape == (4, 13, 7)
    flat = (Row("avgpool"), Row("linear", width=3), Row("resize", like="input"))
    with pytest.raises(ShapeError, match="resizing needs a map, but got 3 flat features"):
        network(*flat)


def test_pixel_shuffle_gives_every_pixel_its_channels() -> None:
    x = torch.arange(8.0).view(1, 8, 1, 1)
    y = result(Row("pixelshuffle", scale=2), x=x)
    assert y.tolist() == [[[[0, 1], [2, 3]], [[4, 5], [6, 7]]]]


def test_pixel_shuffle_needs_enough_channels_and_two_axes() -> None:
    with pytest.raises(ShapeError, match="4 channels cannot become 3x3 pixels each"):
        network(Row("pixelshuffle", scale=3))
    with pytest.raises(ShapeError, match="a pixel shuffle needs a 2-D map, but got 4x5"):
        network(Row("pixelshuffle"), size=(4, 5))


@pytest.mark.parametrize(("extent", "kept"), [(1, [3]), (2, [2, 3]), (3, [2, 3, 4]), (6, [0, 1, 2, 3, 4, 5])])
def test_a_crop_is_centred_and_the_end_loses_the_odd_one(extent: int, kept: list[int]) -> None:
    x = torch.arange(7.0).view(1, 1, 7)
    assert result(Row("crop", extent=extent), x=x).flatten().tolist() == kept


def test_a_crop_along_every_axis_is_the_crop_of_each() -> None:
    x = torch.randn(1, 2, 6, 7, 8)
    assert torch.equal(result(Row("crop", extent=(2, 7, 5)), x=x), x[:, :, 2:4, :, 1:6])


def test_a_map_is_not_cut_to_more_than_it_is() -> None:
    with pytest.raises(ShapeError, match="a map 5x3 cannot be cut to 4x4"):
        network(Row("crop", extent=4))


def test_pad_surrounds_a_map_with_zeros() -> None:
    x = torch.ones(1, 1, 2, 3)
    y = result(Row("pad", sides=(1, 2)), x=x)
    assert y.shape == (1, 1, 4, 7)
    assert torch.equal(y[:, :, 1:-1, 2:-2], x)
    assert y.sum() == 6


def test_what_changes_nothing_is_not_there() -> None:
    with_nothing = network(Row("conv", width=2), Row("upsample", scale=1), Row("pixelshuffle", scale=1))
    assert with_nothing.hash() == network(Row("conv", width=2)).hash()


def test_moving_data_costs_nothing_and_interpolation_is_counted() -> None:
    moved = (Row("pixelshuffle"), Row("pad", sides=1), Row("crop", extent=4), Row("upsample"))
    assert not any(network(*moved).totals)
    assert network(Row("upsample", mode="bilinear")).totals.other == 4 * 10 * 6 * (4 + 3)


LINEAR = {"width": 1, "norm": None, "act": None, "bias": False}
FIELDS: dict[str, tuple[Row, ...]] = {
    "same": (Row("conv", kernel=5, **LINEAR),),
    "full, dilated, strided": (Row("conv", kernel=3, dilation=2, stride=2, padding="full", **LINEAR),),
    "causal": (Row("conv", kernel=3, dilation=3, padding="causal", **LINEAR),),
    "mask a": (Row("masked", kernel=5, kind="a", **LINEAR),),
    "mask b": (Row("masked", kernel=5, kind="b", **LINEAR),),
    "up 2 by 2": (Row("upconv", **LINEAR),),
    "up 3 by 2": (Row("upconv", kernel=3, **LINEAR),),
    "up 5 by 2": (Row("upconv", kernel=5, **LINEAR),),
    "up 7 by 3, valid": (Row("upconv", kernel=7, stride=3, padding="valid", **LINEAR),),
    "repeated": (Row("upsample", scale=3),),
    "interpolated": (Row("upsample", mode="bilinear"),),
    "averaged": (Row("avgpool", kernel=3, stride=2),),
    "cut": (Row("crop", extent=9),),
    "padded": (Row("pad", sides=2),),
    "up and down": (Row("upsample"), Row("conv", kernel=3, stride=4, **LINEAR)),
}


@pytest.mark.parametrize("rows", FIELDS.values(), ids=FIELDS)
def test_the_field_is_what_an_output_reads(rows: tuple[Row, ...]) -> None:
    """The largest window of all outputs away from the border, and where its middle moves."""
    net = network(*rows, size=(1, 40))
    module = build(net)
    for parameter in module.parameters():
        nn.init.ones_(parameter)
    read = torch.autograd.functional.jacobian(module, torch.zeros(1, 1, 40))[0, 0, :, 0, 0] != 0
    windows = {at: row.nonzero().flatten().tolist() for at, row in enumerate(read)}
    inner = {at: (w[0], w[-1]) for at, w in windows.items() if w and w[0] > 8 and w[-1] < 32}
    size, step, first, enlarged = chained(net)
    assert max(last - start + 1 for start, last in inner.values()) == size
    off = [Fraction(start + last, 2) - (first + at * step) for at, (start, last) in inner.items()]
    # Where a map was enlarged, windows begin between its elements and are read to the next one.
    assert max(map(abs, off)) <= Fraction(enlarged, 2)
    if step < 1:
        assert sum(off[: len(off) // step.denominator * step.denominator]) == 0, "as often before as after"


def chained(net: Network) -> tuple[int, Fraction, Fraction, bool]:
    """Return extent, step and first centre of a chain of operators, and whether one enlarges its map."""
    size, step, first, enlarged = Fraction(1), Fraction(1), Fraction(0), False
    flat = net.graph.flatten()
    assert all(node.inputs == (at,) for at, node in enumerate(flat.nodes))
    for node in flat.nodes:
        assert isinstance(node.op, Op)
        shapes = flat.shapes(node)
        (kernel,), (stride,) = window = node.op.field(shapes)
        size, first = size + (kernel - 1) * step, first + node.op.centre(*window)[0] * step
        step, enlarged = step * stride, enlarged or stride < 1
    return ceil(size), step, first, enlarged
