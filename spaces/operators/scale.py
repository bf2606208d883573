"""A map times a number: a constant, or one learned for each channel."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import ClassVar

from ..brackets import bracketed
from ..graph import Bounds, Example, Op, Shape, Tensor, Totals, make, place
from ..memory_use import Footprint, Size

__all__ = ["Scale", "Times", "scale", "times"]


class Scale(Op):
    """y = gamma x with one learned factor per channel (Touvron et al. 2021, eq. 3)."""

    channels: int
    start: Fraction
    kind: ClassVar[str] = "scale"
    stateful: ClassVar[bool] = True
    helper: ClassVar[str] = "Scale"
    text: ClassVar[str] = "Scale({channels}, {start})"
    example: ClassVar[Example] = Example((8, Fraction(1, 10)))

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return a factor per channel, and a multiplication per element."""
        return make(Totals, (self.channels, 0, prod(output), 0))

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the input; the gradient of gamma is as large as the map at first."""
        return Footprint(saves=(0,), backward=Size(prod(output)))


class Times(Op):
    """y = a x with a constant a (Szegedy et al. 2016, section 3.3, scales residuals so)."""

    factor: Fraction
    kind: ClassVar[str] = "scale"
    operations: ClassVar[int] = 1
    example: ClassVar[Example] = Example((Fraction(1, 10),))

    @property
    def identity(self) -> bool:
        """A factor of one changes nothing."""
        return self.factor == 1

    def bounds(self, inputs: Sequence[Bounds]) -> Bounds:
        """Return the products of the bounds."""
        ends = [end and end * float(self.factor) for end in inputs[0]]
        return Bounds(min(ends), max(ends))

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `x * 0.1`."""
        return f"{bracketed(arguments[0])} * {values['factor']}"


def scale(x: Tensor, *, start: Fraction, scope: str = "") -> Tensor:
    """Place a layer scale, all its factors equal at the start."""
    return place(Scale(channels=x.channels, start=start), x, scope)


def times(x: Tensor, factor: Fraction, *, scope: str = "") -> Tensor:
    """Place a product with a constant; nothing for 1."""
    return x if factor == 1 else place(Times(factor=Fraction(factor)), x, scope)
