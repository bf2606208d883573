"""Transposed convolution: the map that a strided convolution reads, from the one that it writes."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import prod
from typing import ClassVar

from ..errors import ShapeError
from ..graph import Example, Shape, Steps, Tensor, Totals, Workload, make, per_axis, place
from ..memory_use import SAVES_INPUT, Footprint
from ..values import shape_text
from .convolution import check_channels, constructor
from .initializers import Initialised
from .padding import resolve_padding

__all__ = ["TransposedConv", "transposed_conv"]


class TransposedConv(Initialised):
    """Every input element adds its multiple of the kernel to the output, S elements further each time.

    The adjoint of a convolution of the same kernel, stride and padding (Dumoulin and Visin 2016, chapter 4).
    """

    inputs: int
    outputs: int
    kernel: Shape
    stride: Shape
    padding: Shape
    output_padding: Shape
    groups: int
    bias: bool
    init: str | None = None
    kind: ClassVar[str] = "upconv"
    stateful: ClassVar[bool] = True
    weighted: ClassVar[bool] = True
    footprint: ClassVar[Footprint] = SAVES_INPUT
    workload: ClassVar[Workload] = "convolution"
    example: ClassVar[Example] = Example((8, 12, (2, 2), (2, 2), (0, 0), (0, 0), 2, True))

    def shape(self, *inputs: Shape) -> Shape:
        """Return (M, S(N - 1) + K - 2P + extra) per axis; the extra is the output padding.

        Raises:
            ShapeError: If the padding takes all of the map away.
        """
        sizes = zip(inputs[0][1:], self.kernel, self.stride, self.padding, self.output_padding, strict=True)
        extent = tuple([s * (n - 1) + k - 2 * p + extra for n, k, s, p, extra in sizes])
        if min(extent) < 1:
            raise ShapeError(f"padding {list(self.padding)} leaves nothing of {shape_text(inputs[0][1:])}")
        return self.outputs, *extent

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return (K C M / g + M) parameters; K M / g macs for every element read, and the bias.

        What falls into the padding counts too, as PyTorch counts it.
        """
        fan_out = prod(self.kernel) * self.outputs // self.groups
        written = prod(output)
        params = fan_out * self.inputs + self.outputs * self.bias
        return make(Totals, (params, fan_out * prod(inputs[0]), written if self.bias else 0, written))

    def field(self, inputs: tuple[Shape, ...]) -> tuple[Shape, Steps]:
        """Return ceil(K / S), the most elements that one output reads, and a stride of 1 / S."""
        extent = tuple([-(-k // s) for k, s in zip(self.kernel, self.stride, strict=True)])
        return extent, tuple([Fraction(1, s) for s in self.stride])

    def centre(self, kernel: Shape, strides: Steps) -> Steps:
        """Return (P - (K - 1) / 2) / S per axis."""
        sides = zip(self.kernel, self.stride, self.padding, strict=True)
        return tuple([(p - Fraction(k - 1, 2)) / s for k, s, p in sides])

    def module(self, values: dict[str, str], rank: int) -> str:
        """Return `nn.ConvTransposeNd(...)`."""
        return self.started(constructor(f"nn.ConvTranspose{rank}d", values, _DEFAULTS))


_DEFAULTS = {"stride": "1", "padding": "0", "output_padding": "0", "groups": "1", "bias": "True"}


def transposed_conv(
    x: Tensor,
    *,
    width: int,
    kernel: int | Shape = 2,
    stride: int | Shape = 2,
    padding: int | Shape | str = "same",
    output_padding: int | Shape | None = None,
    groups: int = 1,
    bias: bool,
    scope: str = "",
) -> Tensor:
    """Place a transposed convolution of `width` outputs.

    `same` gives S N: a 2x2 kernel of stride 2 is not padded, a 4x4 one by 1, a 3x3 one by 1 with one element
    more at the end. `valid` keeps all of S(N - 1) + K; a number is cut from both sides. `output_padding` is
    how many elements more there are at the end, fewer than the stride.

    Raises:
        ShapeError: If the groups do not divide the channels, the map is flat, or the padding does not fit.
    """
    check_channels(x, width, groups)
    kernels, strides = per_axis(kernel, x.rank, "kernel"), per_axis(stride, x.rank, "stride")
    sides = _cut(padding, kernels, strides, output_padding)
    fields = (x.channels, width, kernels, strides, *sides, groups, bias, x.style.init)
    return place(make(TransposedConv, fields), x, scope)


@lru_cache(maxsize=4096)
def _cut(
    padding: int | Shape | str, kernel: Shape, stride: Shape, more: int | Shape | None
) -> tuple[Shape, Shape]:
    """Return what is cut from both sides of each axis, and what is added at the end."""
    cut, extra = _same(kernel, stride) if padding == "same" else (None, (0,) * len(kernel))
    if cut is None:
        cut = resolve_padding(padding, kernel, (1,) * len(kernel))
    if more is not None:
        extra = per_axis(more, len(kernel), "output_padding")
    for k, s, e in zip(kernel, stride, extra, strict=True):
        if e >= s and more is None:
            raise ShapeError(f"same padding at stride {s} needs an odd kernel, but got {k}")
        if e >= s:
            raise ShapeError(f"output_padding is below the stride {list(stride)}, but got {list(extra)}")
    return cut, extra


def _same(kernel: Shape, stride: Shape) -> tuple[Shape, Shape]:
    """Return what is cut and added for S N elements."""
    excess = [k - s for k, s in zip(kernel, stride, strict=True)]
    cut = tuple([max(0, -(-e // 2)) for e in excess])
    return cut, tuple([2 * c - e for c, e in zip(cut, excess, strict=True)])
