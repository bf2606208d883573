"""A scope: rows that can name each other. Branches, rows within rows, become lines of one list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .document import Document, Place
from .errors import SpaceError
from .expressions import Expr
from .rows import INPUT, Row, check_name, row_names
from .writing import inline


class Line(NamedTuple):
    """One row of a scope.

    Attributes:
        row: The row.
        place: Where it stands.
        name: Its name, given or made from its word.
        source: What it reads: the name of a line, or the expression of its `from`.
        ends: The last line of each of its branches.
        follows: Whether it reads the line above it.
    """

    row: Row
    place: Place
    name: str
    source: Expr
    ends: tuple[str, ...]
    follows: bool

    @property
    def inner(self) -> Place:
        """Where its parameters stand."""
        return (*self.place, self.row.word)


def lines(document: Document, rows: Sequence[Row], place: Place) -> list[Line]:
    """Return the rows of a scope in the order in which they are computed, branches before what joins them.

    Raises:
        SpaceError: If a name cannot be one, or stands twice; with the place.
    """
    order = list(_ordered(rows, place))
    names = _names(document, order)
    found: list[Line] = []
    _collect(rows, place, INPUT, iter(names), found)
    return found


def _ordered(rows: Sequence[Row], place: Place) -> Iterator[tuple[Row, Place]]:
    for index, row in enumerate(rows):
        here = (*place, index)
        for number, branch in enumerate(row.branches):
            yield from _ordered(branch, (*here, row.word, number))
        yield row, here


def _collect(rows: Sequence[Row], place: Place, source: Expr, names: Iterator[str], found: list[Line]) -> str:
    """Append the lines of rows that stand one after the other; return the name of the last one."""
    name = ""
    for index, row in enumerate(rows):
        here = (*place, index)
        base = row.args.get("from", source)
        ends = [
            _collect(branch, (*here, row.word, number), base, names, found)
            for number, branch in enumerate(row.branches)
        ]
        above = found[-1].name if found else INPUT
        name = source = next(names)
        found.append(Line(row, here, name, base, tuple(ends), not ends and base == above))
    return name


def _names(document: Document, rows: Sequence[tuple[Row, Place]]) -> list[str]:
    """Return the name of every row, given or made from its word."""
    given: list[str | None] = []
    for row, place in rows:
        name = row.args.get("name")
        if "name" in row.args and not isinstance(name, str):
            raise document.error((*place, row.word, "name"), f"a name is a word, but got '{inline(name)}'")
        given.append(name if isinstance(name, str) else None)
    names = row_names([row.word for row, _ in rows], given)
    taken: set[str] = set()
    for name, (row, place) in zip(names, rows, strict=True):
        where = (*place, row.word, *(["name"] if "name" in row.args else []))
        if "name" in row.args:
            check_row_name(document, name, where)
        if name in taken:
            raise document.error(where, f"two rows have the name '{name}'; name them apart")
        taken.add(name)
    return names


def repeated(source: Expr, others: Sequence[Expr]) -> str:
    """Return a row that a join would join twice, or nothing: what it reads, and what it names as `with`."""
    names = [name for name in (source, *others) if isinstance(name, str)]
    return next((name for name in names if names.count(name) > 1), "")


def check_row_name(document: Document, name: str, place: Place) -> None:
    """Raise, with the place, unless a row can have this name."""
    try:
        check_name(name)
    except SpaceError as error:
        raise document.error(place, str(error)) from None
