"""Kinds of settings: the law in words, how a text is read, and the check, said once.

A parameter of a block and a field of a job, a recipe, a sampler or a rule of early stopping name their kind::

    epochs: Annotated[int, whole(1)] = 3
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from types import UnionType
from typing import Any, Generic, TypeVar

from .vocabulary import nearest

V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)


@dataclass(frozen=True)
class Kind(Generic[V_co]):
    """What a setting may be.

    Attributes:
        law: What it may be, in words.
        check: Returns the normal form of a value, or fails with a ValueError, TypeError or AttributeError.
        parse: Returns the value that a written tree means, for `check`; fails likewise.
        words: The words among which the nearest is suggested.
    """

    law: str
    check: Callable[[object], V_co]
    parse: Callable[[object], object] = lambda tree: tree
    words: tuple[str, ...] = ()

    def accept(self, value: object) -> V_co:
        """Return a value in its normal form.

        Raises:
            ValueError: If it is not of this kind; the message is the law.
        """
        try:
            return self.check(value)
        except (TypeError, AttributeError, ValueError):
            raise ValueError(self.law) from None

    def read(self, tree: object) -> V_co:
        """Return what a text, or a tree of texts, means.

        Raises:
            ValueError: If it is not of this kind; the message is the law.
        """
        try:
            return self.check(self.parse(tree))
        except (TypeError, AttributeError, ValueError):
            raise ValueError(self.law) from None

    def refusal(self, value: object, shown: str, functions: Iterable[str] = ()) -> str:
        """Return why a value is refused: the law, the value as it was written, the nearest right word.

        `functions` are those that `value`, where it is a term, may have been meant to call.

        >>> word("line", "cosine").refusal("cosin", "'cosin'")
        "is one of line, cosine, but got 'cosin'; did you mean 'cosine'?"
        """
        word = getattr(value, "word", value)  # of a term, such as batch(0.001)
        words = self.words if word is value else (*self.words, *functions)
        near = nearest(word, words) if isinstance(word, str) else ""
        law = f"is {self.law}, but got {shown}"
        if near and near != word:
            return f"{law}; did you mean {near}?"
        if isinstance(value, str) and re.fullmatch(r"\d+(x\d+)+", value):
            return f"{law}; a size is one number, or a sequence as in [{value.replace('x', ', ')}]"
        if isinstance(value, int) and value > 1 and "ratio" in self.law:
            return f"{law}; did you mean 1/{value}?"
        if isinstance(value, Fraction) and self.accepts(int(value)) and not self.accepts(Fraction(1, 2)):
            return f"{law}; a quotient rounded down is written a // b"
        items = value if isinstance(value, tuple) else ()
        if len(items) > 1 and all(self.accepts(item) and not isinstance(item, tuple) for item in items):
            options = shown.strip("'[]")
            return f"{law}; a choice, in a space, is written {{{options}}}"
        return law

    def accepts(self, value: object) -> bool:
        """Return whether a value is of this kind."""
        try:
            self.accept(value)
        except ValueError:
            return False
        return True


@dataclass(frozen=True)
class Takes:
    """What a setting without a kind may be, in words: it is read and checked by whoever has it."""

    law: str


def law_of(hint: object) -> str:
    """Return what an `Annotated` type allows, in words; "" if it says nothing."""
    laws = (extra.law for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, Kind | Takes))
    return next(laws, "")


def kind_of(hint: object) -> Kind[Any] | None:
    """Return the kind that an `Annotated` type names, if it names one."""
    return next((extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, Kind)), None)


def require(condition: bool) -> None:
    """Fail, in a check, unless a condition holds."""
    if not condition:
        raise ValueError


def of_type(
    law: str,
    types: type | UnionType,
    holds: Callable[[V], bool],
    parse: Callable[[object], object] = lambda tree: tree,
    words: tuple[str, ...] = (),
) -> Kind[V]:
    """Return the kind of the values of some types for which a law holds; true and false are no numbers."""

    def check(value: object) -> V:  # sampling spends much of its time here: no calls but these
        if not isinstance(value, types) or (isinstance(value, bool) and types is not bool):
            raise ValueError
        if not holds(value):  # type: ignore[arg-type]
            raise ValueError
        return value  # type: ignore[return-value]

    return Kind(law, check, parse, words)


def whole(low: int = 1, high: int | None = None, *, law: str = "") -> Kind[int]:
    """Return the kind of whole numbers from `low` to `high`; the law says so unless it is given.

    >>> whole(1, 1000).law, whole(1).read("3")
    ('a whole number from 1 to 1,000', 3)
    """
    end = "" if high is None else f" to {high:,}"
    return of_type(
        law or f"a whole number from {low:,}{end}",
        int,
        lambda value: low <= value and (high is None or value <= high),
        _number_in(int),
    )


def number(law: str, holds: Callable[[float], bool]) -> Kind[float]:
    """Return the kind of finite numbers for which a law holds."""
    return of_type(law, int | float, lambda value: math.isfinite(value) and holds(value), _number_in(float))


def flag() -> Kind[bool]:
    """Return the kind of what is so or not.

    >>> flag().read("true")
    True
    """
    words = {"true": True, "false": False}
    return of_type(
        "true or false", bool, lambda _: True, lambda tree: words.get(str(tree).lower(), tree), (*words,)
    )


def word(*words: str, law: str = "") -> Kind[str]:
    """Return the kind of one word out of several; the law says which unless it is given."""
    return of_type(law or f"one of {', '.join(words)}", str, lambda value: value in words, words=words)


def matching(pattern: str, law: str) -> Kind[str]:
    """Return the kind of texts that a regular expression matches as a whole."""
    return of_type(law, str, lambda value: re.fullmatch(pattern, value) is not None)


def optional(kind: Kind[V], *, law: str = "") -> Kind[V | None]:
    """Return a kind that may also be none; the law is the kind's own and none unless it is given."""
    return Kind(
        law or f"{kind.law}, or none",
        lambda value: None if value is None else kind.check(value),
        lambda tree: None if tree in (None, "none", "null") else kind.parse(tree),
        (*kind.words, "none"),
    )


def _number_in(form: type[int] | type[float]) -> Callable[[object], object]:
    """Return how a text is read as a number; what is no text stays as it is, for the check to refuse."""
    return lambda tree: form(tree) if isinstance(tree, str) else tree
