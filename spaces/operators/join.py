"""Joins of several maps."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, prod
from typing import ClassVar

from ..errors import ShapeError
from ..graph import ANYTHING, INFIX, Bounds, Example, Op, Shape, Tensor, Totals, join, make
from ..memory_use import FRESH, SHARES, Footprint, Size
from ..values import shape_text

__all__ = ["Add", "Carry", "Concat", "Multiply", "Shift", "Subtract"]
__all__ += ["add", "carry", "concat", "multiply", "shift", "subtract"]

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

    def bounds(self, inputs: Sequence[Bounds]) -> Bounds:
        """Return the sums of the bounds."""
        return Bounds(sum([read.low for read in inputs]), sum([read.high for read in inputs]))

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `x + y`."""
        return " + ".join(arguments)


class Multiply(Op):
    """The product of two maps that fit: of one shape, or one has extent 1 where the other has more."""

    kind: ClassVar[str] = "mul"
    commutative: ClassVar[bool] = True
    operations: ClassVar[int] = 1
    text: ClassVar[str] = "{0} * {1}"
    example: ClassVar[Example] = Example((), (MAP, (8, 1, 1)))

    def shape(self, *inputs: Shape) -> Shape:
        """Return the larger size along each axis."""
        return _broadcast(inputs, "multiplied")

    def bounds(self, inputs: Sequence[Bounds]) -> Bounds:
        """Return 0 to the product of the upper bounds for factors that are all positive."""
        if any(read.low < 0 for read in inputs):
            return ANYTHING
        highest = [read.high for read in inputs]
        return Bounds(0, inf if inf in highest else prod(highest))

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps both maps; the gradient of a smaller one is as large as the product at first."""
        smaller = sum([shape != output for shape in inputs])
        return Footprint(saves=(0, 1), backward=Size(smaller * prod(output)))


class Shift(Op):
    """The sum of two maps that fit: one has extent 1 where the other has more."""

    kind: ClassVar[str] = "add"
    commutative: ClassVar[bool] = True
    operations: ClassVar[int] = 1
    text: ClassVar[str] = "{0} + {1}"
    example: ClassVar[Example] = Example((), (MAP, (8, 1, 1)))

    def shape(self, *inputs: Shape) -> Shape:
        """Return the larger size along each axis."""
        return _broadcast(inputs, "added")

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """The gradient of a map of the sum's own shape is that of the sum; that of a smaller one is a sum."""
        return SHARES if output in inputs else FRESH


class Subtract(Op):
    """The difference of two maps that fit: of one shape, or one has extent 1 where the other has more."""

    kind: ClassVar[str] = "sub"
    operations: ClassVar[int] = 1
    text: ClassVar[str] = "{0} - {1}"
    example: ClassVar[Example] = Example((), (MAP, MAP))

    def shape(self, *inputs: Shape) -> Shape:
        """Return the larger size along each axis."""
        return _broadcast(inputs, "subtracted")

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """The gradient of the first map is that of the difference, that of the second its negative."""
        n = prod(output)
        if inputs[0] != output:
            return Footprint(backward=Size(n if inputs[1] != output else 0))
        if inputs[1] != output:
            return Footprint(shares=True, backward=Size(n))
        return Footprint(backward=Size(-n))  # two gradients are counted, of which one is there already


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
    copies: ClassVar[bool] = True
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


def _broadcast(inputs: Sequence[Shape], verb: str) -> Shape:
    """Return the larger size along each axis, where the other one is the same or 1.

    Raises:
        ShapeError: If maps do not fit; it names their shapes and what would fit.
    """
    if len(set(inputs)) == 1:
        return inputs[0]
    sizes = list(zip(*inputs, strict=False))
    if len(set(map(len, inputs))) == 1 and all(len({*along, 1}) < 3 for along in sizes):
        return tuple(map(max, sizes))
    shapes = " and ".join(map(shape_text, inputs))
    large = max(inputs, key=prod)
    forms = (large, (large[0], *(1,) * (len(large) - 1)), (1, *large[1:]))
    fits = " or ".join(dict.fromkeys(map(shape_text, forms)))
    raise ShapeError(f"maps of shapes {shapes} cannot be {verb}; beside {shape_text(large)} fits {fits}")


def add(*inputs: Tensor, scope: str = "") -> Tensor:
    """Place a sum of maps of one shape."""
    return join(_ADD, inputs, scope)


def multiply(x: Tensor, y: Tensor, *, scope: str = "") -> Tensor:
    """Place a product of two maps that fit."""
    return join(_MULTIPLY, (x, y), scope)


INFIX.update({"+": add, "*": multiply})


def shift(x: Tensor, y: Tensor, *, scope: str = "") -> Tensor:
    """Place a sum of two maps that fit, of which one is smaller."""
    return join(Shift(), (x, y), scope)


def subtract(x: Tensor, y: Tensor, *, scope: str = "") -> Tensor:
    """Place a difference of two maps that fit."""
    return join(Subtract(), (x, y), scope)


def carry(new: Tensor, old: Tensor, gate: Tensor, *, scope: str = "") -> Tensor:
    """Place a gate between two maps."""
    return join(Carry(), (new, old, gate), scope)


def concat(*inputs: Tensor, scope: str = "") -> Tensor:
    """Place a concatenation along the channels."""
    return join(_CONCAT, inputs, scope)
