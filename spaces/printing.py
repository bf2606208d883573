"""Printed: an object that prints as a short table, and shows itself as one in a notebook."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from .display import Fitted, Rows, fit, lines_of

SHORT = 40
"""Rows of a table that is printed in full; of a longer one the middle is left out."""


@dataclass(frozen=True, kw_only=True)
class Printout:
    """What an object prints.

    Attributes:
        title: What it is, in a line.
        columns: The heads.
        rows: The cells.
        names: How many of the first columns tell which row it is.
        least: The columns that a narrow terminal leaves out first.
    """

    title: str
    columns: Sequence[str]
    rows: Rows
    names: int = 1
    least: Sequence[str] = ()

    def shortened(self) -> Rows:
        """Return the rows, or the first and the last of very many with a word in between."""
        if len(self.rows) <= SHORT:
            return self.rows
        left_out = f"... {len(self.rows) - SHORT + 1:,} more"
        middle = (left_out, *[None] * (len(self.columns) - 1))
        return [*self.rows[: SHORT // 2], middle, *self.rows[-(SHORT // 2 - 1) :]]

    def fitted(self, width: int | None) -> Fitted:
        """Return the table as it fits a width."""
        return fit(self.columns, self.shortened(), width, names=self.names, least=self.least)


class Printed:
    """What a class inherits that says what it prints: `str` is a table, `repr` a line."""

    def printout(self) -> Printout:
        """Return what the object prints."""
        raise NotImplementedError

    def __str__(self) -> str:
        width = shutil.get_terminal_size().columns if sys.stdout and sys.stdout.isatty() else None
        printout = self.printout()
        fitted = printout.fitted(width)
        left_out = [f"... without {', '.join(fitted.left_out)}"] if fitted.left_out else []
        return "\n".join([printout.title, *lines_of(fitted), *left_out])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.printout().title}>"

    def _repr_html_(self) -> str:
        """Return the table as a notebook shows it."""
        printout = self.printout()
        fitted = printout.fitted(None)
        heads = _html_row("th", fitted.heads, fitted.right)
        rows = "".join(_html_row("td", row, fitted.right) for row in fitted.rows)
        title = escape(printout.title)
        return f"<table><caption>{title}</caption><thead>{heads}</thead><tbody>{rows}</tbody></table>"


def _html_row(tag: str, cells: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    sides = ["right" if to_right else "left" for to_right in right]
    texts = [
        f'<{tag} style="text-align: {side}">{escape(" ".join(lines))}</{tag}>'
        for lines, side in zip(cells, sides, strict=True)
    ]
    return f"<tr>{''.join(texts)}</tr>"
