"""Output: rows of a result as a table to read, or as JSON, CSV, Markdown or LaTeX for other programs."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from .analysis.reports.tables import is_numeric, latex, markdown

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")


class Format(StrEnum):
    """How a command prints its result."""

    table = "table"
    json = "json"
    csv = "csv"
    md = "md"
    latex = "latex"


FormatOption = Annotated[
    Format, typer.Option("--format", metavar="FORMAT", help=f"Of the output: {', '.join(Format)}.")
]


def log(text: str) -> None:
    """Print a line to standard error, where progress and next steps go."""
    print(text, file=sys.stderr)


def emit(columns: Sequence[str], rows: Sequence[Sequence[object]], form: Format, *, title: str = "") -> None:
    """Print rows to standard output in a format; `json` gives a list of objects."""
    if form is Format.table:
        _table(columns, rows, title)
    elif form is Format.json:
        emit_json([dict(zip(columns, row, strict=True)) for row in rows])
    elif form is Format.csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows([columns, *rows])
    else:
        sys.stdout.write((latex if form is Format.latex else markdown)(columns, rows))


def emit_json(value: Any) -> None:
    """Print a value as JSON to standard output, sequences of numbers on one line."""
    text = json.dumps(value, indent=2)
    text = re.sub(r"\[[\d,\s]+\]", lambda match: " ".join(match.group().split()), text)
    sys.stdout.write(text.replace("[ ", "[").replace(" ]", "]") + "\n")


def watch(items: Iterator[T], total: int) -> Iterator[T]:
    """Yield items, with a bar on standard error that shows how many there are still to come."""
    with _bars() as bars:
        yield from bars.track(items, total=total, description="counting")


@contextmanager
def progress() -> Iterator[Callable[[str, float, float], None]]:
    """Yield a function of a task's name, how much of it is done, and of how much; a terminal shows bars."""
    with _bars() as bars:
        tasks: dict[str, Any] = {}

        def show(words: str, done: float, total: float) -> None:
            if words not in tasks:
                tasks[words] = bars.add_task(words, total=total)
            bars.update(tasks[words], completed=done)

        yield show


def _bars() -> Progress:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    return Progress(console=console, transient=True, disable=not console.is_terminal)


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    # A pipe has no width: its reader decides what to cut.
    console = Console(width=None if sys.stdout.isatty() else 1000)
    cells = [[_cell(cell) for cell in row] for row in rows]
    right = [is_numeric([row[at] for row in rows]) for at in range(len(columns))]
    widths = [max(map(len, column)) + 3 for column in zip(columns, *cells, strict=True)]
    if len(rows) < len(columns) and sum(widths) > console.width:
        # Too wide for the terminal, it is transposed: a line for each column.
        columns, *cells = map(list, zip(columns, *cells, strict=True))
        right = [False, *[True] * len(rows)]
    table = Table(box=SIMPLE_HEAD, title=escape(title) or None, title_justify="left", title_style="bold")
    for column, to_right in zip(columns, right, strict=True):
        justify: Literal["left", "right"] = "right" if to_right else "left"
        table.add_column(escape(column), justify=justify, no_wrap=to_right, overflow="fold")
    for row in cells:
        table.add_row(*map(escape, row))
    console.print(table)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
