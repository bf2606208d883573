"""How an operator of a model file is counted by our conventions, from the shapes of what it reads and writes.

A format has a table of these rules by the name of the operator. What stands in no table may hold products: it
is named, and makes a lower bound. The batch stands in the shapes, and is one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, NamedTuple, TypeAlias

from archscape.spaces.graph import Shape
from archscape.spaces.operators.activation import FUNCTIONS


class UnknownShapeError(Exception):
    """A shape that a count needs is not in the file."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """An operator where it stands in a file.

    Attributes:
        op: Its name.
        reads: The shapes of what it reads, by place or name; None where it is not known.
        writes: The shapes of what it writes.
        constant: Which of what it reads is no map but weights and other constants.
        options: Its attributes.
    """

    op: str
    reads: Mapping[int | str, Shape | None]
    writes: tuple[Shape | None, ...]
    constant: Collection[int | str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def read(self, key: int | str) -> Shape:
        """Return the shape of what it reads.

        Raises:
            UnknownShapeError: If it is not known.
        """
        shape = self.reads.get(key)
        if shape is None:
            raise UnknownShapeError
        return shape

    @property
    def out(self) -> Shape:
        """The shape of its first output.

        Raises:
            UnknownShapeError: If it is not known.
        """
        if not self.writes or self.writes[0] is None:
            raise UnknownShapeError
        return self.writes[0]

    @property
    def written(self) -> int:
        """Elements of its first output."""
        return prod(self.out)


Formula: TypeAlias = Callable[[Call], int]


class Rule(NamedTuple):
    """How an operator is counted.

    Attributes:
        macs: Its products; None where it has none.
        other: Its arithmetic beside them; None where it has none.
        activations: What it writes as a convolution, a linear or a recurrent layer; None where it is none.
        uncounted: It has arithmetic, but no products, that is not counted.
        weights: Which of what it reads are weights, where a format does not say that itself.
    """

    macs: Formula | None = None
    other: Formula | None = None
    activations: Formula | None = None
    uncounted: bool = False
    weights: tuple[int, ...] = ()


QUIET = Rule()
"""Moves, makes or selects: no arithmetic."""
UNCOUNTED = Rule(uncounted=True)


def all_written(call: Call) -> int:
    """Return what a convolution or a linear layer writes."""
    return call.written


def recurrent_macs(x: Shape, matrices: Sequence[Shape]) -> int:
    """Return the products of each step of a recurrent layer: with the matrices of all gates."""
    return prod(x[:-1]) * sum(map(prod, matrices))


def recurrent_activations(x: Shape, matrices: Sequence[Shape]) -> int:
    """Return what the products of each step write, matrices (..., rows, columns)."""
    return prod(x[:-1]) * sum(prod(matrix[:-1]) for matrix in matrices)


def conv_macs(weight: Shape, out: Shape) -> int:
    """Return the products of a convolution: K C / g for every element written; weight (M, C/g, *K)."""
    return prod(weight[1:]) * prod(out)


def transposed_macs(x: Shape, weight: Shape) -> int:
    """Return those of a transposed one: K M / g for every element read; weight (C, M/g, *K)."""
    return prod(weight[1:]) * prod(x)


def attention_macs(query: Shape, key: Shape, value: Shape) -> int:
    """Return the products with keys and values, of shapes (..., positions, features)."""
    return prod(query[:-1]) * key[-2] * (query[-1] + value[-1])


def einsum_macs(equation: str, shapes: list[Shape]) -> int:
    """Return the products of a sum over indices: all of them, or none where nothing is summed up.

    Raises:
        UnknownShapeError: For more than two operands, whose order is not known, or an ellipsis.
    """
    left, _, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if "." in equation or len(terms) > 2 or [*map(len, terms)] != [*map(len, shapes)] or "->" not in equation:
        raise UnknownShapeError
    sizes = {
        letter: size
        for term, shape in zip(terms, shapes, strict=True)
        for letter, size in zip(term, shape, strict=True)
    }
    return prod(sizes.values()) if len(terms) == 2 and sizes.keys() - set(right) else 0


def per_element(operations: int) -> Rule:
    """Return the rule of so many operations for each element written."""

    def other(call: Call) -> int:
        return operations * call.written

    return Rule(other=other)


def activation(name: str) -> Rule:
    """Return the rule of one of our own activations."""
    return per_element(FUNCTIONS[name].operations)


def norm_operations(out: Shape, sets: int, *, affine: bool) -> int:
    """Return the arithmetic of a norm that takes its statistics from so many sets of what it reads."""
    return (7 if affine else 5) * prod(out) + 2 * sets


def linear_resize(out: Shape, axes: int) -> int:
    """Return the arithmetic of interpolation along so many axes."""
    return ((2 << axes) - 1) * prod(out)
