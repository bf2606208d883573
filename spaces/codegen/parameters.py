"""Parameters of generated classes: which numbers differ between the uses of a class, and their names.

An attribute that is the same in every use is a literal. One that differs is an argument of the block where it
equals one (`width`), an expression in it where a multiple or a share fits every use (`width // 4`), else a
parameter of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeAlias

from ..blocks.block import identifier
from ..graph import Body, Op
from ..values import Value

Literal: TypeAlias = "int | float | bool | str | tuple[int, ...] | None"


def literal(value: Value) -> Literal:
    """Return a value as Python: a size alike along every axis as one number, a ratio as a float."""
    if isinstance(value, tuple):
        numbers = tuple(item for item in value if isinstance(item, int))
        assert len(numbers) == len(value)
        return numbers[0] if len(set(numbers)) == 1 else numbers
    if isinstance(value, Fraction):
        return float(value)
    assert value is None or isinstance(value, int | str | bool)
    return value


class ParameterNames:
    """The parameters of one class: what varies between its bodies, by name."""

    def __init__(self, bodies: Sequence[Body]) -> None:
        tables = [dict(body.args) for body in bodies]
        self.bases: dict[str, list[Literal]] = {
            identifier(name): [literal(table[name]) for table in tables]
            for name in tables[0]
            if all(_is_number(table[name]) for table in tables)
        }
        self.bases["inputs"] = [body.inputs[0][0] for body in bodies]
        for at, name in enumerate(bodies[0].names[1:], 1):
            self.bases[f"{name}_inputs"] = [body.inputs[at][0] for body in bodies]
        self.used: dict[str, list[Literal]] = {}

    def text(self, name: str, column: list[Literal]) -> str:
        """Return the text for an attribute with these values in the bodies of the class."""
        if all(value == column[0] and type(value) is type(column[0]) for value in column):
            return repr(column[0])
        for base, values in self.bases.items():
            if values == column:
                return self.use(base, values)
        for base, values in self.bases.items():
            if relation := _relation(values, column):
                return relation.format(self.use(base, values))
        self.bases[name] = column
        return self.use(name, column)

    def use(self, name: str, values: list[Literal]) -> str:
        """Make a name a parameter of the class, and return it."""
        self.used[name] = values
        return name

    def ordered(self) -> dict[str, list[Literal]]:
        """Return the parameters in order: inputs, then as in the block's signature."""
        order = ["inputs", *(name for name in self.bases if name != "inputs")]
        return {name: self.used[name] for name in order if name in self.used}

    def signature(self) -> str:
        """Return the parameters with their types, after a comma."""
        types = {name: _type(values) for name, values in self.ordered().items()}
        return "".join(f", {name}: {kind}" for name, kind in types.items())

    def in_forward(self, body: Body, texts: list[dict[str, str]]) -> tuple[str, ...]:
        """Return the parameters that stateless operators read."""
        words = " ".join(
            value
            for node, values in zip(body.nodes, texts, strict=True)
            if isinstance(node.op, Op) and not node.op.stateful
            for value in values.values()
        ).split()
        return tuple(name for name in self.ordered() if name in words)


def _relation(base: list[Literal], column: list[Literal]) -> str | None:
    """Return `4 * {}` or `{} // 4` where it gives every value of a column from those of a base."""
    pairs = [(b, c) for b, c in zip(base, column, strict=True) if isinstance(b, int) and isinstance(c, int)]
    if len(pairs) < len(base) or any(b < 1 for b, _ in pairs):
        return None
    b, c = pairs[0]
    if c and c % b == 0 and all(y == x * (c // b) for x, y in pairs):
        return f"{c // b} * {{}}"
    for divisor in (2, b // max(c, 1)):
        if divisor > 1 and all(y == x // divisor for x, y in pairs):
            return f"{{}} // {divisor}"
    return None


def _is_number(value: Value) -> bool:
    return isinstance(value, int | Fraction) and not isinstance(value, bool)


def _type(values: list[Literal]) -> str:
    if any(isinstance(value, float) for value in values):
        return "float"
    return "int" if all(isinstance(value, int) for value in values) else "int | tuple[int, ...]"
