"""Generalised divisive normalisation and its inverse."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from ..graph import Example, Op, Shape, Tensor, Totals, Workload, check_map, make, place
from ..memory_use import Footprint, Size

__all__ = ["GDN", "gdn"]


class GDN(Op):
    """y_i = x_i / sqrt(beta_i + sum_j gamma_ij x_j^2) at each position (Ballé et al. 2016, eq. 2).

    The inverse multiplies (Ballé et al. 2017). The sum is a 1x1 convolution of the squares, and is counted
    as one.
    """

    channels: int
    inverse: bool
    kind: ClassVar[str] = "gdn"
    stateful: ClassVar[bool] = True
    helper: ClassVar[str] = "GDN"
    workload: ClassVar[Workload] = "products"
    example: ClassVar[Example] = Example((8, False))

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return C + C^2 parameters, C macs per element, and a square, beta, a root and the division."""
        c, written = self.channels, prod(output)
        return make(Totals, (c + c * c, c * written, 4 * written, written))

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the input, its squares and the root; gamma also, which is a square itself."""
        n, gamma = prod(output), self.channels**2
        if training:
            keeps = Size(2 * n, fixed=gamma)
            return Footprint(saves=(0,), keeps=keeps, during=Size(n), backward=Size((3 - self.inverse) * n))
        return Footprint(during=Size(2 * n, fixed=gamma + self.channels))

    def module(self, values: dict[str, str], rank: int) -> str:
        """Return `GDN(C)`, or `GDN(C, inverse=True)`."""
        return f"GDN({values['channels']}{', inverse=True' if self.inverse else ''})"


def gdn(x: Tensor, *, inverse: bool = False, scope: str = "") -> Tensor:
    """Place a divisive normalisation.

    Raises:
        ShapeError: On a flat vector.
    """
    check_map(x, "divisive normalisation")
    return place(GDN(channels=x.channels, inverse=inverse), x, scope)
