"""Kinds of settings: the law in words, how a text is read, and the check, said once.

A parameter of a block and a field of a job, a recipe, a sampler or a rule of early stopping name their kind::

    epochs: Annotated[int, whole(1)] = 3
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from types import UnionType
from typing import Any, Generic, TypeVar

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

    def refusal(self, value: object, shown: str) -> str:
        """Return why a value is refused: the law, the value as it was written, the nearest right word.

        >>> word("line", "cosine").refusal("cosin", "'cosin'")
        "is one of line, cosine, but got 'cosin'; did you mean 'cosine'?"
        """
        near = get_close_matches(value, self.words, n=1) if isinstance(value, str) else []
        return f"is {self.law}, but got {shown}" + (f"; did you mean '{near[0]}'?" if near else "")


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


def word(*words: str, law: str = "") -> Kind[str]:
    """Return the kind of one word out of several; the law says which unless it is given."""
    return of_type(law or f"one of {', '.join(words)}", str, lambda value: value in words, words=words)


def words(*words: str) -> Kind[tuple[str, ...]]:
    """Return the kind of any of several words, each once: none, a word, a list, or YAML's `{flip, shift}`."""

    def parse(tree: object) -> object:
        if tree in (None, "none"):
            return ()
        if isinstance(tree, dict):
            require(set(tree.values()) == {None})
        return (tree,) if isinstance(tree, str) else tuple(tree)  # type: ignore[arg-type]

    return of_type(
        f"none, one of {', '.join(words)}, or a list of them, each once",
        tuple,
        lambda value: all(value.count(item) == (item in words) for item in value),
        parse,
        words,
    )


def matching(pattern: str, law: str) -> Kind[str]:
    """Return the kind of texts that a regular expression matches as a whole."""
    return of_type(law, str, lambda value: re.fullmatch(pattern, value) is not None)


def optional(kind: Kind[V], *, law: str = "") -> Kind[V | None]:
    """Return a kind that may also be none; the law is the kind's own and none unless it is given."""
    return Kind(
        law or f"{kind.law}, or none",
        lambda value: None if value is None else kind.check(value),
        lambda tree: None if tree in (None, "none", "null") else kind.parse(tree),
        kind.words,
    )


def _number_in(form: type[int] | type[float]) -> Callable[[object], object]:
    """Return how a text is read as a number; what is no text stays as it is, for the check to refuse."""
    return lambda tree: form(tree) if isinstance(tree, str) else tree
