"""Local response normalisation."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from ..graph import Example, Op, Shape, Tensor, Totals, Workload, check_map, make, place
from ..memory_use import Footprint, Size

__all__ = ["LocalResponseNorm", "local_response_norm"]


class LocalResponseNorm(Op):
    """y = x / (k + alpha / n sum x^2)^beta over n channels (Krizhevsky et al. 2012, section 3.3)."""

    size: int
    kind: ClassVar[str] = "lrn"
    workload: ClassVar[Workload] = "windows"
    text: ClassVar[str] = "F.local_response_norm({0}, {size})"
    example: ClassVar[Example] = Example((3,))

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return n squares, n - 1 additions, a scale, a shift, a power and a division per element."""
        return make(Totals, (0, 0, (2 * self.size + 3) * prod(output), 0))

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the input, its padded squares, and two steps from their mean to the divisor."""
        n, padded = prod(output), prod(output) + (self.size - 1) * prod(output[1:])
        if training:
            keeps = Size(padded + 2 * n)
            return Footprint(saves=(0,), keeps=keeps, during=Size(n), backward=Size(3 * n))
        return Footprint(during=Size(max(2 * n, padded)))


def local_response_norm(x: Tensor, *, size: int, scope: str = "") -> Tensor:
    """Place a local response normalisation over `size` neighbouring channels.

    Raises:
        ShapeError: On a flat vector.
    """
    check_map(x, "local response normalisation")
    return place(LocalResponseNorm(size=size), x, scope)
