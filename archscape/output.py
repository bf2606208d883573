"""Output: rows of a result as a table to read, or as JSON, CSV, Markdown or LaTeX for other programs."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from typing import Annotated, Any, Literal, TextIO

import typer

from .analysis.reports.tables import latex, markdown
from .spaces.display import GAP, fit, lines_of, wrap


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
    """Print a line to standard error, where progress and next steps go; a command in it stays one line."""
    is_command = text.startswith((" ", "Next:"))
    # What cannot be told any more is no reason to end what runs.
    with suppress(OSError):
        print(text if is_command else wrapped(text, sys.stderr), file=sys.stderr, flush=True)


def say(text: str, *, indent: str = "") -> None:
    """Print sentences to standard output; on a terminal they are wrapped between words, and indented then."""
    print(wrapped(text, sys.stdout, indent))


def say_yaml(text: str) -> None:
    """Print YAML to standard output; on a terminal long rows go on in further lines, as YAML may."""
    for line in text.split("\n")[:-1]:
        blanks = line[: len(line) - len(line.lstrip())]
        say(line, indent=f"{blanks}# " if line.lstrip().startswith("#") else f"{blanks}    ")


def wrapped(text: str, stream: TextIO, indent: str = "") -> str:
    """Return a text whose lines are wrapped between words where a terminal shows it; words stay whole."""
    width = terminal_width(stream)
    return text if width is None else "\n".join(wrap(line, width, indent) for line in text.split("\n"))


def emit(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    form: Format,
    *,
    title: str = "",
    names: int = 1,
    least: Sequence[str] = (),
) -> None:
    """Print rows to standard output in a format; `json` gives a list of objects.

    Args:
        columns: The heads.
        rows: The cells.
        form: The format.
        title: What stands above a table.
        names: How many of the first columns tell which row it is: they stay, however narrow the terminal.
        least: The columns that a narrow terminal leaves out first, in this order; then those from the right.
    """
    if form is Format.table:
        _table(columns, rows, title, names, least)
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


def _table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], title: str, names: int, least: Sequence[str]
) -> None:
    width = terminal_width(sys.stdout)
    fitted = fit(columns, rows, width, names=names, least=least)
    if width is None:  # a file or a pipe: its reader decides what to cut
        print("\n".join([*([title] if title else []), *lines_of(fitted)]))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=width, height=1)  # without a height rich takes a dumb terminal to be 80 wide
    table = Table(
        box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, GAP // 2), collapse_padding=True
    )
    for head, size, right in zip(fitted.heads, fitted.widths, fitted.right, strict=True):
        justify: Literal["left", "right"] = "right" if right else "left"
        table.add_column(Text("\n".join(head)), justify=justify, width=size, no_wrap=True)
    for row in fitted.rows:
        table.add_row(*(Text("\n".join(lines)) for lines in row))
    if title:
        console.print(Text(title, style="bold"))
    console.print(table, crop=False, no_wrap=True)
    if fitted.left_out:
        console.print(Text(_left_out(fitted.left_out, console.width), style="dim"))


def _left_out(heads: Sequence[str], width: int) -> str:
    """Return which columns a table does not show, in lines that fit."""
    named = ", ".join(f"'{head}'" if "," in head else head for head in heads)
    number = "columns" if len(heads) > 1 else "column"
    return wrap(f"... {number} left out: {named} (wider terminal or --format csv)", width, " " * 4)


def terminal_width(stream: TextIO) -> int | None:
    """Return how wide the terminal is that shows a stream, None where it is a file or a pipe."""
    return shutil.get_terminal_size().columns if stream.isatty() else None
