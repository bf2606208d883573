"""A table of any number of rows: the page holds its columns as data, the document only the rows in view.

Ten thousand rows as elements double the time to open a page; so the rows are JSON columns, and the page's
script shows those in view, sorts and filters all. What needs no script, and print, get a stated part:
the first rows, or those of a mark (the frontier).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Literal, TypeAlias

from ..format import NONE
from . import embedded
from .tables import Html, number_class

Kind: TypeAlias = Literal["number", "text", "code", "outline", "status"]

STILL = 60
"""Rows that are shown without a script and in print."""
WIDTHS = {"number": (7, 18), "text": (7, 44), "code": (9, 20), "outline": (16, 42), "status": (13, 22)}
"""The least and the largest width of a column, in digits."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column.

    Attributes:
        head: Its head.
        values: A cell a row: numbers (NaN where missing) or texts.
        kind: How it is shown; a `status` is a word, and more after a colon.
        decimals: Of numbers.
        percent: Whether numbers are shares to be shown in percent.
        grouped: Whether thousands are parted by commas.
    """

    head: str
    values: Sequence[float] | Sequence[str]
    kind: Kind = "number"
    decimals: int = 0
    percent: bool = False
    grouped: bool = True


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table.

    Attributes:
        noun: What a row is, in the plural.
        columns: The columns.
        marks: Sets of rows to filter by, by what they are; the first is drawn strong, and printed.
        ids: A number a row, by which `#ANCHOR-NUMBER` finds it; none where nothing leads there.
        anchor: The word before the number.
        links: Where the first cell of some rows leads: places of the page, without the mark.
        hint: What may be written into the filter, as an example.
    """

    noun: str
    columns: Sequence[Column]
    marks: Mapping[str, Sequence[int]] = field(default_factory=dict)
    ids: Sequence[int] = ()
    anchor: str = "row"
    links: Mapping[int, str] = field(default_factory=dict)
    hint: str = ""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.columns[0].values)


def grid_section(grid: Grid) -> Html:
    """Return the table with its filter, its data and a part of its rows."""
    heads = "".join(
        f'<th scope="col"{number_class(one.kind == "number")}><button>{escape(one.head)}</button></th>'
        for one in grid.columns
    )
    widths = [_width(one) for one in grid.columns]
    cols = "".join(f'<col style="width: {width}ch">' for width in widths)
    every = '<option value="">all</option>'
    options = "".join(f"<option>{escape(mark)}</option>" for mark in grid.marks)
    choice = f'<label>Show <select id="mark">{every}{options}</select></label>' if options else ""
    still = _still(grid)
    rows = "".join(_row(grid, at) for at in still)
    part = f'<p class="note" id="part">{escape(_part(grid, still))}</p>'
    return (
        '<div class="controls"><label>Filter '
        f'<input type="search" id="filter" placeholder="{escape(grid.hint)}"></label>'
        f'{choice}<output id="shown"></output></div>'
        f'<div class="scroll grid" tabindex="0" role="region" aria-label="{escape(grid.noun)}" '
        f'data-anchor="{escape(grid.anchor)}">'
        f'<table aria-rowcount="{grid.rows + 1}" style="min-width: max(100%, {sum(widths)}ch)">'
        f"<colgroup>{cols}</colgroup><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>{part}"
        f'<script type="application/json" id="grid">{embedded(_data(grid, still))}</script>'
    )


def cell_text(column: Column, at: int) -> str:
    """Return one cell to read."""
    cell = column.values[at]
    if isinstance(cell, str):
        return cell
    if math.isnan(cell):
        return NONE
    if column.percent:
        return f"{cell:.{column.decimals}%}"
    return f"{cell:,.{column.decimals}f}" if column.grouped else f"{cell:.{column.decimals}f}"


def _still(grid: Grid) -> list[int]:
    marked = next(iter(grid.marks.values()), ())
    if grid.rows <= STILL or not len(marked):
        return list(range(min(grid.rows, STILL)))
    return sorted(marked)[:STILL]


def _part(grid: Grid, still: Sequence[int]) -> str:
    """Return which rows those are that are shown without a script and in print."""
    if len(still) == grid.rows:
        return ""
    marked = next(iter(grid.marks.items()), None)
    which = f"those {marked[0]}" if marked and len(marked[1]) == len(still) else "the first of them"
    return f"Here {len(still):,} of {grid.rows:,} {grid.noun}: {which}."


def _row(grid: Grid, at: int) -> Html:
    first, *rest = (_cell(column, at) for column in grid.columns)
    if at in grid.links:
        text = escape(cell_text(grid.columns[0], at))
        first = f'<td class="{grid.columns[0].kind}"><a href="#{escape(grid.links[at])}">{text}</a></td>'
    return f"<tr>{first}{''.join(rest)}</tr>"


def _cell(column: Column, at: int) -> Html:
    text = escape(cell_text(column, at))
    if column.kind == "status":
        return f'<td><span class="status {text.partition(":")[0]}">{text}</span></td>'
    return f'<td class="{column.kind}">{text}</td>'


def _width(column: Column) -> int:
    least, most = WIDTHS[column.kind]
    longest = max((len(cell_text(column, at)) for at in range(len(column.values))), default=0)
    return min(
        max(longest + 3, least, min(len(column.head) + 6, 34)), max(most, min(len(column.head) + 6, 34))
    )


def _data(grid: Grid, still: Sequence[int]) -> dict[str, object]:
    columns = [
        {
            "kind": one.kind,
            "decimals": one.decimals,
            "percent": one.percent,
            "grouped": one.grouped,
            "values": [_plain(value) for value in one.values],
        }
        for one in grid.columns
    ]
    return {
        "noun": grid.noun,
        "anchor": grid.anchor,
        "ids": [int(one) for one in grid.ids],
        "links": {str(at): place for at, place in grid.links.items()},
        "marks": {mark: [int(at) for at in rows] for mark, rows in grid.marks.items()},
        "still": list(still),
        "columns": columns,
    }


def _plain(cell: float | str) -> float | int | str | None:
    if isinstance(cell, str):
        return cell
    number = float(cell)
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number
