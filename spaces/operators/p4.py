"""Convolution on the group p4, of translations and rotations by 90 degrees, and pooling over its rotations.

A map on the group is Cx4xHxW: before the two axes of the plane stands one of the four orientations of its
filters. When the input turns by 90 degrees, so does each plane, and the orientations move on by one.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import ClassVar

from ..errors import ShapeError
from ..graph import Example, Op, Shape, Steps, Tensor, place
from ..memory_use import Footprint, Size
from ..values import shape_text
from .channels import Max, Mean
from .convolution import Conv, conv_window, window_size, zero_padded

__all__ = ["GroupMax", "GroupMean", "P4Conv", "P4Lift", "group_max", "group_mean", "p4_conv"]

ROTATIONS = 4


class P4Conv(Conv):
    """y_r = sum_s (r W)_s * x_s + b over the orientations s of a map on p4 (Cohen and Welling 2016, eq. 11).

    The filters r W are those of W, turned r times by 90 degrees and moved on by r orientations: four sets
    that share K 4C M weights. `inputs` counts each orientation of each channel.
    """

    helper: ClassVar[str] = "GroupConv"
    latency_class: ClassVar[str] = "conv"
    example: ClassVar[Example] = Example((8, 6, (3, 3), (1, 1), (1, 1), (1, 1), 1, True), ((2, 4, 6, 5),))
    reads: ClassVar[int] = ROTATIONS

    def shape(self, *inputs: Shape) -> Shape:
        """Return (M, 4, ...), the plane as of a plain convolution."""
        plane = window_size(inputs[0][-2:], self.kernel, self.stride, self.padding, self.dilation)
        return self.outputs, ROTATIONS, *plane

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the input and the filters of all orientations."""
        filters = ROTATIONS * prod(self.kernel) * self.inputs * self.outputs
        made = Size(fixed=filters)
        bias = Size(fixed=filters + ROTATIONS * self.outputs * self.bias)
        if training:
            return Footprint(saves=(0,), keeps=made, during=Size(), backward=bias)
        return Footprint(during=bias)

    def field(self, inputs: tuple[Shape, ...]) -> tuple[Shape, Steps]:
        """Return the window and its stride; of a map on the group all orientations."""
        group = inputs[0][1:-2]
        return (*group, *self.kernel), (*(1 for _ in group), *self.stride)

    def centre(self, kernel: Shape, strides: Steps) -> Steps:
        """Return the centre of the first window on the plane; orientations have one middle."""
        plane = super().centre(kernel[-2:], strides[-2:])
        return *(Fraction(n - 1, 2) for n in kernel[:-2]), *plane

    def module(self, values: dict[str, str], rank: int) -> str:
        """Return `GroupConv(nn.Conv2d(...))`, or `GroupConv(nn.Conv2d(...), lifts=True)`."""
        return f"GroupConv({super().module(values, 2)}{'' if self.reads > 1 else ', lifts=True'})"


class P4Lift(P4Conv):
    """y_r = (r W) * x + b: a map of the plane becomes one on p4 (Cohen and Welling 2016, eq. 10)."""

    example: ClassVar[Example] = Example((8, 6, (3, 3), (1, 1), (1, 1), (1, 1), 1, True))
    reads: ClassVar[int] = 1


class _GroupPool(Op):
    """One number for all orientations of each position."""

    example: ClassVar[Example] = Example((), ((8, 4, 6, 5),))

    def shape(self, *inputs: Shape) -> Shape:
        """Return the channels and the plane."""
        return inputs[0][0], *inputs[0][2:]

    def field(self, inputs: tuple[Shape, ...]) -> tuple[Shape, Steps]:
        """Return all orientations of a position."""
        return (ROTATIONS, 1, 1), (1, 1, 1)


class GroupMean(Mean, _GroupPool):
    """The mean over the orientations of a map on the group."""

    text: ClassVar[str] = "{0}.mean(2)"


class GroupMax(Max, _GroupPool):
    """The largest value among the orientations of a map on the group (Cohen and Welling 2016, 6.3)."""

    text: ClassVar[str] = "{0}.max(2).values"


def p4_conv(
    x: Tensor,
    *,
    width: int,
    kernel: int = 3,
    stride: int = 1,
    padding: int | str = "same",
    bias: bool,
    scope: str = "",
) -> Tensor:
    """Place a convolution on p4 with `width` channels of four orientations; a map of the plane is lifted.

    Raises:
        ShapeError: If the map is neither one of the plane nor one on the group, or smaller than the kernel,
            or the style pads with others than zeros.
    """
    lifts = x.rank == 2
    if not lifts:
        check_group(x, "a convolution on p4", "a 2-D map or ")
    op = P4Lift if lifts else P4Conv
    inputs = x.channels * op.reads
    window = zero_padded(x, conv_window(kernel, stride, padding, 1, 2), "a convolution on p4")
    return place(op(inputs, width, *window, 1, bias, x.style.init), x, scope)


def group_mean(x: Tensor, *, scope: str = "") -> Tensor:
    """Place the mean over the orientations."""
    check_group(x, "a mean over the group")
    return place(GroupMean(), x, scope)


def group_max(x: Tensor, *, scope: str = "") -> Tensor:
    """Place the maximum over the orientations."""
    check_group(x, "a maximum over the group")
    return place(GroupMax(), x, scope)


def check_group(x: Tensor, what: str, other: str = "") -> None:
    """Raise unless a tensor is a map on the group."""
    if x.rank != 3 or x.shape[1] != ROTATIONS:
        law = f"{what} needs {other}the map of a `p4conv`, of shape Cx4xHxW"
        raise ShapeError(f"{law}, but got {shape_text(x.shape)}")
