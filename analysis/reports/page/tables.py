"""Tables of pages: columns that add up, each number with its share of the total."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Html: TypeAlias = str
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


def html_table(heads: Html, rows: Html, foot: Html = "") -> Html:
    """Return a table in a box that scrolls by itself."""
    body = f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>{foot}"
    return f'<div class="scroll" tabindex="0"><table>{body}</table></div>'


def number_class(is_number: bool) -> Html:
    """Return the attribute that sets a column to the right."""
    return ' class="number"' if is_number else ""
