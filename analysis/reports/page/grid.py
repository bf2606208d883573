"""A table of any number of rows: the page holds its columns as data, the document only the rows in view.

Ten thousand rows as elements double the time to open a page; so the rows are JSON columns, and the page's
script shows those in view, sorts and filters all. What needs no script, and print, get a stated part:
the first rows, or those of a mark (the frontier).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

from ..format import NONE
from .specs import plain_number

Kind: TypeAlias = Literal["number", "text", "code", "outline", "status"]

STILL = 60
"""Rows that are shown without a script and in print."""
WIDTHS = {"number": (7, 18), "text": (7, 44), "code": (9, 20), "outline": (16, 42), "status": (13, 22)}
"""The least and the largest width of a column, in digits."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column.

    Attributes:
        values: A cell a row: numbers (NaN where missing) or texts.
        kind: How it is shown; a `status` is a word, and more after a colon.
        percent: Whether numbers are shares to be shown in percent.
        grouped: Whether thousands are parted by commas.
    """

    head: str
    values: Sequence[float] | Sequence[str]
    kind: Kind = "number"
    decimals: int = 0
    percent: bool = False
    grouped: bool = True

    def text(self, index: int) -> str:
        """Return the cell of a row to read."""
        cell = self.values[index]
        if isinstance(cell, str):
            return cell
        if math.isnan(cell):
            return NONE
        if self.percent:
            return f"{cell:.{self.decimals}%}"
        return f"{cell:,.{self.decimals}f}" if self.grouped else f"{cell:.{self.decimals}f}"

    @property
    def width(self) -> int:
        """Its width in digits."""
        least, most = WIDTHS[self.kind]
        head = min(len(self.head) + 6, 34)
        longest = max((len(self.text(index)) for index in range(len(self.values))), default=0)
        return min(max(longest + 3, least, head), max(most, head))

    @property
    def data(self) -> dict[str, object]:
        """The column as the page's script takes it."""
        return {
            **{name: getattr(self, name) for name in ("kind", "decimals", "percent", "grouped")},
            "values": [cell if isinstance(cell, str) else plain_number(cell) for cell in self.values],
        }


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table.

    Attributes:
        noun: What a row is, in the plural.
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

    @cached_property
    def widths(self) -> list[int]:
        """The width of each column."""
        return [column.width for column in self.columns]

    @cached_property
    def still(self) -> list[int]:
        """The rows that are shown without a script and in print."""
        marked = next(iter(self.marks.values()), ())
        if self.rows <= STILL or not len(marked):
            return list(range(min(self.rows, STILL)))
        return sorted(marked)[:STILL]

    @property
    def part(self) -> str:
        """Which rows those are; "" if they are all."""
        if len(self.still) == self.rows:
            return ""
        mark, marked = next(iter(self.marks.items()), ("", ()))
        which = f"those {mark}" if mark and len(marked) == len(self.still) else "the first of them"
        return f"Here {len(self.still):,} of {self.rows:,} {self.noun}: {which}."

    @property
    def data(self) -> dict[str, object]:
        """The table as the page's script takes it."""
        return {
            "noun": self.noun,
            "anchor": self.anchor,
            "ids": [int(number) for number in self.ids],
            "links": {str(index): anchor for index, anchor in self.links.items()},
            "marks": {mark: [int(index) for index in rows] for mark, rows in self.marks.items()},
            "still": self.still,
            "columns": [column.data for column in self.columns],
        }
