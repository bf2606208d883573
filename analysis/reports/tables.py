"""Tables as files for papers and programs: Markdown, LaTeX, CSV, JSON.

Markdown and LaTeX are for readers: numbers stand to the right, whole ones in full with commas, the others of
a column all with the same decimals (as many as show them exactly, but no more than five digits of the largest
or two of the smallest need). CSV and JSON are for programs: every number in full. What is missing is an empty
cell, in JSON null.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from pathlib import Path

from archscape.spaces.atomic import write_whole
from archscape.spaces.display import decimals, is_missing, is_number, is_numeric
from archscape.spaces.errors import InputError, suggest

LATEX = {
    "\\": r"\textbackslash{}",
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\char34}",  # \textquotedbl is no command of the default encoding
    "×": r"$\times$",
    "±": r"$\pm$",
    "−": r"$-$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≠": r"$\neq$",
    "Δ": r"$\Delta$",
    "→": r"$\to$",
    "–": "--",
    "\N{NO-BREAK SPACE}": "~",
    "\n": " ",
    "\r": " ",
    "[": "{[}",
    "*": "{*}",  # after the end of a row LaTeX takes them for an argument
}

Columns = Sequence[str]
Rows = Sequence[Sequence[object]]


def write_table(columns: Columns, rows: Rows, path: Path, *, note: str = "") -> Path:
    r"""Write rows as a table, in the format of the file's suffix.

    A DataFrame is written by `write_table(list(frame.columns), list(frame.itertuples(index=False)), path)`.

    Args:
        columns: The heads.
        rows: The cells: texts, numbers of any library, None or NaN where there is nothing.
        path: The file to write: `.md`, `.tex` (a `tabular` with booktabs rules), `.csv` or `.json` (a list of
            objects).
        note: What the table shows: under it in Markdown, a comment above it in LaTeX, nowhere else.

    Raises:
        InputError: Another suffix, or a folder that is missing.
    """
    kind = path.suffix.lower()
    if kind not in FORMS:
        raise InputError(f"{path}: a table is {', '.join(TABLES)}{suggest(kind, TABLES)}")
    if not path.parent.is_dir():
        raise InputError(f"{path.parent}: no such folder")
    write_whole(path, FORMS[kind](columns, rows, note))
    return path


def markdown(columns: Columns, rows: Rows, note: str = "") -> str:
    """Return rows as a Markdown table, numbers to the right.

    >>> print(markdown(["name", "params"], [["lenet5", 61706]]), end="")
    | name | params |
    |:--|--:|
    | lenet5 | 61,706 |
    """
    heads, cells, right = _texts(columns, rows)
    lines = [
        _line(heads),
        f"|{'|'.join('--:' if to_right else ':--' for to_right in right)}|",
        *(_line(row) for row in cells),
        *(["", note] if note else []),
    ]
    return "\n".join(lines) + "\n"


def latex(columns: Columns, rows: Rows, note: str = "") -> str:
    r"""Return rows as a LaTeX tabular with the rules of booktabs.

    >>> print(latex(["name", "params"], [["r_50", 1.5], ["r_101", 12]]), end="")
    % \usepackage{booktabs}
    \begin{tabular}{lr}
    \toprule
    name & params \\
    \midrule
    r\_50 & 1.5 \\
    r\_101 & 12.0 \\
    \bottomrule
    \end{tabular}
    """
    heads, cells, right = _texts(columns, rows)
    lines = [
        *(f"% {line}" for line in note.splitlines()),
        r"% \usepackage{booktabs}",
        f"\\begin{{tabular}}{{{''.join('r' if to_right else 'l' for to_right in right)}}}",
        r"\toprule",
        _latex_row(heads),
        r"\midrule",
        *map(_latex_row, cells),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def latex_text(text: str) -> str:
    r"""Return a text as LaTeX prints it.

    >>> latex_text("50% of a_b & c")
    '50\\% of a\\_b \\& c'
    """
    return "".join(LATEX.get(letter, letter) for letter in text)


def column_texts(cells: Sequence[object]) -> list[str]:
    """Return the cells of one column to read; those that are numbers get the same decimals.

    >>> column_texts([4089184256, None]), column_texts([80.5, 9.25, 79])
    (['4,089,184,256', ''], ['80.50', '9.25', '79.00'])
    """
    numbers = [float(cell) for cell in cells if is_number(cell)]
    places = decimals(numbers)
    return [_text(cell, places) for cell in cells]


def _csv(columns: Columns, rows: Rows, note: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        [columns, *([_plain(cell) for cell in row] for row in rows)]
    )
    return text.getvalue()


def _json(columns: Columns, rows: Rows, note: str) -> str:
    objects = [dict(zip(columns, map(_plain, row), strict=True)) for row in rows]
    return json.dumps(objects, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


FORMS: dict[str, Callable[[Columns, Rows, str], str]] = {
    ".md": markdown,
    ".tex": latex,
    ".csv": _csv,
    ".json": _json,
}
TABLES = tuple(FORMS)
"""Suffixes of the files that `write_table` writes."""


def _texts(columns: Columns, rows: Rows) -> tuple[list[str], list[list[str]], list[bool]]:
    """Return the heads, the cells row by row, and which columns stand to the right."""
    by_column = [[row[at] for row in rows] for at in range(len(columns))]
    right = [is_numeric(cells) for cells in by_column]
    texts = [column_texts(cells) for cells in by_column]
    return list(columns), [list(row) for row in zip(*texts, strict=True)], right


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(' '.join(cell.replace('|', chr(92) + '|').split()) for cell in cells)} |"


def _latex_row(cells: Sequence[str]) -> str:
    return f"{' & '.join(latex_text(cell) for cell in cells)} \\\\"


def _text(cell: object, places: int) -> str:
    if is_missing(cell):
        return ""
    if isinstance(cell, Integral) and not isinstance(cell, bool) and not places:
        return f"{int(cell):,}"
    return f"{float(cell):,.{places}f}" if is_number(cell) else str(cell)


def _plain(cell: object) -> str | int | float | bool | None:
    """Return a cell as JSON and CSV write it."""
    if is_missing(cell):
        return None
    if isinstance(cell, bool) or not isinstance(cell, Real):
        return cell if isinstance(cell, bool) else str(cell)
    number = float(cell)
    if isinstance(cell, Integral):
        return int(cell)
    return number if math.isfinite(number) else str(number)
