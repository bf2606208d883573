"""A scope: rows that can name each other. Branches, rows within rows, become lines of one list."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from ..blocks import Block
from ..blocks.kinds import SOURCE
from ..errors import SpaceError
from .document import Document, Place
from .expressions import Expr
from .rows import BEFORE, INPUT, MAX_ROWS, Row, check_name, row_names
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
        SpaceError: If a name cannot be one, or stands twice, or there are too many; with the place.
    """
    order = list(islice(_ordered(document, rows, place), MAX_ROWS + 1))
    if len(order) > MAX_ROWS:
        law = f"at most {MAX_ROWS:,} rows stand together, those of branches included"
        raise document.error(order[-1][1], law)
    names = _names(document, order)
    ordered: list[Line] = []
    _collect(rows, place, INPUT, iter(names), ordered)
    return ordered


def _ordered(document: Document, rows: Sequence[Row], place: Place) -> Iterator[tuple[Row, Place]]:
    for index, row in enumerate(rows):
        here = (*place, index)
        for number, branch in enumerate(row.branches):
            inner = (*here, row.word, number)
            if not branch:
                raise document.error(inner, "a branch has at least one row; `identity` passes the map on")
            yield from _ordered(document, branch, inner)
        yield row, here


def _collect(rows: Sequence[Row], place: Place, source: Expr, names: Iterator[str], order: list[Line]) -> str:
    """Append the lines of rows that stand one after the other; return the name of the last one."""
    name = ""
    for index, row in enumerate(rows):
        here = (*place, index)
        base = row.args.get("from", source)
        ends = [
            _collect(branch, (*here, row.word, number), base, names, order)
            for number, branch in enumerate(row.branches)
        ]
        above = order[-1].name if order else INPUT
        name = source = next(names)
        order.append(Line(row, here, name, base, tuple(ends), not ends and base == above))
    return name


def _names(document: Document, rows: Sequence[tuple[Row, Place]]) -> list[str]:
    """Return the name of every row, given or made from its word."""
    written: list[str | None] = []
    for row, place in rows:
        name = row.args.get("name")
        if "name" in row.args and not isinstance(name, str):
            raise document.error((*place, row.word, "name"), f"a name is a word, but got '{inline(name)}'")
        written.append(name if isinstance(name, str) else None)
    names = row_names([row.word for row, _ in rows], written)
    taken: set[str] = set()
    for name, (row, place) in zip(names, rows, strict=True):
        where = (*place, row.word, *(["name"] if "name" in row.args else []))
        if "name" in row.args:
            check_row_name(document, name, where)
        if name in taken:
            raise document.error(where, f"two rows have the name '{name}'; name them apart")
        taken.add(name)
    return names


def misjoined(line: Line, block: Block[Any], args: Collection[str]) -> tuple[str, str]:
    """Return what is wrong with the maps that a row gives its block, and the parameter that is meant.

    Both are empty where nothing is; `given` are the parameters that the block is given.
    """
    missing = [key for key in block.maps[1:] if key not in args and key != BEFORE]
    others = line.row.args.get("with", ())
    joined = [line.source, *(others if isinstance(others, tuple) else (others,))]
    twice = next((name for name in joined if isinstance(name, str) and joined.count(name) > 1), "")
    if line.ends and not block.variadic and len(block.maps) != 1 + len(line.ends):
        return f"{block.word} takes no branches, or not {len(line.ends)}", ""
    if line.ends and "with" in args:
        return f"{block.word} has branches already; take `with` out", "with"
    if missing and not line.ends:
        return f"{block.word} needs '{missing[0]}': {SOURCE.law}", ""
    if block.variadic and not line.ends and "with" not in args:
        return f"{block.word} joins several maps: name them, as in `with: conv1`, or list branches", ""
    if twice:
        return f"'{twice}' is joined already; take it out of `with`", "with"
    return "", ""


def check_row_name(document: Document, name: str, place: Place) -> None:
    """Raise, with the place, unless a row can have this name."""
    try:
        check_name(name)
    except SpaceError as error:
        raise document.error(place, str(error)) from None
