"""Layer scale."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import ClassVar

from ..graph import Example, Op, Shape, Tensor, Totals, make, place
from ..memory_use import Footprint, Size

__all__ = ["Scale", "scale"]


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


def scale(x: Tensor, *, start: Fraction, scope: str = "") -> Tensor:
    """Place a layer scale, all its factors equal at the start."""
    return place(Scale(channels=x.channels, start=start), x, scope)
