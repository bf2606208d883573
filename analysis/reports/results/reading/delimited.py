"""Tables as text: cells between separators, and Markdown."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from .numbers import Cell
from .raw import RawTable

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
LOOKED_AT = 100
"""Rows that tell the separator."""
_EXCEL = re.compile(r"sep=(.)\r?\n", re.I)
_DASHES = re.compile(r":?-+:?")
_EMPHASIS = re.compile(r"(\*\*|__|`|\*|_)(?P<inside>.+)\1")


def read_delimited(text: str, usual: str) -> RawTable:
    r"""Read a table whose cells stand between separators; `usual` is the separator of its suffix.

    >>> table = read_delimited("# made by hand\n\nmodel;acc\nNA;76,1\n", ",")
    >>> table.columns, table.rows, table.notes
    (['model', 'acc'], [['NA', '76,1']], ['separated by semicolons', '1 line of comment left out'])

    Raises:
        ValueError: A row has more cells than there are columns, or a quotation does not end.
    """
    said = _EXCEL.match(text)
    if said:
        text = text[said.end() :]
    separator = said.group(1) if said else _separator(text, usual)
    notes = [] if separator == usual else [f"separated by {SEPARATORS.get(separator, repr(separator))}"]
    header, rows, comments = _without_comments(list(_rows(text, separator)))
    if comments:
        notes.append(f"{comments} {'line' if comments == 1 else 'lines'} of comment left out")
    columns, cells, ragged = aligned(header, rows, "line")
    if len(columns) < 2:
        raise ValueError(f"it has one column, '{columns[0]}': no separator is in every row")
    return RawTable(columns, cells, [*notes, *ragged])


def read_markdown(text: str) -> RawTable:
    r"""Read the first table of a Markdown text; stars and code marks around a whole cell are left out.

    >>> read_markdown("| a | b |\n|:--|--:|\n| **x\\|y__z** | 1,234,567 |\n").rows
    [['x|y__z', '1,234,567']]

    Raises:
        ValueError: There is none.
    """
    blocks: list[list[list[str]]] = [[]]
    for line in text.splitlines():
        if "|" in line:
            blocks[-1].append([_plain(cell) for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))])
        elif blocks[-1]:
            blocks.append([])
    tables = [rows for rows in blocks if len(rows) > 1 and all(map(_DASHES.fullmatch, rows[1]))]
    if not tables:
        raise ValueError("it holds no table")
    header, _, *rows = tables[0]
    notes = [f"the first of {len(tables)} tables"] if len(tables) > 1 else []
    columns, cells, ragged = aligned(header, [*enumerate(rows, start=1)], "row")
    return RawTable(columns, cells, [*notes, *ragged])


def _plain(cell: str) -> str:
    """Return a cell without the marks that enclose all of it: `**x**` is x, `resnet_v2__x` stays.

    >>> _plain("***0.9***"), _plain("__init__"), _plain("**a** or **b**"), _plain("a__b__c")
    ('0.9', 'init', '**a** or **b**', 'a__b__c')
    """
    text = cell.replace("\\|", "|").strip()
    match = _EMPHASIS.fullmatch(text)
    return text if match is None or match[1] in match["inside"] else _plain(match["inside"])


def _separator(text: str, usual: str) -> str:
    """Return the separator that gives the first rows one width, the largest; the usual one if in doubt."""
    best, result = (0.0, 0), usual
    for candidate in (usual, *SEPARATORS):
        try:
            widths = [len(row) for _, row in islice(_rows(text, candidate), LOOKED_AT)]
        except ValueError:
            continue
        counts = Counter(width for width in widths if width > 1)
        if counts:
            width, count = counts.most_common(1)[0]
            share = count / len(widths)
            if (round(share, 1), width) > best:
                best, result = (round(share, 1), width), candidate
    return result


def _rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, each with its line."""
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from None


def _without_comments(
    rows: Sequence[tuple[int, list[str]]],
) -> tuple[list[str], list[tuple[int, list[str]]], int]:
    """Return the header, the rows under it, and how many lines were comments: those that begin with #.

    A header may begin so itself, as numpy writes it, and a network may: such rows are as wide as the others.
    """
    width = max((len(row) for _, row in rows if not row[0].startswith("#")), default=0)
    kept = [(line, row) for line, row in rows if not _is_comment(row, width)]
    if not kept:
        raise ValueError("it is empty")
    header = [cell.strip() for cell in kept[0][1]]
    if header[0].startswith("# "):
        header[0] = header[0].removeprefix("#").strip()
    return header, kept[1:], len(rows) - len(kept)


def _is_comment(row: Sequence[str], width: int) -> bool:
    return row[0].startswith("#") and len(row) != width


def aligned(
    header: Sequence[str], rows: Sequence[tuple[int, Sequence[Cell]]], what: str
) -> tuple[list[str], list[list[Cell]], list[str]]:
    """Return columns and rows of one width, and a note of the rows that were too short.

    Args:
        header: The heads of the columns.
        rows: The cells of each row, with its number.
        what: What the numbers count: `line` or `row`.

    Raises:
        ValueError: A row has more cells than there are columns.
    """
    columns = list(header)
    width = len(columns)
    widths = {len(row) for _, row in rows}
    if rows and widths == {width + 1} and not all(_is_blank(row[-1]) for _, row in rows):
        columns, width = ["", *columns], width + 1  # R leaves out the head of the names of rows
    while width > 1 and not columns[-1] and all(_is_blank(*row[width - 1 : width]) for _, row in rows):
        columns, width = columns[:-1], width - 1
    cells: list[list[Cell]] = []
    short = []
    for number, row in rows:
        if not _is_blank(*row[width:]):
            raise ValueError(f"{what} {number} has {len(row)} cells, but there are {width} columns")
        if len(row) < width:
            short.append(number)
        cells.append([*row[:width], *[""] * (width - len(row))])
    return columns, cells, [f"cells missing at the end of {_listed(short, what)}"] if short else []


def _is_blank(*cells: Cell) -> bool:
    return all(cell is None or not str(cell).strip() for cell in cells)


def _listed(numbers: Sequence[int], what: str) -> str:
    words = ", ".join(str(number) for number in numbers[:5]) + (", ..." if len(numbers) > 5 else "")
    return f"{what}{'' if len(numbers) == 1 else 's'} {words}"
