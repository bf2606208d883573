"""Blur pooling: a map is blurred before it is thinned, so that shifts of the input stay shifts."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import ClassVar

from ..errors import ShapeError
from ..graph import Example, Op, Shape, Steps, Tensor, Totals, check_map, make, place
from ..memory_use import Footprint, Size
from ..values import shape_text

__all__ = ["BlurPool", "blur_pool"]


class BlurPool(Op):
    """Every s-th value of each channel, blurred by a binomial filter of K values an axis (Zhang 2019).

    The border is mirrored: (K - 1) / 2 values before, K / 2 after, in whole numbers. The filter is constant;
    it is run, and counted, as a depthwise convolution.
    """

    channels: int
    kernel: int
    stride: int
    rank: int
    kind: ClassVar[str] = "blurpool"
    stateful: ClassVar[bool] = True
    copies: ClassVar[bool] = True
    helper: ClassVar[str] = "BlurPool"
    example: ClassVar[Example] = Example((8, 4, 2, 2))

    def shape(self, *inputs: Shape) -> Shape:
        """Return the channels, and ceil(N / s) per axis.

        Raises:
            ShapeError: If the map is smaller than what is mirrored.
        """
        channels, *extent = inputs[0]
        if self.kernel // 2 >= min(extent):
            law = f"a blur of {self.kernel} mirrors {self.kernel // 2} values beside the border"
            raise ShapeError(f"{law}, which {shape_text(inputs[0])} does not hold")
        return channels, *[-(-n // self.stride) for n in extent]

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return K^R macs for every element written, in R axes."""
        written = prod(output)
        return make(Totals, (0, self.kernel ** (len(output) - 1) * written, 0, written))

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the map, and it with its border, whose gradient stands before that of the map."""
        channels, *extent = inputs[0]
        wide = channels * prod([n + self.kernel - 1 for n in extent])
        if training:
            return Footprint(saves=(0,), keeps=Size(wide), backward=Size(wide - prod(inputs[0])))
        return Footprint(during=Size(wide))

    def buffers(self) -> Size:
        """Return the filter of every channel."""
        return Size(fixed=self.channels * self.kernel**self.rank)

    def field(self, inputs: tuple[Shape, ...]) -> tuple[Shape, Steps]:
        """Return the filter's extent and the stride."""
        rank = len(inputs[0]) - 1
        return (self.kernel,) * rank, (self.stride,) * rank

    def centre(self, kernel: Shape, strides: Steps) -> Steps:
        """Return the middle of the first window, which begins (K - 1) / 2 before the map."""
        return tuple([Fraction(k - 1, 2) - (k - 1) // 2 if k % 2 == 0 else 0 for k in kernel])

    def module(self, values: dict[str, str], rank: int) -> str:
        """Return `BlurPool(C, K, s)`, with the number of axes unless there are two."""
        axes = "" if self.rank == 2 else f", rank={self.rank}"
        return f"BlurPool({values['channels']}, {values['kernel']}, {values['stride']}{axes})"


def blur_pool(x: Tensor, *, kernel: int = 3, stride: int = 2, scope: str = "") -> Tensor:
    """Place a blur pooling; nothing where it changes nothing."""
    check_map(x, "pooling")
    return x if kernel == stride == 1 else place(BlurPool(x.channels, kernel, stride, x.rank), x, scope)
