"""Expressions: values, and values left open.

::

    3   1/4   relu   none   grouped(8)   [96, 128]   values
    {3, 5, 7}                                        a choice
    16..128 step 8                                   a range
    $w   2 * $w   $w // 4                            a reference, arithmetic on numbers and references

The Python form of the same: `oneof(3, 5, 7)`, `span(16, 128, step=8)`, `ref("w")`, `2 * ref("w")`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from .errors import SpaceError
from .values import Value, text

OPERATORS: dict[str, Callable[[int | Fraction, int | Fraction], int | Fraction]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda left, right: Fraction(left) / right,
    "//": operator.floordiv,
}
MAX_NUMBER = 10**12
MAX_OPTIONS = 10_000


class ExpressionError(SpaceError):
    """The text of a scalar is not an expression; `offset` counts characters from its start."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


class _Open:
    """Arithmetic for expressions written in Python."""

    __slots__ = ()

    def __add__(self, other: Expr) -> Arithmetic:
        return Arithmetic("+", _expr(self), other)

    def __radd__(self, other: Expr) -> Arithmetic:
        return Arithmetic("+", other, _expr(self))

    def __sub__(self, other: Expr) -> Arithmetic:
        return Arithmetic("-", _expr(self), other)

    def __rsub__(self, other: Expr) -> Arithmetic:
        return Arithmetic("-", other, _expr(self))

    def __mul__(self, other: Expr) -> Arithmetic:
        return Arithmetic("*", _expr(self), other)

    def __rmul__(self, other: Expr) -> Arithmetic:
        return Arithmetic("*", other, _expr(self))

    def __truediv__(self, other: Expr) -> Arithmetic:
        return Arithmetic("/", _expr(self), other)

    def __rtruediv__(self, other: Expr) -> Arithmetic:
        return Arithmetic("/", other, _expr(self))

    def __floordiv__(self, other: Expr) -> Arithmetic:
        return Arithmetic("//", _expr(self), other)

    def __rfloordiv__(self, other: Expr) -> Arithmetic:
        return Arithmetic("//", other, _expr(self))

    def __neg__(self) -> Arithmetic:
        return Arithmetic("-", 0, _expr(self))


@dataclass(frozen=True, repr=False)
class Ref(_Open):
    """`$name`: a variable of `let`, or a choice of `choices` drawn anew."""

    name: str

    def __repr__(self) -> str:
        return f"ref({self.name!r})"


@dataclass(frozen=True, repr=False)
class Arithmetic(_Open):
    """`left operator right` on numbers."""

    operator: str
    left: Expr
    right: Expr

    def __repr__(self) -> str:
        return f"({self.left!r} {self.operator} {self.right!r})"


@dataclass(frozen=True, repr=False)
class Choice(_Open):
    """`{a, b, c}`: one of the options."""

    options: tuple[Expr, ...]

    def __repr__(self) -> str:
        return f"oneof({', '.join(map(repr, self.options))})"


@dataclass(frozen=True, repr=False)
class Range(_Open):
    """`low..high step step`: one of the whole numbers from low to high, both included.

    Raises:
        ExpressionError: Unless these are whole numbers, low < high, and the steps end at high.
    """

    low: int
    high: int
    step: int = 1

    def __post_init__(self) -> None:
        low, high, step = self.low, self.high, self.step
        if any(isinstance(end, bool) or not isinstance(end, int) for end in (low, high, step)):
            raise ExpressionError("a range goes from whole number to whole number, as in 16..128 step 8")
        if low >= high or step < 1:
            raise ExpressionError(
                f"`low < high` and `step >= 1` must hold, but got (low={low}, high={high}, step={step})"
            )
        if (high - low) % step:
            reached = high - (high - low) % step
            raise ExpressionError(f"the steps of {step} from {low} end at {reached}, not at {high}")
        if (high - low) // step >= MAX_OPTIONS:
            raise ExpressionError(f"a range holds at most {MAX_OPTIONS:,} options")

    def __repr__(self) -> str:
        step = f", step={self.step}" if self.step != 1 else ""
        return f"span({self.low}, {self.high}{step})"

    @property
    def numbers(self) -> range:
        """The options, in order."""
        return range(self.low, self.high + 1, self.step)


Expr: TypeAlias = "Value | Ref | Arithmetic | Choice | Range | tuple[Expr, ...]"


def oneof(*options: Expr) -> Choice:
    """Return the choice `{options}`."""
    return Choice(options)


def span(low: int, high: int, *, step: int = 1) -> Range:
    """Return the range `low..high step step`, both ends included."""
    return Range(low, high, step)


def ref(name: str) -> Ref:
    """Return the reference `$name`."""
    return Ref(name)


def _expr(node: _Open) -> Expr:
    assert isinstance(node, Ref | Arithmetic | Choice | Range)
    return node


def parts(expression: Expr) -> Iterator[Expr]:
    """Yield an expression and every expression in it."""
    yield expression
    for part in _within(expression):
        yield from parts(part)


def _within(expression: Expr) -> tuple[Expr, ...]:
    """Return the expressions that an expression is directly made of."""
    if isinstance(expression, Arithmetic):
        return expression.left, expression.right
    if isinstance(expression, Choice):
        return expression.options
    return expression if isinstance(expression, tuple) else ()


def nesting(expression: Expr) -> int:
    """Return how deep an expression is nested; a value alone has 1."""
    deepest, todo = 1, [(part, 2) for part in _within(expression)]
    while todo:
        part, level = todo.pop()
        deepest = max(deepest, level)
        todo += [(inner, level + 1) for inner in _within(part)]
    return deepest


def is_open(expression: Expr) -> bool:
    """Tell whether anything in the expression is left open."""
    if isinstance(expression, tuple):
        return any(map(is_open, expression))
    return isinstance(expression, _Open)


def expression_text(expression: Expr, *, tight: bool = False) -> str:
    """Return the text of an expression; `tight` puts a sum, a product or a ratio in parentheses.

    >>> expression_text(2 * ref("w")), expression_text(oneof(3, 5)), expression_text(span(8, 32, step=8))
    ('2 * $w', '{3, 5}', '8..32 step 8')
    """
    if isinstance(expression, Ref):
        return f"${expression.name}"
    if isinstance(expression, Range):
        step = f" step {expression.step}" if expression.step != 1 else ""
        body = f"{expression.low}..{expression.high}{step}"
        return f"({body})" if tight else body
    if isinstance(expression, Choice):
        return f"{{{', '.join(map(expression_text, expression.options))}}}"
    if isinstance(expression, tuple):
        return f"[{', '.join(map(expression_text, expression))}]"
    if isinstance(expression, Arithmetic):
        left, right = (expression_text(side, tight=True) for side in (expression.left, expression.right))
        body = f"{left} {expression.operator} {right}"
    else:
        body = text(expression)
        tight = tight and isinstance(expression, Fraction)
    return f"({body})" if tight else body


def apply(name: str, left: Value, right: Value) -> Value:
    """Return `left name right` for two numbers, exactly.

    Raises:
        ExpressionError: If an operand is not a number, the divisor is zero, or the result is too large.
    """
    for side in (left, right):
        if isinstance(side, bool) or not isinstance(side, int | Fraction):
            raise ExpressionError(f"'{name}' works on numbers, but got '{text(side)}'")
    assert isinstance(left, int | Fraction)
    assert isinstance(right, int | Fraction)
    if right == 0 and name in ("/", "//"):
        raise ExpressionError("division by zero")
    return number(OPERATORS[name](left, right))


def number(value: Fraction | int) -> int | Fraction:
    """Return a whole number as int and any other exactly as a ratio."""
    if value.denominator > MAX_NUMBER or not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise ExpressionError(f"numbers go up to {MAX_NUMBER:,}")
    return int(value) if value.denominator == 1 else value
