"""The values of the language: what a parameter can hold, and how it is written.

A value is an int, an exact ratio (`1/4`, `0.5`), a truth value, `none`, a word (`relu`), a term
(`grouped(8)`) or a sequence of values. All are immutable and hashable, and each has exactly one text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

NAME_LENGTH = 64
NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_.-]{{0,{NAME_LENGTH - 1}}}")


@dataclass(frozen=True)
class Term:
    """A word with arguments, such as `grouped(8)`.

    >>> str(Term("grouped", (8,)))
    'grouped(8)'
    """

    word: str
    args: tuple[int | Fraction, ...] = ()

    def __str__(self) -> str:
        # Slopes stay ratios: studies hold them as options.
        say = str if self.word == "leaky_relu" else _decimal
        return f"{self.word}({', '.join(map(say, self.args))})" if self.args else self.word


def _decimal(number: int | Fraction) -> str:
    """Return a number as it is said: hundredths, thousandths and so on as decimals.

    >>> [_decimal(Fraction(1, n)) for n in (4, 100, 1000, 10**6)]
    ['1/4', '0.01', '0.001', '1e-6']
    """
    digits = str(number.denominator)
    if len(digits) < 3 or digits.strip("0") != "1":
        return str(number)
    decimal = str(float(number)).replace("e-0", "e-")
    return decimal if Fraction(decimal) == number else str(number)


Value: TypeAlias = "int | bool | Fraction | str | Term | tuple[Value, ...] | None"
Option: TypeAlias = "int | str"


class LogOptions(tuple[Option, ...]):
    """The options of a logarithmic range: numbers in order, or decimals as texts."""

    __slots__ = ()


def decimal(number: int | Fraction | float) -> str:
    """Return a number as decimals have it, to twelve digits.

    >>> decimal(Fraction(63, 5000)), decimal(1e-7)
    ('0.0126', '1e-07')
    """
    return f"{float(number):.12g}"


def identifier(name: str) -> str:
    """Return a name as Python has it: `_1x1` for `1x1`."""
    return f"_{name}" if name[:1].isdigit() else name


def text(value: Value) -> str:
    """Return the one way to write a value.

    >>> [text(v) for v in (3, Fraction(1, 4), None, True, "relu", (96, 128))]
    ['3', '1/4', 'none', 'true', 'relu', '[96, 128]']
    """
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(text, value))}]"
    return str(value)


def option(value: Value) -> Option:
    """Return a value as an option of a choice: an int, or its text."""
    return value if isinstance(value, int) and not isinstance(value, bool) else text(value)


def shape_text(shape: tuple[int, ...]) -> str:
    """Return `3x224x224` for `(3, 224, 224)`."""
    return "x".join(map(str, shape))
