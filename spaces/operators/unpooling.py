"""Unpooling: the way back from a maximum pooling, with the places of its maxima remembered."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import ClassVar

from ..errors import ShapeError
from ..graph import Example, Op, Shape, Steps, Tensor, Totals, join
from ..memory_use import Footprint, Size
from ..values import shape_text
from .padding import Padding
from .pooling import MaxPool, pool_window, window_text

__all__ = ["Unpool", "unpool"]


class Unpool(Op):
    """Each value at the place where the second map has its maximum in that window; zero elsewhere.

    The second map is the one that was pooled; the places are its switches (Noh et al. 2015, section 3.2.1).
    """

    kernel: Shape
    stride: Shape
    padding: Shape
    ceil: bool
    kind: ClassVar[str] = "unpool"
    copies: ClassVar[bool] = True
    helper: ClassVar[str] = "max_unpool"
    example: ClassVar[Example] = Example(((2, 2), (2, 2), (0, 0), False), ((8, 6, 4), (8, 12, 8)))

    def shape(self, *inputs: Shape) -> Shape:
        """Return the shape of the map that was pooled.

        Raises:
            ShapeError: If its pooling does not give the first map's shape.
        """
        x, like = inputs
        pooled = MaxPool(*self).shape(like)
        if x != pooled:
            law = f"pooling {shape_text(like)} gives {shape_text(pooled)}"
            raise ShapeError(f"{law}, but the map to unpool is {shape_text(x)}")
        return like

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return K - 1 comparisons per window: the switches are found by pooling again."""
        return MaxPool(*self).costs(inputs[1:], inputs[0])

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the places of the maxima; they are found by pooling again."""
        pooled = prod(inputs[0])
        if training:
            return Footprint(keeps=Size(indices=pooled), during=Size(pooled), reaches=1)
        return Footprint(during=Size(pooled, pooled))

    def field(self, inputs: tuple[Shape, ...]) -> tuple[Shape, Steps]:
        """Return one element of the first map, which the windows tile, and a stride of 1 / S."""
        return (1,) * len(self.kernel), tuple([Fraction(1, s) for s in self.stride])

    def centre(self, kernel: Shape, strides: Steps) -> Steps:
        """Return (P - (K - 1) / 2) / S per axis."""
        sides = zip(self.kernel, self.stride, self.padding, strict=True)
        return tuple([(p - Fraction(k - 1, 2)) / s for k, s, p in sides])

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `max_unpool(x, like, 2)`."""
        options = [] if values["ceil"] == "False" else [f"ceil_mode={values['ceil']}"]
        options += [] if rank == 2 else [f"axes={rank}"]
        return f"max_unpool({', '.join(arguments)}, {window_text(values, options)})"


def unpool(
    x: Tensor,
    like: Tensor,
    *,
    kernel: int | Shape = 2,
    stride: int | Shape | None = None,
    padding: Padding = "same",
    scope: str = "",
) -> Tensor:
    """Place the way back from the maximum pooling of `like` with these arguments.

    Raises:
        ShapeError: If windows overlap: two of them could name one place.
    """
    window = pool_window(x, kernel, stride, padding)
    if any(s < k for k, s in zip(window.kernel, window.stride, strict=True)):
        overlap = f"kernel {list(window.kernel)} and stride {list(window.stride)}"
        raise ShapeError(f"unpooling needs windows that do not overlap, but got {overlap}")
    return join(Unpool(*window), (x, like), scope)
