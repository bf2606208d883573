"""Literals: the values of the language as Python writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TypeAlias

from ..graph import Op
from ..values import Value


class Name(str):
    """A name of Python, such as `nn.ReLU`."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return it without quotes."""
        return str(self)


Literal: TypeAlias = "int | float | bool | str | tuple[int, ...] | tuple[float, ...] | None"


def literal(value: Value) -> Literal:
    """Return a value as Python: a size alike along every axis as one number, a ratio as a float."""
    if isinstance(value, tuple):
        if value and type(value[0]) is int and value.count(value[0]) == len(value):
            return value[0]
        numbers = tuple(float(item) if isinstance(item, Fraction) else item for item in value)
        assert all(isinstance(number, int | float) for number in numbers)
        return numbers[0] if len(set(numbers)) == 1 else numbers  # type: ignore[return-value]
    if isinstance(value, Fraction):
        return float(value)
    assert value is None or isinstance(value, int | str | bool)
    return value


def is_number(value: Value) -> bool:
    """Tell whether a value is a number, or one along each axis."""
    if isinstance(value, tuple):
        return bool(value) and all(isinstance(item, int) and not isinstance(item, bool) for item in value)
    return isinstance(value, int | Fraction) and not isinstance(value, bool)


def type_of(values: list[Literal]) -> str:
    """Return the type of a parameter with these values."""
    if all(isinstance(value, bool) for value in values):
        return "bool"
    if any(isinstance(value, Name) for value in values):
        return "type[nn.Module] | None" if None in values else "type[nn.Module]"
    numbers = [n for value in values for n in (value if isinstance(value, tuple) else (value,))]
    kind = "float" if any(isinstance(number, float) for number in numbers) else "int"
    if all(type(value) in (int, float) for value in values):
        return kind
    return f"{kind} | tuple[{kind}, ...]"


def is_word(value: Literal) -> bool:
    """Tell whether a value is no number, and so follows from none."""
    return value is None or isinstance(value, str)


def alike(values: Sequence[Literal]) -> bool:
    """Tell whether values are written alike: `1` and `1.0` are not."""
    first = values[0]
    return all(value is first or (value == first and type(value) is type(first)) for value in values)


class Literals:
    """The attributes of operators as Python, each operator looked at once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Op, dict[str, Literal]]] = {}

    def of(self, op: Op) -> Mapping[str, Literal]:
        """Return the attributes of an operator by name."""
        known = self._known.get(id(op))
        if known is None:
            known = op, {name: literal(value) for name, value in op.attributes().items()}
            self._known[id(op)] = known
        return known[1]


def is_whole(value: object) -> bool:
    """Return whether a literal is a whole number, and not true or false."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_real(value: object) -> bool:
    """Return whether a literal is a number, and not true or false."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def whole(value: object) -> int:
    """Return a literal that is a whole number."""
    assert isinstance(value, int)
    return value
