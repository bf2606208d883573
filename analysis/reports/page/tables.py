"""Tables of pages: columns that add up, each number with its share of the total."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Cell: TypeAlias = str | int | tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class SharesTable:
    """A table some of whose columns add up; the macro `shares_table` shows it.

    Attributes:
        heads: The heads.
        rows: The cells, row by row.
        counts: Indices of the columns that add up; their cells are whole numbers.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    counts: Collection[int]

    @property
    def totals(self) -> dict[int, int]:
        """The total of each column that adds up."""
        return {
            index: sum(cell for row in self.rows if isinstance(cell := row[index], int))
            for index in self.counts
        }
