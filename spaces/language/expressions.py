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
import operator
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import TypeAlias, TypeGuard

from ..errors import SpaceError, suggest
from ..values import LogOptions, Option, Value, decimal, option, text

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
_NONE: Mapping[str, Callable[[tuple[Value, ...]], Value]] = MappingProxyType({})
MAX_NUMBER = 10**12
MAX_OPTIONS = 10_000
PER_DECADE = 10
"""Options of a logarithmic range for a factor of ten: neighbours are about a quarter apart."""
DIGITS = 3
"""Of the numbers within a logarithmic range, unless they are whole."""
MAX_EXPONENT = 64
MAX_ITEMS = 1000
"""Values in a computed sequence, sequences within and their values included."""
NEAR = 10**5
"""Largest denominator of a logarithm, a root or a power of a ratio: its error is below 10^-10."""


class ExpressionError(SpaceError):
    """The text of a scalar is not an expression; `offset` counts characters from its start."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


def _left(operator: str) -> Callable[[Expr, Expr], Arithmetic]:
    return lambda self, other: Arithmetic(operator, self, other)


def _right(operator: str) -> Callable[[Expr, Expr], Arithmetic]:
    return lambda self, other: Arithmetic(operator, other, self)


class _Open:
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
class Ref(_Open):
    """`$name`: a variable of `let`, a choice of `choices` drawn anew, or an argument of a composed block."""

    name: str

    def __repr__(self) -> str:
        return f"ref({self.name!r})"


@dataclass(frozen=True, repr=False)
class Arithmetic(_Open):
    """`left operator right` on numbers; a comparison gives true or false."""

    operator: str
    left: Expr
    right: Expr

    def __repr__(self) -> str:
        # Python's power binds tighter than a sign, and takes a ratio as a float.
        power = self.operator == "**" and not isinstance(self.left, _Open)
        if self.operator in COMPARISONS or self.operator in LOGIC or power:
            return f"Arithmetic({self.operator!r}, {self.left!r}, {self.right!r})"
        return f"({self.left!r} {self.operator} {self.right!r})"


@dataclass(frozen=True, repr=False)
class Item(_Open):
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
class Function(_Open):
    """`name(argument, ...)`: a function of `FUNCTIONS` on numbers, or one that the table declares."""

    name: str
    arguments: tuple[Expr, ...]


@dataclass(frozen=True)
class Conditional(_Open):
    """`then if condition else otherwise`."""

    then: Expr
    condition: Expr
    otherwise: Expr


@dataclass(frozen=True, repr=False)
class Choice(_Open):
    """`{a, b, c}`: one of the options."""

    options: tuple[Expr, ...]

    def __repr__(self) -> str:
        return f"oneof({', '.join(map(repr, self.options))})"


@dataclass(frozen=True, repr=False)
class Range(_Open):
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
            given = f"(low={text(low)}, high={text(high)}, step={text(step)})"
            least = "step >= 1" if all(isinstance(end, int) for end in (low, high, step)) else "step > 0"
            law = f"`low < high` and `{least}` must hold, but got {given}"
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


def _expr(node: _Open) -> Expr:
    assert isinstance(node, Ref | Item | Arithmetic | Function | Conditional | Choice | Range)
    return node


def parts(expression: Expr) -> Iterator[Expr]:
    """Yield an expression and every expression in it."""
    yield expression
    for part in _within(expression):
        yield from parts(part)


def _within(expression: Expr) -> tuple[Expr, ...]:
    """Return the expressions that an expression is directly made of."""
    if not isinstance(expression, _Open):
        return expression if isinstance(expression, tuple) else ()
    return expression.options if isinstance(expression, Choice) else tuple(operands(expression).values())


def operands(expression: Expr) -> dict[str, Expr]:
    """Return what an expression computes with, by the words that tell the operands apart in a path."""
    if isinstance(expression, Arithmetic):
        return {"left": expression.left, "right": expression.right}
    if isinstance(expression, Function):
        return {str(at): argument for at, argument in enumerate(expression.arguments)}
    if isinstance(expression, Conditional):
        return {"then": expression.then, "if": expression.condition, "else": expression.otherwise}
    return {"of": expression.of} if isinstance(expression, Item) else {}


def nesting(expression: Expr) -> int:
    """Return how deep an expression is nested; a value alone has 1."""
    deepest, todo = 1, [(part, 2) for part in _within(expression)]
    while todo:
        part, level = todo.pop()
        deepest = max(deepest, level)
        todo += [(inner, level + 1) for inner in _within(part)]
    return deepest


def scalars(expression: Expr) -> Iterator[Expr]:
    """Yield the parts of an expression that are each written as one text: items of sequences, options."""
    if isinstance(expression, tuple):
        for item in expression:
            yield from scalars(item)
    else:
        yield from expression.options if isinstance(expression, Choice) else (expression,)


def is_open(expression: Expr) -> bool:
    """Tell whether an expression is more than a value: it refers, computes or leaves a choice."""
    if isinstance(expression, tuple):
        return any(map(is_open, expression))
    return isinstance(expression, _Open)


def has_choice(expression: Expr) -> bool:
    """Tell whether an expression itself leaves a choice."""
    return any(isinstance(part, Choice | Range) for part in parts(expression))


def references(expression: Expr) -> Iterator[str]:
    """Yield every name that an expression refers to."""
    return (part.name for part in parts(expression) if isinstance(part, Ref))


def reference_meant(value: object, names: Collection[str]) -> str:
    """Return the hint that a word, which is a name that can be referred to, lacks its `$`, or nothing.

    >>> reference_meant("width", ["width"]), reference_meant("wide", ["width"])
    ('; did you mean $width?', '')
    """
    return f"; did you mean ${value}?" if isinstance(value, str) and value in names else ""


def words_in(expressions: Iterable[Expr]) -> Iterator[str]:
    """Yield every word in expressions, such as the name of a row, of a block or of an activation."""
    return (part for value in expressions for part in parts(value) if isinstance(part, str))


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


def item_of(of: Value, index: int) -> Value:
    """Return an item of a sequence; raise if it is none, or shorter."""
    if not isinstance(of, tuple):
        raise ExpressionError(f".{index} is an item of a sequence, but got '{text(of)}'")
    if not -len(of) <= index < len(of):
        counted = "from 0" if index >= 0 else "from the last, -1"
        raise ExpressionError(f".{index} is beyond the {len(of)} items of {text(of)}, counted {counted}")
    return of[index]


def evaluate(
    expression: Expr,
    names: Mapping[str, Value],
    functions: Mapping[str, Callable[[tuple[Value, ...]], Value]] = _NONE,
) -> Value:
    """Return the value of an expression that leaves no choice.

    Args:
        expression: The expression.
        names: What it may refer to.
        functions: What the functions of a table do.

    Raises:
        ExpressionError: If it cannot be computed.
    """
    if not isinstance(expression, _Open):
        if isinstance(expression, tuple):
            return sequence(tuple([evaluate(part, names, functions) for part in expression]))
        return expression
    if isinstance(expression, Ref):
        return names[expression.name]
    if isinstance(expression, Item):  # as `compute` has it, without the detour: a draw spends much time here
        return item_of(evaluate(expression.of, names, functions), expression.index)
    if isinstance(expression, Arithmetic) and expression.operator not in LOGIC:
        left = evaluate(expression.left, names, functions)
        return apply(expression.operator, left, evaluate(expression.right, names, functions))
    if decides(expression):
        within = operands(expression)
        return decide(expression, lambda name: evaluate(within[name], names, functions))
    assert isinstance(expression, Function)
    values = tuple([evaluate(part, names, functions) for part in operands(expression).values()])
    if expression.name in functions:
        return functions[expression.name](values)
    return call(expression.name, values)


def compute(expression: Arithmetic | Item | Function, values: tuple[Value, ...]) -> Value:
    """Return what an expression gives for the values of its operands; raise as `evaluate` does."""
    if isinstance(expression, Arithmetic):
        return apply(expression.operator, *values)
    if isinstance(expression, Item):
        return item_of(values[0], expression.index)
    return call(expression.name, values)


def decides(expression: Expr) -> TypeGuard[Arithmetic | Conditional]:
    """Tell whether an operand decides which others are asked: a condition, or two joined by `and` or `or`."""
    if isinstance(expression, Arithmetic):
        return expression.operator in LOGIC
    return isinstance(expression, Conditional)


def decide(expression: Arithmetic | Conditional, operand: Callable[[str], Value]) -> Value:
    """Return what an expression gives that `decides`; operands that are not asked may have no value.

    Args:
        expression: The expression.
        operand: Gives the value of an operand by its name in `operands`.

    Raises:
        ExpressionError: If a condition is neither true nor false.
    """
    if isinstance(expression, Conditional):
        return operand("then" if condition(operand("if")) else "else")
    left = condition(operand("left"))
    return left if left == LOGIC[expression.operator] else condition(operand("right"))


def sequence(items: tuple[Value, ...]) -> Value:
    """Return a computed sequence; raise if it is too long."""
    if (length := _length(items)) > MAX_ITEMS:
        raise ExpressionError(f"a computed sequence holds at most {MAX_ITEMS:,} values, but got {length:,}")
    return items


def _length(value: Value) -> int:
    return 1 + sum(map(_length, value)) if isinstance(value, tuple) else 1


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


def is_number(value: Expr) -> TypeGuard[Number]:
    """Tell whether a value is a number: true and false are none."""
    return isinstance(value, int | Fraction) and not isinstance(value, bool)


def number(value: Number) -> Number:
    """Return a whole number as int and any other exactly as a ratio."""
    if value.denominator > MAX_NUMBER or not -MAX_NUMBER <= value <= MAX_NUMBER:
        digits = len(str(abs(int(value)))), len(str(value.denominator))
        given = text(value) if sum(digits) < 40 else f"one of {max(digits):,} digits"
        raise ExpressionError(f"numbers go up to {MAX_NUMBER:,}, and so do denominators, but got {given}")
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
