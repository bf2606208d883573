"""Expressions: values, and values left open.

::

    3   1/4   relu   none   grouped(8)   [96, 128]   values
    {3, 5, 7}                                        a choice
    16..128 step 8   16..256 log                     a range, in equal steps or equal ratios
    $w   2 * $w   $w // 4   $genes.0                 a reference, arithmetic on it, an item of a sequence
    round(log($w))   2 if $w > 8 else 1              a function, a condition

The Python form of the same: `oneof(3, 5, 7)`, `span(16, 128, step=8)`, `span(16, 256, log=True)`, `ref("w")`,
`2 * ref("w")`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from ..values import LogOptions, Option, Value, decimal, option, text
from .arithmetic import COMPARISONS, LOGIC, ExpressionError, Number, is_number, number

MAX_OPTIONS = 10_000
PER_DECADE = 10
"""Options of a logarithmic range for a factor of ten: neighbours are about a quarter apart."""
DIGITS = 3
"""Of the numbers within a logarithmic range, unless they are whole."""


def _left(operator: str) -> Callable[[Expr, Expr], Arithmetic]:
    return lambda self, other: Arithmetic(operator, self, other)


def _right(operator: str) -> Callable[[Expr, Expr], Arithmetic]:
    return lambda self, other: Arithmetic(operator, other, self)


class OpenExpression:
    """Arithmetic for expressions written in Python."""

    __slots__ = ()

    __add__, __radd__ = _left("+"), _right("+")
    __sub__, __rsub__ = _left("-"), _right("-")
    __mul__, __rmul__ = _left("*"), _right("*")
    __truediv__, __rtruediv__ = _left("/"), _right("/")
    __floordiv__, __rfloordiv__ = _left("//"), _right("//")
    __mod__, __rmod__ = _left("%"), _right("%")
    __pow__, __rpow__ = _left("**"), _right("**")

    def __neg__(self) -> Arithmetic:
        return Arithmetic("-", 0, _expr(self))

    def __getitem__(self, index: int) -> Item:
        return Item(_expr(self), index)

    __iter__ = None  # an expression is no sequence, whatever its items


@dataclass(frozen=True, repr=False)
class Ref(OpenExpression):
    """`$name`: a variable of `let`, a choice of `choices` drawn anew, or an argument of a composed block."""

    name: str

    def __repr__(self) -> str:
        return f"ref({self.name!r})"


@dataclass(frozen=True, repr=False)
class Arithmetic(OpenExpression):
    """`left operator right` on numbers; a comparison gives true or false."""

    operator: str
    left: Expr
    right: Expr

    def __repr__(self) -> str:
        # Python's power binds tighter than a sign, and takes a ratio as a float.
        power = self.operator == "**" and not isinstance(self.left, OpenExpression)
        if self.operator in COMPARISONS or self.operator in LOGIC or power:
            return f"Arithmetic({self.operator!r}, {self.left!r}, {self.right!r})"
        return f"({self.left!r} {self.operator} {self.right!r})"


@dataclass(frozen=True, repr=False)
class Item(OpenExpression):
    """`$name.index`: an item of a sequence, from 0; -1 is the last one.

    Raises:
        ExpressionError: If the index is no number of an item.
    """

    of: Expr
    index: int

    def __post_init__(self) -> None:
        if isinstance(self.index, bool) or not isinstance(self.index, int):
            law = "the items of a sequence are counted from 0, and -1 is the last"
            raise ExpressionError(f"{law}, but got {self.index!r}")

    def __repr__(self) -> str:
        return f"{self.of!r}[{self.index}]"


@dataclass(frozen=True)
class Function(OpenExpression):
    """`name(argument, ...)`: a function of `FUNCTIONS` on numbers, or one that the table declares."""

    name: str
    arguments: tuple[Expr, ...]


@dataclass(frozen=True)
class Conditional(OpenExpression):
    """`then if condition else otherwise`."""

    then: Expr
    condition: Expr
    otherwise: Expr


@dataclass(frozen=True, repr=False)
class Choice(OpenExpression):
    """`{a, b, c}`: one of the options."""

    options: tuple[Expr, ...]

    def __repr__(self) -> str:
        return f"oneof({', '.join(map(repr, self.options))})"


@dataclass(frozen=True, repr=False)
class Range(OpenExpression):
    """`low..high step step`: one of the numbers from low to high, both included; or `low..high log`.

    Raises:
        ExpressionError: Unless these are numbers, low < high, and the steps end at high; of a logarithmic
            range, 0 < low.
    """

    low: Number
    high: Number
    step: Number = 1
    log: bool = False

    def __post_init__(self) -> None:
        low, high, step = self.low, self.high, self.step
        if not all(map(is_number, (low, high, step))):
            law = "a range goes from number to number, as in 16..128 step 8, 1/8..1 step 1/8 or 16..256 log"
            raise ExpressionError(law)
        if self.log:
            self._check_ratios()
        else:
            self._check_steps()
        for name in ("low", "high", "step"):  # 2/1 is 2
            object.__setattr__(self, name, number(getattr(self, name)))

    def _check_ratios(self) -> None:
        low, high = self.low, self.high
        if self.step != 1:
            law = "a range goes in steps or is logarithmic, not both; leave `step` or `log` out"
            raise ExpressionError(law)
        if not 0 < low < high:
            shown = f"(low={text(low)}, high={text(high)})"
            raise ExpressionError(f"`0 < low < high` must hold in a logarithmic range, but got {shown}")

    def _check_steps(self) -> None:
        low, high, step = self.low, self.high, self.step
        if low >= high or step <= 0:
            shown = f"(low={text(low)}, high={text(high)}, step={text(step)})"
            least = "step >= 1" if all(isinstance(end, int) for end in (low, high, step)) else "step > 0"
            law = f"`low < high` and `{least}` must hold, but got {shown}"
            raise ExpressionError(law + ("; the step of a range is above 0" if step <= 0 else ""))
        steps = Fraction(high - low) / step
        if steps.denominator != 1:
            reached = text(number(low + math.floor(steps) * step))
            law = f"the steps of {text(step)} from {text(low)} end at {reached}, not at {text(high)}"
            if step == 1:
                share = Fraction(1, math.lcm(Fraction(low).denominator, Fraction(high).denominator))
                law += f"; say the step, as in {text(low)}..{text(high)} step {text(share)}"
            raise ExpressionError(law)
        if steps >= MAX_OPTIONS:
            raise ExpressionError(
                f"a range holds at most {MAX_OPTIONS:,} options, but got {int(steps) + 1:,}"
            )

    def __repr__(self) -> str:
        step = f", step={self.step!r}" if self.step != 1 else ""
        return f"span({self.low!r}, {self.high!r}{step}{', log=True' if self.log else ''})"

    @property
    def numbers(self) -> Sequence[Number]:
        """The options, in order.

        A logarithmic range has about ten for a factor of ten, in equal ratios: whole numbers between whole
        ends, else numbers of three digits.

        >>> Range(16, 256, log=True).numbers
        [16, 20, 25, 32, 40, 51, 64, 81, 102, 128, 161, 203, 256]
        """
        low, high, step = self.low, self.high, self.step
        if self.log:
            return _in_equal_ratios(low, high)
        if isinstance(low, int) and isinstance(high, int) and isinstance(step, int):
            return range(low, high + 1, step)
        return [number(low + at * Fraction(step)) for at in range(int(Fraction(high - low) / step) + 1)]

    @property
    def options(self) -> Sequence[Option]:
        """The options as lists of decisions have them.

        >>> Range(Fraction(1, 100), Fraction(2, 100), log=True).options
        ('0.01', '0.0126', '0.0159', '0.02')
        """
        numbers = self.numbers
        if self.log:
            return LogOptions(each if isinstance(each, int) else decimal(each) for each in numbers)
        return numbers if isinstance(numbers, range) else tuple(map(option, numbers))


def _in_equal_ratios(low: Number, high: Number) -> list[Number]:
    """Return numbers from low to high, both included, each the same factor above the one before, nearly."""
    decades = math.log10(high / low)
    steps = max(1, round(PER_DECADE * decades))
    between = [low * 10 ** (decades * at / steps) for at in range(1, steps)]
    if isinstance(low, int) and isinstance(high, int):
        return [*dict.fromkeys([low, *map(round, between), high])]
    return [low, *(number(Fraction(f"{value:.{DIGITS}g}")) for value in between), high]


Expr: TypeAlias = (
    "Value | Ref | Item | Arithmetic | Function | Conditional | Choice | Range | tuple[Expr, ...]"
)


def oneof(*options: Expr) -> Choice:
    """Return the choice `{options}`."""
    return Choice(options)


def span(low: Number | float, high: Number | float, *, step: Number | float = 1, log: bool = False) -> Range:
    """Return the range `low..high step step` or `low..high log`, both ends included.

    >>> span(0.001, 0.1, log=True)
    span(Fraction(1, 1000), Fraction(1, 10), log=True)
    """
    return Range(_exactly(low), _exactly(high), _exactly(step), log)


def _exactly(value: Number | float) -> Number:
    """Return the number that a float is written as."""
    return number(Fraction(str(value))) if isinstance(value, float) and math.isfinite(value) else value  # type: ignore[return-value]


def ref(name: str) -> Ref:
    """Return the reference `$name`."""
    return Ref(name)


def _expr(node: OpenExpression) -> Expr:
    assert isinstance(node, Ref | Item | Arithmetic | Function | Conditional | Choice | Range)
    return node


def expression_text(expression: Expr, *, tight: bool = False) -> str:
    """Return the text of an expression; `tight` puts a sum, a product or a ratio in parentheses.

    >>> expression_text(2 * ref("w")), expression_text(oneof(3, 5)), expression_text(span(8, 32, step=8))
    ('2 * $w', '{3, 5}', '8..32 step 8')
    """
    if isinstance(expression, Ref):
        return f"${expression.name}"
    if isinstance(expression, Item):
        return f"{expression_text(expression.of, tight=True)}.{expression.index}"
    if isinstance(expression, Function):
        return f"{expression.name}({', '.join(map(expression_text, expression.arguments))})"
    if isinstance(expression, Range):
        step = f" step {text(expression.step)}" if expression.step != 1 else ""
        step = " log" if expression.log else step
        body = f"{text(expression.low)}..{text(expression.high)}{step}"
        return f"({body})" if tight else body
    if isinstance(expression, Choice):
        return f"{{{', '.join(map(expression_text, expression.options))}}}"
    if isinstance(expression, tuple):
        return f"[{', '.join(map(expression_text, expression))}]"
    if isinstance(expression, Arithmetic):
        left, right = (expression_text(side, tight=True) for side in (expression.left, expression.right))
        if expression.operator == "**" and left.startswith("-"):
            left = f"({left})"  # a power binds tighter than a sign
        body = f"{left} {expression.operator} {right}"
    elif isinstance(expression, Conditional):
        then, condition = (expression_text(e, tight=True) for e in (expression.then, expression.condition))
        chained = isinstance(expression.otherwise, Conditional)
        body = f"{then} if {condition} else {expression_text(expression.otherwise, tight=not chained)}"
    else:
        body = text(expression)
        tight = tight and isinstance(expression, Fraction)
    return f"({body})" if tight else body
