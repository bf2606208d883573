"""Dropout, stochastic depth, reparameterisation: noise while training that vanishes at inference."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import inf, prod
from typing import ClassVar

from ..errors import ShapeError
from ..graph import Bounds, Example, Op, Shape, Tensor, Workload, join, place
from ..memory_use import VIEW, Footprint, Size
from ..values import shape_text

__all__ = ["DropPath", "Dropout", "Reparameterise", "dropout", "droppath", "reparameterise"]


class Dropout(Op):
    """Zeroes a share of the elements while training (Srivastava et al. 2014); nothing at inference."""

    rate: Fraction
    kind: ClassVar[str] = "dropout"
    stateful: ClassVar[bool] = True
    workload: ClassVar[Workload] = "view"
    text: ClassVar[str] = "nn.Dropout({rate})"
    example: ClassVar[Example] = Example((Fraction(1, 2),))

    @property
    def identity(self) -> bool:
        """A rate of zero changes nothing."""
        return self.rate == 0

    def bounds(self, inputs: Sequence[Bounds]) -> Bounds:
        """Return that signs stay: what is not dropped is scaled up."""
        (read,) = inputs
        return Bounds(0 if read.low >= 0 else -inf, 0 if read.high <= 0 else inf)

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the mask, of the network's own type; at inference nothing happens."""
        return Footprint(keeps=Size(prod(output))) if training and self.rate else VIEW


class DropPath(Dropout):
    """Zeroes whole samples while training: stochastic depth (Huang et al. 2016); nothing at inference."""

    kind: ClassVar[str] = "droppath"
    helper: ClassVar[str] = "DropPath"
    text: ClassVar[str] = "DropPath({rate})"

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps a number for each sample; at inference nothing happens."""
        return Footprint(keeps=Size(1)) if training else VIEW


class Reparameterise(Op):
    """mean + eps exp(logvar / 2) with normal eps while training (Kingma and Welling 2014); else the mean."""

    kind: ClassVar[str] = "sample"
    stateful: ClassVar[bool] = True
    helper: ClassVar[str] = "Reparameterise"
    text: ClassVar[str] = "Reparameterise()"
    example: ClassVar[Example] = Example((), ((8, 12, 8), (8, 12, 8)))

    def shape(self, *inputs: Shape) -> Shape:
        """Return the common shape.

        Raises:
            ShapeError: If the two differ.
        """
        if inputs[0] != inputs[1]:
            shapes = " and ".join(map(shape_text, inputs))
            raise ShapeError(f"a mean and its log variance have one shape, but got {shapes}")
        return inputs[0]

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the noise and its deviation; at inference nothing happens."""
        n = prod(output)
        return Footprint(keeps=Size(2 * n), during=Size(n)) if training else VIEW


def dropout(x: Tensor, *, rate: Fraction, scope: str = "") -> Tensor:
    """Place a dropout."""
    return place(Dropout(rate=rate), x, scope)


def droppath(x: Tensor, *, rate: Fraction, scope: str = "") -> Tensor:
    """Place a drop path."""
    return place(DropPath(rate=rate), x, scope)


def reparameterise(mean: Tensor, logvar: Tensor, *, scope: str = "") -> Tensor:
    """Place a draw from a normal distribution of given mean and log variance."""
    return join(Reparameterise(), (mean, logvar), scope)
