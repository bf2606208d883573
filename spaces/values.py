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
NAME = re.compile(rf"[A-Za-z][A-Za-z0-9_.-]{{0,{NAME_LENGTH - 1}}}")


@dataclass(frozen=True)
class Term:
    """A word with arguments, such as `grouped(8)`.

    >>> str(Term("grouped", (8,)))
    'grouped(8)'
    """

    word: str
    args: tuple[int | Fraction, ...] = ()

    def __str__(self) -> str:
        return f"{self.word}({', '.join(map(str, self.args))})" if self.args else self.word


Value: TypeAlias = "int | bool | Fraction | str | Term | tuple[Value, ...] | None"
Option: TypeAlias = "int | str"


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
