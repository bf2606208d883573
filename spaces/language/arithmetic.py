"""Arithmetic of the language: exact numbers, its operators and its functions."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias, TypeGuard

from ..errors import SpaceError, suggest
from ..values import Value, text

Number: TypeAlias = int | Fraction
OPERATORS: dict[str, Callable[[Number, Number], Number]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda left, right: Fraction(left) / right,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": lambda left, right: _power(left, right),
}
COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    ">": lambda left, right: left > right,  # type: ignore[operator]
    ">=": lambda left, right: left >= right,  # type: ignore[operator]
    "<": lambda left, right: left < right,  # type: ignore[operator]
    "<=": lambda left, right: left <= right,  # type: ignore[operator]
    "==": operator.eq,
    "!=": operator.ne,
}
LOGIC = {"and": False, "or": True}
"""What joins conditions, and the value of the left one that decides alone."""
FUNCTIONS: dict[str, tuple[int, Callable[..., Number]]] = {
    "round": (1, round),
    "floor": (1, math.floor),
    "ceil": (1, math.ceil),
    "log": (1, lambda x: _near(math.log(x))),
    "sqrt": (1, lambda x: _near(math.sqrt(x))),
    "min": (2, min),
    "max": (2, max),
    "round_half_up": (1, lambda x: math.floor(x + Fraction(1, 2))),
    "divisible": (2, lambda x, divisor: _divisible(x, divisor)),
}
"""Number of arguments, and what each function does; `round` takes a half to the even number."""
MAX_NUMBER = 10**12
MAX_EXPONENT = 64
NEAR = 10**5
"""Largest denominator of a logarithm, a root or a power of a ratio: its error is below 10^-10."""


class ExpressionError(SpaceError):
    """The text of a scalar is not an expression; `offset` counts characters from its start."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


def apply(name: str, left: Value, right: Value) -> Value:
    """Return `left name right`, exactly; a power of a ratio, nearly.

    Raises:
        ExpressionError: If an operand is not a number, the divisor is zero, or the result is too large.
    """
    if name in ("==", "!="):
        return COMPARISONS[name](left, right)
    left, right = numeric(name, left), numeric(name, right)
    if name in COMPARISONS:
        return COMPARISONS[name](left, right)
    if right == 0 and name in ("/", "//", "%"):
        raise ExpressionError("division by zero")
    return number(OPERATORS[name](left, right))


def call(name: str, arguments: tuple[Value, ...]) -> Value:
    """Return what a function of the language gives.

    Raises:
        ExpressionError: If an argument is not a number, or not one that the function takes.
    """
    numbers = [numeric(name, argument) for argument in arguments]
    if name not in FUNCTIONS:
        raise ExpressionError(f"there is no function '{name}'{suggest(name, FUNCTIONS)}")
    try:
        return number(FUNCTIONS[name][1](*numbers))
    except ExpressionError:
        raise
    except ValueError:
        raise ExpressionError(f"{name} takes a positive number, but got '{text(numbers[0])}'") from None


def condition(value: Value) -> bool:
    """Return a condition's value; raise unless it is true or false."""
    if not isinstance(value, bool):
        raise ExpressionError(f"a condition is true or false, but got '{text(value)}'")
    return value


def numeric(name: str, value: Value) -> Number:
    """Return a number; raise if it is none, naming the operator or function."""
    if not is_number(value):
        raise ExpressionError(f"'{name}' works on numbers, but got '{text(value)}'")
    return value


def is_number(value: object) -> TypeGuard[Number]:
    """Tell whether a value is a number: true and false are none."""
    return isinstance(value, int | Fraction) and not isinstance(value, bool)


def number(value: Number) -> Number:
    """Return a whole number as int and any other exactly as a ratio."""
    if value.denominator > MAX_NUMBER or not -MAX_NUMBER <= value <= MAX_NUMBER:
        digits = len(str(abs(int(value)))), len(str(value.denominator))
        shown = text(value) if sum(digits) < 40 else f"one of {max(digits):,} digits"
        raise ExpressionError(f"numbers go up to {MAX_NUMBER:,}, and so do denominators, but got {shown}")
    return int(value) if value.denominator == 1 else value


def _power(base: Number, exponent: Number) -> Number:
    if exponent.denominator != 1 or not -MAX_EXPONENT <= exponent <= MAX_EXPONENT:
        raise ExpressionError(
            f"an exponent is a whole number up to {MAX_EXPONENT}, but got '{text(exponent)}'"
        )
    if base == 0 and exponent < 0:
        raise ExpressionError("division by zero")
    return Fraction(base).__pow__(int(exponent)).limit_denominator(NEAR)


def _divisible(x: Number, divisor: Number) -> Number:
    """Return the multiple nearest to x, halves up: at least the divisor, and at least 9/10 of x.

    The rule for widths of MobileNet's code (`make_divisible`).
    """
    if divisor.denominator != 1 or divisor < 1:
        law = f"divisible takes a divisor that is a whole number from 1, but got '{text(divisor)}'"
        raise ExpressionError(law)
    nearest = max(divisor, math.floor(x / Fraction(divisor) + Fraction(1, 2)) * divisor)
    return nearest + divisor if nearest < Fraction(9, 10) * x else nearest


def _near(value: float) -> Fraction:
    return Fraction(value).limit_denominator(NEAR)
