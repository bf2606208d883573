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
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from .errors import SpaceError
from .values import Term, Value, text

OPERATORS: dict[str, Callable[[int | Fraction, int | Fraction], int | Fraction]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda left, right: Fraction(left) / right,
    "//": operator.floordiv,
}
MAX_NUMBER = 10**12
MAX_OPTIONS = 10_000
MAX_CHARACTERS = 10_000
MAX_DIGITS = 30
MAX_NESTING = 20
_TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9]+(?:\.(?!\.)[0-9]+)?)(?P<unit>[kMG]\b)?|(?P<ref>\$[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_-]*)|(?P<mark>\.\.|//|[-+*/(),\[\]{}]))"
)
_CLOSING = {"-": "", "(": ")", "[": "]", "{": "}"}
_UNITS = {"k": 10**3, "M": 10**6, "G": 10**9}


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
    deepest, todo = 0, [(expression, 1)]
    while todo:
        part, level = todo.pop()
        deepest = max(deepest, level)
        todo += [(inner, level + 1) for inner in _within(part)]
    return deepest


def is_open(expression: Expr) -> bool:
    """Tell whether anything in the expression is left open."""
    return any(isinstance(part, Ref | Arithmetic | Choice | Range) for part in parts(expression))


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


def parse(source: str) -> Expr:
    """Return the expression that a scalar's text holds.

    Raises:
        ExpressionError: If the text is not an expression, with the offset of the first wrong character.

    >>> parse("2 * $w")
    (2 * ref('w'))
    >>> parse("1/4"), parse("grouped(8)")
    (Fraction(1, 4), Term(word='grouped', args=(8,)))
    """
    if len(source) > MAX_CHARACTERS:
        raise ExpressionError(f"an expression holds at most {MAX_CHARACTERS:,} characters")
    return _Parser(source).whole()


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


class _Parser:
    """Recursive descent over the tokens of one scalar."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens: list[tuple[str, str, int]] = []
        offset = 0
        while source[offset:].strip():
            match = _TOKEN.match(source, offset)
            if not match:
                start = offset + len(source[offset:]) - len(source[offset:].lstrip())
                raise ExpressionError(f"'{source[start]}' is not part of an expression", start)
            kind = str(match.lastgroup)
            if kind == "unit":
                kind = "number"
            self.tokens.append((kind, match.group().strip(), match.start(kind)))
            offset = match.end()
        self.at = 0
        self.depth = 0
        self.operations = 0

    def whole(self) -> Expr:
        if not self.tokens:
            raise ExpressionError("a value is missing")
        value = self.item()
        if self.at < len(self.tokens):
            raise self.error(f"'{self.peek()}' is not expected here")
        return value

    def item(self) -> Expr:
        value = self.sum()
        return self.range(value) if self.peek() == ".." else value

    def range(self, low: Expr) -> Range:
        self.take()
        high = self.sum()
        step: Expr = 1
        if self.peek() == "step":
            self.take()
            step = self.sum()
        return Range(low, high, step)  # type: ignore[arg-type]

    def sum(self) -> Expr:
        value = self.product()
        while self.peek() in ("+", "-"):
            value = self.binary(self.step(), value, self.product())
        return value

    def product(self) -> Expr:
        value = self.atom()
        while self.peek() in ("*", "/", "//"):
            value = self.binary(self.step(), value, self.atom())
        return value

    def binary(self, at: int, left: Expr, right: Expr) -> Expr:
        """Return the arithmetic whose operator is token `at`; its value where both sides are numbers."""
        _, name, offset = self.tokens[at]
        for side in (left, right):
            if isinstance(side, bool | str | Term | tuple) or side is None:
                given = expression_text(side)
                raise ExpressionError(f"'{name}' works on numbers and references, but got '{given}'", offset)
        if isinstance(left, int | Fraction) and isinstance(right, int | Fraction):
            try:
                return apply(name, left, right)
            except ExpressionError as error:
                raise ExpressionError(str(error), offset) from None
        self.operations += 1
        if self.operations > MAX_NESTING:
            raise ExpressionError(f"an expression holds at most {MAX_NESTING} operations", offset)
        return Arithmetic(name, left, right)

    def atom(self) -> Expr:
        if self.at >= len(self.tokens):
            raise ExpressionError("the expression ends too early", len(self.source))
        kind, word, _ = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return self.number(word)
        if kind == "ref":
            return Ref(word[1:])
        if kind == "word":
            return self.word(word)
        if word in _CLOSING:
            return self.nested(word)
        raise self.error(f"'{word}' is not expected here", -1)

    def nested(self, mark: str) -> Expr:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise self.error(f"nested too deep; at most {MAX_NESTING} levels", -1)
        value = self.inner(mark)
        self.depth -= 1
        return value

    def inner(self, mark: str) -> Expr:
        if mark == "-":
            return self.binary(self.at - 1, 0, self.atom())
        if mark == "(":
            value = self.item()
            if self.take() != ")":
                raise self.error("')' is missing", -1)
            return value
        items = [self.item()]
        while (following := self.take()) == ",":
            items.append(self.item())
        if following != _CLOSING[mark]:
            raise self.error(f"',' or '{_CLOSING[mark]}' is missing", -1)
        return tuple(items) if mark == "[" else Choice(tuple(items))

    def number(self, word: str) -> int | Fraction:
        if len(word) > MAX_DIGITS:
            raise self.error(f"a number has at most {MAX_DIGITS} digits", -1)
        unit = _UNITS.get(word[-1], 1)
        return number(Fraction(word.rstrip("kMG")) * unit)

    def word(self, word: str) -> Expr:
        if self.peek() != "(":
            constants: dict[str, Value] = {"none": None, "true": True, "false": False}
            return constants.get(word, word)
        self.take()
        args: list[int] = []
        while True:
            argument = self.sum()
            if isinstance(argument, bool) or not isinstance(argument, int):
                raise self.error(f"{word}(...) takes whole numbers", -1)
            args.append(argument)
            mark = self.take()
            if mark == ")":
                return Term(word, tuple(args))
            if mark != ",":
                raise self.error("',' or ')' is missing", -1)

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def step(self) -> int:
        self.at += 1
        return self.at - 1

    def error(self, message: str, back: int = 0) -> ExpressionError:
        at = self.at + back
        offset = self.tokens[at][2] if 0 <= at < len(self.tokens) else len(self.source)
        return ExpressionError(message, offset)
