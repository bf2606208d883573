"""Joins of several maps."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from ..errors import ShapeError
from ..graph import INFIX, Example, Op, Shape, Tensor, Totals, join, make
from ..memory_use import SHARES, Footprint, Size
from ..values import shape_text

__all__ = ["Add", "Carry", "Concat", "Multiply", "Shift", "add", "carry", "concat", "multiply", "shift"]

MAP = (8, 12, 8)


class Add(Op):
    """The sum of maps of one shape."""

    kind: ClassVar[str] = "add"
    commutative: ClassVar[bool] = True
    example: ClassVar[Example] = Example((), (MAP, MAP, MAP))

    def shape(self, *inputs: Shape) -> Shape:
        """Return the common shape."""
        if len(set(inputs)) != 1:
            raise ShapeError(
                f"maps of different shapes cannot be added: {', '.join(map(shape_text, inputs))}"
            )
        return inputs[0]

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return an addition per element for each map but the first."""
        return make(Totals, (0, 0, (len(inputs) - 1) * prod(output), 0))

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """The gradient of each map is that of the sum; each further map makes another sum on the way."""
        return SHARES if len(inputs) < 3 else Footprint(shares=True, during=Size(prod(output)))

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `x + y`."""
        return " + ".join(arguments)


class Multiply(Op):
    """The product of a map and a map of its shape, or one factor per channel."""

    kind: ClassVar[str] = "mul"
    commutative: ClassVar[bool] = True
    operations: ClassVar[int] = 1
    text: ClassVar[str] = "{0} * {1}"
    example: ClassVar[Example] = Example((), (MAP, (8, 1, 1)))

    def shape(self, *inputs: Shape) -> Shape:
        """Return the larger shape; the other has it too, or extent 1 in every axis."""
        return _larger(inputs, "multiplied")

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps both maps; the gradient of a factor per channel is as large as the map at first."""
        return Footprint(saves=(0, 1), backward=Size(0 if inputs[0] == inputs[1] else prod(output)))


class Shift(Op):
    """The sum of a map and one summand per channel."""

    kind: ClassVar[str] = "add"
    commutative: ClassVar[bool] = True
    operations: ClassVar[int] = 1
    footprint: ClassVar[Footprint] = SHARES
    text: ClassVar[str] = "{0} + {1}"
    example: ClassVar[Example] = Example((), (MAP, (8, 1, 1)))

    def shape(self, *inputs: Shape) -> Shape:
        """Return the larger shape; the other has it too, or extent 1 in every axis."""
        return _larger(inputs, "added")


class Carry(Op):
    """y = h t + x (1 - t), a gate t between what is new and what is carried (Srivastava 2015, eq. 3)."""

    kind: ClassVar[str] = "carry"
    operations: ClassVar[int] = 4  # two products, a sum and a difference
    text: ClassVar[str] = "{0} * {2} + {1} * (1 - {2})"
    example: ClassVar[Example] = Example((), (MAP, MAP, MAP))

    def shape(self, *inputs: Shape) -> Shape:
        """Return the common shape of h, x and t."""
        if len(set(inputs)) != 1:
            shapes = ", ".join(map(shape_text, inputs))
            raise ShapeError(f"a gate and the maps it mixes have one shape, but got {shapes}")
        return inputs[0]

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the maps, the gate, and what the gate leaves."""
        n = prod(output)
        if training:
            return Footprint(saves=(0, 1, 2), keeps=Size(n), during=Size(2 * n))
        return Footprint(during=Size(2 * n))


class Concat(Op):
    """Maps of one extent, side by side along the channels."""

    kind: ClassVar[str] = "concat"
    footprint: ClassVar[Footprint] = SHARES  # the gradients are parts of that of the whole
    example: ClassVar[Example] = Example((), (MAP, (4, 12, 8)))

    def shape(self, *inputs: Shape) -> Shape:
        """Return the sum of the channels and the common extent."""
        if len({shape[1:] for shape in inputs}) != 1:
            shapes = ", ".join(map(shape_text, inputs))
            raise ShapeError(f"maps of different extent cannot be concatenated: {shapes}")
        return sum([shape[0] for shape in inputs]), *inputs[0][1:]

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `torch.cat([x, y], 1)`."""
        return f"torch.cat([{', '.join(arguments)}], 1)"


_ADD, _MULTIPLY, _CONCAT = Add(), Multiply(), Concat()


def _larger(inputs: tuple[Shape, ...], verb: str) -> Shape:
    large, small = sorted(inputs, key=prod, reverse=True)
    if small != large and small != (large[0], *(1,) * (len(large) - 1)):
        raise ShapeError(f"maps of shapes {shape_text(large)} and {shape_text(small)} cannot be {verb}")
    return large


def add(*inputs: Tensor, scope: str = "") -> Tensor:
    """Place a sum."""
    return join(_ADD, inputs, scope)


def multiply(x: Tensor, y: Tensor, *, scope: str = "") -> Tensor:
    """Place a product."""
    return join(_MULTIPLY, (x, y), scope)


INFIX.update({"+": add, "*": multiply})


def shift(x: Tensor, y: Tensor, *, scope: str = "") -> Tensor:
    """Place a sum with one summand per channel."""
    return join(Shift(), (x, y), scope)


def carry(new: Tensor, old: Tensor, gate: Tensor, *, scope: str = "") -> Tensor:
    """Place a gate between two maps."""
    return join(Carry(), (new, old, gate), scope)


def concat(*inputs: Tensor, scope: str = "") -> Tensor:
    """Place a concatenation along the channels."""
    return join(_CONCAT, inputs, scope)
