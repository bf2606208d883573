"""Dropout."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from ..graph import Op, Tensor, place


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropout(Op):
    """Zeroes a share of the elements while training (Srivastava et al. 2014); nothing at inference."""

    rate: Fraction

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
    return place(Dropout(rate=rate), x, scope=scope)
