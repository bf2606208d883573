"""A scope: rows that can name each other. Branches, rows within rows, become lines of one list."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from ..blocks import Block
from ..blocks.kinds import SOURCE, SOURCES, Kind
from .calls import RowError
from .document import Document, Place
from .expressions import Expr
from .rows import BEFORE, INPUT, MAX_ROWS, STYLE, Row, check_name, row_names
from .writing import inline


class Line(NamedTuple):
    """One row of a scope.

    Attributes:
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
    unnamed: list[Line] = []
    _collect(document, rows, place, INPUT, repeat(""), unnamed)
    ordered: list[Line] = []
    _collect(document, rows, place, INPUT, iter(_names(document, unnamed)), ordered)
    return ordered


def _collect(
    document: Document,
    rows: Sequence[Row],
    place: Place,
    source: Expr,
    names: Iterator[str],
    order: list[Line],
) -> str:
    """Append the lines of rows that stand one after the other; return the name of the last one."""
    name = ""
    for index, row in enumerate(rows):
        here = (*place, index)
        base = row.args.get("from", source)
        ends = []
        for number, branch in enumerate(row.branches):
            inner = (*here, row.word, number)
            if not branch:
                raise document.error(inner, "a branch has at least one row; `identity` passes the map on")
            ends.append(_collect(document, branch, inner, base, names, order))
        above = order[-1].name if order else INPUT
        name = source = next(names)
        order.append(Line(row, here, name, base, tuple(ends), not ends and base == above))
        if len(order) > MAX_ROWS:
            law = f"at most {MAX_ROWS:,} rows stand together, those of branches included"
            raise document.error(here, law)
    return name


def _names(document: Document, order: Sequence[Line]) -> list[str]:
    """Return the name of every row, given or made from its word."""
    written: list[str | None] = []
    for line in order:
        name = line.row.args.get("name")
        if "name" in line.row.args and not isinstance(name, str):
            raise document.error((*line.inner, "name"), f"a name is a word, but got '{inline(name)}'")
        written.append(name if isinstance(name, str) else None)
    names = row_names([line.row.word for line in order], written)
    taken: set[str] = set()
    for name, line in zip(names, order, strict=True):
        where = line.inner
        if "name" in line.row.args:
            where = (*where, "name")
            check_row_name(document, name, where)
        if name in taken:
            raise document.error(where, f"two rows have the name '{name}'; name them apart")
        taken.add(name)
    return names


def check_joined(line: Line, block: Block[Any], args: Collection[str]) -> None:
    """Raise unless a row gives its block the maps that it reads; `args` are all that the block is given."""
    missing = [key for key in block.maps[1:] if key not in args and key != BEFORE]
    others = line.row.args.get("with", ())
    joined = [line.source, *(others if isinstance(others, tuple) else (others,))]
    twice = next((name for name in joined if isinstance(name, str) and joined.count(name) > 1), "")
    law, place = "", line.inner
    if line.ends and not block.variadic and len(block.maps) != 1 + len(line.ends):
        law = f"{block.word} takes no branches, or not {len(line.ends)}"
    elif line.ends and "with" in args:
        law, place = f"{block.word} has branches already; take `with` out", (*place, "with")
    elif missing and not line.ends:
        law = f"{block.word} needs '{missing[0]}': {SOURCE.law}"
    elif block.variadic and not line.ends and "with" not in args:
        law = f"{block.word} joins several maps: name them, as in `with: conv1`, or list branches"
    elif twice:
        law, place = f"'{twice}' is joined already; take it out of `with`", (*place, "with")
    if law:
        raise RowError(law, place, at_key=place == line.inner)


def argument_kinds(block: Block[Any]) -> dict[str, Kind]:
    """Return the kinds of all that a row can give a block."""
    kinds = dict(STYLE) if block.styled else {}
    kinds |= {name: SOURCE for name in block.maps[1:] if name != BEFORE}
    if block.variadic:
        kinds["with"] = SOURCES
    return kinds | {name: parameter.kind for name, parameter in block.parameters.items()}


def check_row_name(document: Document, name: str, place: Place) -> None:
    """Raise, with the place, unless a row can have this name."""
    with document.at(place):
        check_name(name)
