"""Parsing expressions: recursive descent over the tokens of one scalar.

::

    item    = two [".." sum ["step" sum | "log"]]
    two     = either ["if" either "else" two]
    either  = both {"or" both}
    both    = compared {"and" compared}
    compared = sum [(">" | ">=" | "<" | "<=" | "==" | "!=") sum]
    sum     = product {("+" | "-") product}
    product = power {("*" | "/" | "//" | "%") power}
    power   = atom ["**" power]
    atom    = number | -power | word | word(number, ...) | sequence{.[-]number}
    sequence = $name | function(two, ...) | (item) | [item, ...] | {item, ...}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from typing import TypeVar

from ..blocks.kinds import TERMS
from ..errors import suggest
from ..values import Term, Value
from ..vocabulary import nearest
from .arithmetic import COMPARISONS, FUNCTIONS, LOGIC, OPERATORS, ExpressionError, is_number, number
from .evaluation import evaluate
from .expression_parts import is_open, operands
from .expressions import Arithmetic, Choice, Conditional, Expr, Function, Item, Range, Ref, expression_text

T = TypeVar("T")
MAX_CHARACTERS = 10_000
MAX_DIGITS = 30
MAX_NESTING = 20
MAX_OPERATIONS = 20
_TOKEN = re.compile(
    r"(?P<token>(?P<number>[0-9]+(?:_[0-9]+)*(?:\.(?!\.)[0-9]+)?(?:[eE][+-]?[0-9]{1,2}\b)?)(?P<unit>[kKMG]\b)?(?![A-Za-z0-9_])"
    r"|(?P<ref>\$[A-Za-z0-9_]+)|(?P<item>\.-?[0-9]+)"
    r"|(?P<word>[0-9]*[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_]*)?)"
    r"|(?P<mark>\.\.|//|\*\*|[<>=!]=|[-+*/%(),\[\]{}<>]))\s*"
)
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_LEVELS: tuple[Collection[str], ...] = (("or",), ("and",), COMPARISONS, ("+", "-"), ("*", "/", "//", "%"))
"""The operators that stand between two operands, those that bind loosest first; `**` binds tightest."""
_SUM = 3
_UNITS = {"k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9}


def parse(source: str, functions: Mapping[str, tuple[int, int]] | None = None) -> Expr:
    """Return the expression that a scalar's text holds.

    Args:
        source: The text.
        functions: The functions of a table: the least and the largest number of arguments of each.

    Raises:
        ExpressionError: If the text is not an expression, with the offset of the first wrong character.

    >>> parse("2 * $w")
    (2 * ref('w'))
    >>> parse("1/4"), parse("grouped(8)")
    (Fraction(1, 4), Term(word='grouped', args=(8,)))
    """
    if len(source) > MAX_CHARACTERS:
        law = f"an expression holds at most {MAX_CHARACTERS:,} characters, but got {len(source):,}"
        raise ExpressionError(law)
    return _Parser(source, functions or {}).whole()


class _Parser:
    """Recursive descent over the tokens of one scalar."""

    def __init__(self, source: str, functions: Mapping[str, tuple[int, int]]) -> None:
        self.source = source
        self.functions = functions
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
        value = self.operation()
        if self.peek() != "if":
            return value
        with self.deeper():
            self.take()
            condition = self.operation()
            if self.take() != "else":
                raise self.error("'else' is missing: a condition is written `2 if $w > 8 else 1`", -1)
            return Conditional(value, condition, self.two())

    def range(self, low: Expr) -> Range:
        self.take()
        high = self.operation(_SUM)
        step: Expr = 1
        if self.peek() == "step":
            self.take()
            step = self.operation(_SUM)
        log = self.peek() == "log"
        if log:
            self.take()
        return Range(low, high, step, log)  # type: ignore[arg-type]

    def operation(self, level: int = 0) -> Expr:
        """Return an expression whose operators bind at least as tightly as those of a level."""
        if level == len(_LEVELS):
            return self.power()
        value = self.operation(level + 1)
        while self.peek() in _LEVELS[level]:
            at, name = self.at, self.take()
            right = self.operation(level + 1)
            if name in OPERATORS:
                value = self.arithmetic(at, value, right)
            else:
                self.check_conditions(at, value, right)
                value = self.combined(at, Arithmetic(name, value, right))
            if name in COMPARISONS:
                break
        return value

    def check_conditions(self, at: int, *sides: Expr) -> None:
        """Raise if token `at` joins what is no condition, whatever is drawn: it may never be asked for."""
        _, name, offset = self.tokens[at]
        for side in sides if name in LOGIC else ():
            number = isinstance(side, Arithmetic) and side.operator in OPERATORS
            if number or not (is_open(side) or isinstance(side, bool)):
                law = f"'{name}' joins conditions, as in $w > 8 and $w < 64, but got"
                raise ExpressionError(f"{law} '{expression_text(side)}'", offset)

    def power(self) -> Expr:
        value = self.atom()
        if self.peek() != "**":
            return value
        with self.deeper():
            at = self.at
            self.take()
            return self.arithmetic(at, value, self.power())

    def arithmetic(self, at: int, left: Expr, right: Expr) -> Expr:
        """Return the arithmetic whose operator is token `at`."""
        _, name, offset = self.tokens[at]
        for side in (left, right):
            if not (is_number(side) or is_open(side)) or isinstance(side, tuple):
                law = f"'{name}' works on numbers and references, but got '{expression_text(side)}'"
                law += f"; did you mean ${side}?" if isinstance(side, str) and side.isidentifier() else ""
                raise ExpressionError(law + self.meant([side]), offset)
        return self.computed(at, Arithmetic(name, left, right))

    def computed(self, at: int, value: Arithmetic | Function) -> Expr:
        """Return what token `at` computes; its value where nothing in it is open."""
        own = isinstance(value, Function) and value.name in self.functions
        if own or any(map(is_open, operands(value).values())):
            return self.combined(at, value)
        try:
            return evaluate(value, {})
        except ExpressionError as error:
            law = f"{error}{self.meant(operands(value).values())}"
            raise ExpressionError(law, self.tokens[at][2]) from None

    def meant(self, given: Iterable[Expr]) -> str:
        """Return the function that was meant where what is given looks like a call of one, or nothing."""
        words = [value.word for value in given if isinstance(value, Term)]
        near = (nearest(word, [*FUNCTIONS, *self.functions]) for word in words)
        return next((f"; did you mean {word}?" for word in near if word), "")

    def combined(self, at: int, value: Expr) -> Expr:
        self.operations += 1
        if self.operations > MAX_OPERATIONS:
            law = f"an expression holds at most {MAX_OPERATIONS} operations"
            raise ExpressionError(law, self.tokens[at][2])
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
        if word != "-" and word not in _CLOSING:
            raise self.error(f"'{word}' is not expected here", -1)
        with self.deeper():
            if word == "-":
                return self.arithmetic(self.at - 1, 0, self.power())
            value = self.bracketed(word)
        return self.items(value)

    def items(self, of: Expr) -> Expr:
        """Return what the numbers that follow take of a sequence."""
        for _ in range(MAX_NESTING):
            if self.at == len(self.tokens) or self.tokens[self.at][0] != "item":
                break
            of = Item(of, int(self.take()[1 : MAX_DIGITS + 1]))
        return of

    @contextmanager
    def deeper(self) -> Iterator[None]:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise self.error(f"nested too deep; at most {MAX_NESTING} levels", -1)
        yield
        self.depth -= 1

    def bracketed(self, mark: str) -> Expr:
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
            raise self.error(f"a number has at most {MAX_DIGITS} digits, but got {len(word)}", -1)
        unit = _UNITS.get(word[-1], 1)
        return number(Fraction(word.rstrip("kKMG")) * unit)

    def word(self, word: str) -> Expr:
        if self.peek() != "(":
            constants: dict[str, Value] = {"none": None, "true": True, "false": False}
            return constants.get(word, word)
        if word in FUNCTIONS or word in self.functions:
            return self.function(word)
        self.take()
        return Term(word, self.listed(lambda: self.term_number(word), ")"))

    def term_number(self, word: str) -> int | Fraction:
        """Return a number that a term is given."""
        value = self.operation(_SUM)
        if is_open(value) and word in TERMS:
            law = f"the numbers of {word}(...) are written out, no reference, but got"
            raise self.error(f"{law} '{expression_text(value)}'", -1)
        if is_open(value):
            raise self.error(
                f"there is no function '{word}'{suggest(word, [*FUNCTIONS, *self.functions])}", -1
            )
        if not is_number(value):
            raise self.error(f"{word}(...) takes numbers", -1)
        return value

    def function(self, word: str) -> Expr:
        at = self.at - 1
        with self.deeper():
            self.take()
            arguments = self.listed(self.two, ")") if self.peek() != ")" else ()
            self.at += not arguments
        least, most = self.functions[word] if word in self.functions else (FUNCTIONS[word][0],) * 2
        if not least <= len(arguments) <= most:
            takes = f"{least}" if least == most else f"{least} to {most}"
            raise ExpressionError(f"{word} takes {takes}, but got {len(arguments)}", self.tokens[at][2])
        for argument in arguments:
            if isinstance(argument, Term) and argument.word not in TERMS and (near := self.meant([argument])):
                raise ExpressionError(f"there is no function '{argument.word}'{near}", self.tokens[at][2])
        value = self.computed(at, Function(word, arguments))
        return self.items(value) if is_open(value) else value

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def error(self, message: str, back: int = 0) -> ExpressionError:
        at = self.at + back
        offset = self.tokens[at][2] if 0 <= at < len(self.tokens) else len(self.source)
        return ExpressionError(message, offset)
