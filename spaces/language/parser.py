"""Parsing expressions: recursive descent over the tokens of one scalar.

::

    item    = two [".." sum ["step" sum]]
    two     = either ["if" either "else" two]
    either  = both {"or" both}
    both    = compared {"and" compared}
    compared = sum [(">" | ">=" | "<" | "<=" | "==" | "!=") sum]
    sum     = product {("+" | "-") product}
    product = power {("*" | "/" | "//" | "%") power}
    power   = atom ["**" power]
    atom    = number | -power | word | word(number, ...) | sequence{.number}
    sequence = $name | function(two, ...) | (item) | [item, ...] | {item, ...}
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import TypeVar

from ..errors import suggest
from ..values import Term, Value
from .expressions import (
    COMPARISONS,
    FUNCTIONS,
    Arithmetic,
    Choice,
    Conditional,
    Expr,
    ExpressionError,
    Function,
    Item,
    Range,
    Ref,
    apply,
    call,
    expression_text,
    is_open,
    number,
)

T = TypeVar("T")
MAX_CHARACTERS = 10_000
MAX_DIGITS = 30
MAX_NESTING = 20
MAX_OPERATIONS = 20
_TOKEN = re.compile(
    r"(?P<token>(?P<number>[0-9]+(?:\.(?!\.)[0-9]+)?)(?P<unit>[kMG]\b)?|(?P<ref>\$[A-Za-z_][A-Za-z0-9_]*)|(?P<item>\.[0-9]+)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_-]*)|(?P<mark>\.\.|//|\*\*|[<>=!]=|[-+*/%(),\[\]{}<>]))\s*"
)
_CLOSING = {"-": "", "(": ")", "[": "]", "{": "}"}
_UNITS = {"k": 10**3, "M": 10**6, "G": 10**9}


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


class _Parser:
    """Recursive descent over the tokens of one scalar."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens: list[tuple[str, str, int]] = []
        offset = len(source) - len(source.lstrip())
        while offset < len(source):
            match = _TOKEN.match(source, offset)
            if not match:
                raise ExpressionError(f"'{source[offset]}' is not part of an expression", offset)
            kind = next(kind for kind in ("number", "ref", "item", "word", "mark") if match[kind])
            self.tokens.append((kind, match["token"], offset))
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
        value = self.two()
        return self.range(value) if self.peek() == ".." else value

    def two(self) -> Expr:
        value = self.either()
        if self.peek() != "if":
            return value
        self.deeper()
        self.take()
        condition = self.either()
        if self.take() != "else":
            raise self.error("'else' is missing: a condition is written `2 if $w > 8 else 1`", -1)
        otherwise = self.two()
        self.depth -= 1
        return Conditional(value, condition, otherwise)

    def either(self) -> Expr:
        return self.logic("or", self.both)

    def both(self) -> Expr:
        return self.logic("and", self.compared)

    def logic(self, mark: str, operand: Callable[[], Expr]) -> Expr:
        value = operand()
        while self.peek() == mark:
            value = self.combined(self.step(), Arithmetic(mark, value, operand()))
        return value

    def compared(self) -> Expr:
        value = self.sum()
        if self.peek() in COMPARISONS:
            at, name = self.step(), self.tokens[self.at - 1][1]
            return self.combined(at, Arithmetic(name, value, self.sum()))
        return value

    def range(self, low: Expr) -> Range:
        self.take()
        high = self.sum()
        step: Expr = 1
        if self.peek() == "step":
            self.take()
            step = self.sum()
        return Range(low, high, step)  # type: ignore[arg-type]

    def sum(self) -> Expr:
        return self.arithmetic(("+", "-"), self.product)

    def product(self) -> Expr:
        return self.arithmetic(("*", "/", "//", "%"), self.power)

    def arithmetic(self, marks: tuple[str, ...], operand: Callable[[], Expr]) -> Expr:
        value = operand()
        while self.peek() in marks:
            value = self.binary(self.step(), value, operand())
        return value

    def power(self) -> Expr:
        value = self.atom()
        if self.peek() != "**":
            return value
        self.deeper()
        at = self.step()
        value = self.binary(at, value, self.power())
        self.depth -= 1
        return value

    def binary(self, at: int, left: Expr, right: Expr) -> Expr:
        """Return the arithmetic whose operator is token `at`; its value where both sides are numbers."""
        _, name, offset = self.tokens[at]
        for side in (left, right):
            if isinstance(side, bool | str | Term | tuple) or side is None:
                operand = expression_text(side)
                raise ExpressionError(
                    f"'{name}' works on numbers and references, but got '{operand}'", offset
                )
        if isinstance(left, int | Fraction) and isinstance(right, int | Fraction):
            try:
                return apply(name, left, right)
            except ExpressionError as error:
                raise ExpressionError(str(error), offset) from None
        return self.combined(at, Arithmetic(name, left, right))

    def combined(self, at: int, value: Expr) -> Expr:
        self.operations += 1
        if self.operations > MAX_OPERATIONS:
            raise ExpressionError(
                f"an expression holds at most {MAX_OPERATIONS} operations", self.tokens[at][2]
            )
        return value

    def atom(self) -> Expr:
        if self.at >= len(self.tokens):
            raise ExpressionError("the expression ends too early", len(self.source))
        kind, word, _ = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return self.number(word)
        if kind == "ref":
            return self.items(Ref(word[1:]))
        if kind == "word":
            return self.word(word)
        if word == "-":
            return self.nested(word)
        if word in _CLOSING:
            return self.items(self.nested(word))
        raise self.error(f"'{word}' is not expected here", -1)

    def items(self, of: Expr) -> Expr:
        """Return what the numbers that follow take of a sequence."""
        for _ in range(MAX_NESTING):
            if self.at == len(self.tokens) or self.tokens[self.at][0] != "item":
                break
            of = Item(of, int(self.take()[1 : MAX_DIGITS + 1]))
        return of

    def nested(self, mark: str) -> Expr:
        self.deeper()
        value = self.inner(mark)
        self.depth -= 1
        return value

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise self.error(f"nested too deep; at most {MAX_NESTING} levels", -1)

    def inner(self, mark: str) -> Expr:
        if mark == "-":
            return self.binary(self.at - 1, 0, self.power())
        if mark == "(":
            value = self.item()
            if self.take() != ")":
                raise self.error("')' is missing", -1)
            return value
        items = self.listed(self.item, _CLOSING[mark])
        return items if mark == "[" else Choice(items)

    def listed(self, item: Callable[[], T], closing: str) -> tuple[T, ...]:
        """Return what stands between commas up to the closing bracket."""
        items = [item()]
        while (following := self.take()) == ",":
            items.append(item())
        if following != closing:
            raise self.error(f"',' or '{closing}' is missing", -1)
        return tuple(items)

    def number(self, word: str) -> int | Fraction:
        if len(word) > MAX_DIGITS:
            raise self.error(f"a number has at most {MAX_DIGITS} digits", -1)
        unit = _UNITS.get(word[-1], 1)
        return number(Fraction(word.rstrip("kMG")) * unit)

    def word(self, word: str) -> Expr:
        if self.peek() != "(":
            constants: dict[str, Value] = {"none": None, "true": True, "false": False}
            return constants.get(word, word)
        if word in FUNCTIONS:
            return self.function(word)
        self.take()
        return Term(word, self.listed(lambda: self.term_number(word), ")"))

    def term_number(self, word: str) -> int | Fraction:
        """Return a number that a term is given."""
        value = self.sum()
        if is_open(value):
            raise self.error(f"there is no function '{word}'{suggest(word, FUNCTIONS)}", -1)
        if isinstance(value, bool) or not isinstance(value, int | Fraction):
            raise self.error(f"{word}(...) takes numbers", -1)
        return value

    def function(self, word: str) -> Expr:
        at = self.at - 1
        self.deeper()
        self.take()
        arguments = self.listed(self.two, ")")
        self.depth -= 1
        count = FUNCTIONS[word][0]
        if len(arguments) != count:
            raise ExpressionError(f"{word} takes {count}, but got {len(arguments)}", self.tokens[at][2])
        if not any(map(is_open, arguments)):
            try:
                return call(word, arguments)  # type: ignore[arg-type]
            except ExpressionError as error:
                raise ExpressionError(str(error), self.tokens[at][2]) from None
        return self.items(self.combined(at, Function(word, arguments)))

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
