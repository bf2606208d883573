"""Deformable convolution: every point of the window is moved by an offset that the map itself gives."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from ..errors import ShapeError
from ..graph import Example, Op, Shape, Tensor, Totals, Workload, join, make
from ..memory_use import Footprint, Size
from ..values import shape_text
from .convolution import Conv, check_channels, conv, conv_window, padded_for
from .padding import Padding, is_uneven

__all__ = ["DeformConv", "ModulatedDeformConv", "deform_conv"]

PER_POINT = 10
PER_VALUE = 7


class DeformConv(Conv):
    """y(p) = sum_k w_k x(p + p_k + offset_k(p)) (Dai et al. 2017, eq. 2), x bilinear between its pixels.

    It reads the map and, as a second one, two offsets for each of the K points of the window, down and to the
    right; a third number for each is a weight m_k = sigmoid(.) (Zhu et al. 2019, eq. 1).
    """

    kind: ClassVar[str] = "deform"
    helper: ClassVar[str] = "Deformable"
    workload: ClassVar[Workload] = "rare convolution"
    example: ClassVar[Example] = Example(
        (8, 12, (3, 3), (1, 1), (1, 1), (1, 1), 1, True), ((8, 12, 8), (18, 12, 8))
    )

    def shape(self, *inputs: Shape) -> Shape:
        """Return the shape that the plain convolution gives.

        Raises:
            ShapeError: If the offsets are not two or three for each point at each place of that shape.
        """
        shape = super().shape(inputs[0])
        points = prod(self.kernel)
        if inputs[1][1:] != shape[1:] or inputs[1][0] not in (2 * points, 3 * points):
            law = f"{shape_text(shape[1:])} with {2 * points} or {3 * points} offsets"
            raise ShapeError(f"a deformable convolution needs {law}, but got {shape_text(inputs[1])}")
        return shape

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return those of the plain convolution, and as other operations the sampling of its windows.

        A moved point takes ten: two sums for its place, two for its distances from the pixel before, two for
        those from the one after, four products for the weights of its four pixels. A value then takes four
        products and three sums. A modulated point adds a sigmoid (four), and a product for each value.
        """
        params, macs, other, written = super().costs(inputs, output)
        points = prod(self.kernel) * prod(output[1:])
        modulated = inputs[1][0] == 3 * prod(self.kernel)
        per_point, per_value = (PER_POINT + 4, PER_VALUE + 1) if modulated else (PER_POINT, PER_VALUE)
        return make(Totals, (params, macs, other + points * (per_point + per_value * self.inputs), written))

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the map, the places of all points and the values there; modulated ones twice."""
        points = prod(self.kernel) * prod(output[1:])
        modulated = inputs[1][0] == 3 * prod(self.kernel)
        values, weighted = self.inputs * points, modulated * (self.inputs + 1) * points
        if training:
            backward = max(0, values + weighted - prod(inputs[0]) - prod(inputs[1]))
            keeps = Size(2 * points + values + weighted)
            return Footprint(saves=(0,), keeps=keeps, backward=Size(backward))
        most = max(values, max(2 * points, weighted) + values - prod(output))
        return Footprint(during=Size(prod(inputs[1]) + 2 * points + most))

    def module(self, values: dict[str, str], rank: int) -> str:
        """Return `Deformable(nn.Conv2d(...))`."""
        return f"{self.helper}({super().module(values, rank)})"


class ModulatedDeformConv(DeformConv):
    """The same with a weight for each point, three numbers in all (Zhu et al. 2019, eq. 1).

    The hash knows it by what it reads, as it did when both were one operator.
    """

    helper: ClassVar[str] = "ModulatedDeformable"
    latency_class: ClassVar[str] = "deformconv"
    example: ClassVar[Example] = Example(
        (8, 12, (3, 3), (1, 1), (1, 1), (1, 1), 1, True), ((8, 12, 8), (27, 12, 8))
    )

    def canonical(self, inputs: tuple[Shape, ...]) -> Op:
        """Return the deformable convolution of these offsets."""
        return DeformConv(*self).canonical(inputs)


def deform_conv(
    x: Tensor,
    *,
    width: int,
    kernel: int | Shape = 3,
    stride: int | Shape = 1,
    padding: Padding = "same",
    dilation: int | Shape = 1,
    groups: int = 1,
    bias: bool,
    modulated: bool = False,
    scope: str = "",
) -> Tensor:
    """Place a deformable convolution, and before it the convolution that gives its offsets.

    The offsets start at zero, where the field is the plain convolution's; a modulated point starts at half
    its weight (Zhu et al. 2019, section 3.2).

    Raises:
        ShapeError: If the map is not 2-D, or a plain convolution could not stand there.
    """
    if x.rank != 2:
        raise ShapeError(f"a deformable convolution needs a 2-D map, but got {shape_text(x.shape)}")
    check_channels(x, width, groups)
    if x.style.padding_mode != "zeros" or is_uneven(padding):
        x, padding = padded_for(x, kernel, stride, padding, dilation, scope)
    window = conv_window(kernel, stride, padding, dilation, x.rank)
    offsets = conv(
        x,
        width=prod(window[0]) * (3 if modulated else 2),
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        bias=True,
        init="zero",
        scope=f"{scope}_offset" if scope else "offset",
    )
    op = ModulatedDeformConv if modulated else DeformConv
    return join(op(x.channels, width, *window, groups, bias, x.style.init), (x, offsets), scope)
