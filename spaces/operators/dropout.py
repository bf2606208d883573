"""Dropout."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar, NamedTuple

from ..graph import Op, Tensor, place


class DropoutFields(NamedTuple):
    """What a `Dropout` is given."""

    rate: Fraction


class Dropout(Op, DropoutFields):
    """Zeroes a share of the elements while training (Srivastava et al. 2014); nothing at inference."""

    __slots__ = ()
    kind: ClassVar[str] = "dropout"
    stateful: ClassVar[bool] = True

    @property
    def identity(self) -> bool:
        """A rate of zero changes nothing."""
        return self.rate == 0

    def module(self, values: dict[str, str], rank: int) -> str:
        """Return `nn.Dropout(p)`."""
        return f"nn.Dropout({values['rate']})"


def dropout(x: Tensor, *, rate: Fraction, scope: str = "") -> Tensor:
    """Place a dropout."""
    return place(Dropout(rate=rate), x, scope)
