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
from heapq import nlargest
from typing import Literal, TypeAlias
from unicodedata import east_asian_width

from ..format import NONE
from .specs import plain_number

Kind: TypeAlias = Literal["number", "text", "code", "outline", "status", "strip"]

STILL = 60
"""Rows that are shown without a script and in print."""
LONGEST = 240
"""Letters of a text from which on a cell has its beginning alone; the page has it whole elsewhere."""
LIKELY = 50
"""So many texts of a column, those of the most letters, may be the widest."""
AIR = 4
"""The padding of a column, in digits."""
CHIP = 8
"""What the word beside a status takes, in digits."""
WIDE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ@%&mw…")
STRIP = 17
"""What the picture of a network takes, in digits."""
SORT = 3
"""What the mark of the order takes beside a head, in digits."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column.

    Attributes:
        values: A cell a row: numbers (NaN where missing) or texts.
        kind: How it is shown; a `status` is a word, and more after a colon; a `strip` is the address of the
            picture of a network, which is no text.
        title: What the head is short for; "" for nothing.
        is_shown: Whether it is shown before the reader chooses the columns.
        percent: Whether numbers are shares to be shown in percent.
        grouped: Whether thousands are parted by commas.
    """

    head: str
    values: Sequence[float] | Sequence[str]
    kind: Kind = "number"
    title: str = ""
    is_shown: bool = True
    decimals: int = 0
    percent: bool = False
    grouped: bool = True

    def text(self, index: int) -> str:
        """Return the cell of a row to read."""
        cell = self.values[index]
        if isinstance(cell, str):
            if self.kind == "strip":
                return ""
            return cell if len(cell) <= LONGEST else f"{cell[: LONGEST - 1]}…"
        if math.isnan(cell):
            return NONE
        if self.percent:
            return f"{cell:.{self.decimals}%}"
        return f"{cell:,.{self.decimals}f}" if self.grouped else f"{cell:.{self.decimals}f}"

    @cached_property
    def width(self) -> float:
        """Its width in digits: no text of it is cut."""
        if self.kind == "strip":
            return STRIP + AIR
        texts = nlargest(LIKELY, {self.text(index) for index in range(len(self.values))}, key=len)
        longest = max(map(_digits, texts), default=0)
        chip = CHIP if self.kind == "status" else 0
        return round(max(longest + chip, _digits(self.head) + SORT) + AIR, 1)

    @property
    def data(self) -> dict[str, object]:
        """The column as the page's script takes it."""
        return {
            **{name: getattr(self, name) for name in ("kind", "decimals", "percent", "grouped", "is_shown")},
            "values": [cell if isinstance(cell, str) else plain_number(cell) for cell in self.values],
        }


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table.

    Attributes:
        noun: What a row is, in the plural.
        marks: Sets of rows to filter by, by what they are; the first is drawn strong, and printed.
        chip: What stands beside the status of those, in a word.
        ids: A number a row, by which `#ANCHOR-NUMBER` finds it; none where nothing leads there.
        anchor: The word before the number.
        links: Where the first cell of some rows leads without a script: places of the page, without the mark.
        opens: Whether the page opens each row, at its anchor.
        hint: What may be written into the filter, as an example.
    """

    noun: str
    columns: Sequence[Column]
    marks: Mapping[str, Sequence[int]] = field(default_factory=dict)
    ids: Sequence[int] = ()
    anchor: str = "row"
    links: Mapping[int, str] = field(default_factory=dict)
    opens: bool = False
    chip: str = ""
    hint: str = ""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.columns[0].values)

    @cached_property
    def strong(self) -> frozenset[int]:
        """The rows of the first mark."""
        return frozenset(int(index) for index in next(iter(self.marks.values()), ()))

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
            "opens": self.opens,
            "chip": self.chip,
            "longest": LONGEST,
            "marks": {mark: [int(index) for index in rows] for mark, rows in self.marks.items()},
            "still": self.still,
            "columns": [column.data for column in self.columns],
        }


def _digits(text: str) -> float:
    """Return how wide a text is, in digits: capitals are wider, letters of the East twice as wide."""
    return sum(2 if east_asian_width(letter) in "WF" else 1.25 if letter in WIDE else 1 for letter in text)
