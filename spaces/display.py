"""Tables as text: which columns fit a width, and how wide each is.

Where it is narrow, columns are left out, the least important first; names of one word are cut in the middle,
sentences and names of several are wrapped between words. Numbers are never cut or folded, and the columns
that tell which row it is always stay. Without a width nothing is cut. The numbers of a column have the same
decimals.
"""

from __future__ import annotations

import math
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from numbers import Integral, Real
from typing import Literal, NamedTuple, TypeGuard

GAP = 2
"""Blanks between two columns."""
NAME = 16
"""Letters that a name keeps as long as there is another way."""
PHRASE = 24
"""Letters that a name of several words keeps in a line, as long as there is another way."""
PROSE = 16
"""Width of a column of sentences, at least."""
AMOUNT = 24
"""Letters of the longest text that is an amount, such as `244 MB` or `3x224x224`, and never cut."""
DIGITS = 15
"""Of the longest whole number that is written in full even where there is no place for it."""
PRECISION = 5
"""Digits of the largest number of a column, where its numbers are not whole."""
MOST_DECIMALS = 9
"""Beyond these, or this many digits before the point, the numbers of a column are no longer aligned."""
CUT = "…"
BEGINS_AS_NUMBER = re.compile(r"[-+−±≥≤~]?\.?\d")

Rows = Sequence[Sequence[object]]
Kind = Literal["number", "name", "prose", "head"]


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A table that fits: every cell as lines of text, none longer than its column is wide.

    Attributes:
        heads: The lines of each head.
        rows: The lines of each cell.
        widths: Of the columns.
        right: Whether a column stands to the right.
        left_out: The heads of the columns that did not fit.
    """

    heads: Sequence[Sequence[str]]
    rows: Sequence[Sequence[Sequence[str]]]
    widths: Sequence[int]
    right: Sequence[bool]
    left_out: Sequence[str] = ()


def fit(
    columns: Sequence[str], rows: Rows, width: int | None, *, names: int = 1, least: Sequence[str] = ()
) -> Fitted:
    """Return a table as it fits a width; with fewer rows than columns it may lie on its side.

    Args:
        columns: The heads.
        rows: The cells.
        width: What there is; None where there is no end.
        names: How many of the first columns tell which row it is.
        least: The columns that are left out first, in this order; then those from the right.
    """
    table = [_column(at, head, rows, at < names) for at, head in enumerate(columns)]
    if width is None or _total(column.natural for column in table) <= width:
        return _fitted(table, [column.natural for column in table])
    if 0 < len(rows) < len(columns):
        side = _on_its_side(table)
        if _total(column.least for column in side) <= width:
            return _fitted(side, _widened(side, width))
    table = [column if column.least <= width else column.rounded() for column in table]
    order = [*(columns.index(head) for head in least if head in columns), *reversed(range(len(columns)))]
    out = _left_out(table, [at for at in dict.fromkeys(order) if at >= names], width)
    chosen = [column for at, column in enumerate(table) if at not in out]
    return _fitted(chosen, _widened(chosen, width), [columns[at] for at in sorted(out)])


def lines_of(table: Fitted) -> list[str]:
    r"""Return the lines of a table: its heads, a rule, its rows.

    >>> print("\n".join(lines_of(fit(("name", "params"), [("stage1.conv1", 1728), ("conv2", None)], 22))))
    name          params
    --------------------
    stage1.conv1   1,728
    conv2
    """
    rule = "-" * _total(table.widths)
    return [*_lines(table.heads, table), rule, *(line for row in table.rows for line in _lines(row, table))]


def cut(text: str, width: int) -> str:
    """Return a name, cut in the middle where it is longer than a width.

    >>> cut("stage3.any.inverted.kernel", 12), cut("conv1", 12)
    ('stage…kernel', 'conv1')
    """
    kept = [*text]
    while len(kept) > 1 and places("".join(kept)) + (len(kept) < len(text)) > width:
        kept.pop((len(kept) - 1) // 2)
    start, end = "".join(kept[: len(kept) // 2]), "".join(kept[len(kept) // 2 :])
    return text if len(kept) == len(text) else f"{start.rstrip()}{CUT}{end.lstrip()}"


def wrap(line: str, width: int, indent: str = "") -> str:
    """Return a line wrapped between words, with what its further lines begin with; no word is broken."""
    lines = textwrap.wrap(
        line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(lines)


def places(text: str) -> int:
    """Return how many places of a terminal a text takes: two for a wide letter, none for a combining mark."""
    return sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF")
        for letter in text
    )


def is_numeric(column: Sequence[object]) -> bool:
    """Tell whether a column holds numbers, and nothing else but missing ones."""
    known = [cell for cell in column if not is_missing(cell) and cell != ""]
    return bool(known) and all(map(is_number, known))


def is_number(cell: object) -> TypeGuard[Real]:
    """Tell whether a cell is a number, which NaN, True and False are not."""
    return isinstance(cell, Real) and not isinstance(cell, bool) and not is_missing(cell)


def is_missing(cell: object) -> bool:
    """Tell whether a cell is None or NaN."""
    return cell is None or (isinstance(cell, Real) and cell != cell)


def decimals(numbers: Sequence[float]) -> int:
    """Return how many decimals show the numbers exactly, at most `PRECISION` digits of the largest.

    But the smallest keeps two digits of its own.

    >>> decimals([80.5, 9.25, 79]), decimals([1723.4567, 0.8004]), decimals([3, 4])
    (2, 2, 0)
    """
    parts = [abs(float(number)) for number in numbers if number and math.isfinite(number)]
    if not parts or all(part.is_integer() for part in parts):
        return 0
    exact = max(len(f"{part:.9f}".rstrip("0").partition(".")[2]) for part in parts)
    enough = max(PRECISION - _digits(max(parts)), 2 - _digits(min(parts)), 0)
    return min(exact, enough)


def _digits(number: float) -> int:
    """Return the digits before the point; of 0.05 it is -1."""
    return math.floor(math.log10(number)) + 1


class _Cell(NamedTuple):
    """What a cell holds, and how it may be made to fit."""

    text: str
    kind: Kind

    @property
    def least(self) -> int:
        """The width below which it would be cut or folded where it must not."""
        if self.kind == "number":
            return places(self.text)
        longest = max(map(places, self.text.split()), default=0)
        if self.kind == "name":
            return min(places(self.text), max(longest, PHRASE) if " " in self.text else NAME)
        return longest if self.kind == "head" else max(longest, min(places(self.text), PROSE))

    def lines(self, width: int) -> list[str]:
        """Return its lines in a column of a width."""
        if self.kind == "number" or places(self.text) <= width:
            return [self.text]
        lines = wrap(self.text, width).split("\n")
        return lines if self.kind != "name" or max(map(places, lines)) <= width else [cut(self.text, width)]


class _Column(NamedTuple):
    head: _Cell
    cells: Sequence[_Cell]
    right: bool

    @property
    def natural(self) -> int:
        """The width in which nothing is cut or wrapped."""
        return max(places(cell.text) for cell in (self.head, *self.cells))

    @property
    def least(self) -> int:
        """The width below which a cell would be cut or folded where it must not."""
        return max(cell.least for cell in (self.head, *self.cells))

    @property
    def is_prose(self) -> bool:
        """Whether it holds sentences, which give way to names and numbers."""
        return any(cell.kind == "prose" for cell in self.cells)

    def rounded(self) -> _Column:
        """Return the column with whole numbers of very many digits as four of them and a power of ten."""
        return self._replace(cells=[*map(_rounded, self.cells)])


def _column(at: int, head: str, rows: Rows, is_name: bool) -> _Column:
    column = [row[at] for row in rows]
    kinds: list[Kind] = [_kind(cell, is_name) for cell in column]
    right = is_numeric(column)
    shown = _decimals(column) if right else None
    texts = [_Cell(_text(cell, shown), kind) for cell, kind in zip(column, kinds, strict=True)]
    return _Column(_Cell(_text(head), "name" if is_name else "head"), texts, right)


def _decimals(column: Sequence[object]) -> int | None:
    """Return the decimals of a column of numbers; None where each is written for itself."""
    floats = [float(cell) for cell in column if is_number(cell) and not isinstance(cell, Integral)]
    finite = [abs(number) for number in floats if math.isfinite(number)]
    shown = decimals(floats)
    return shown if shown <= MOST_DECIMALS and max(finite, default=0) < 10**MOST_DECIMALS else None


def _kind(cell: object, is_name: bool) -> Kind:
    """Return how a cell may be made to fit."""
    text = str(cell).strip()
    if is_number(cell) or (not is_name and len(text) <= AMOUNT and BEGINS_AS_NUMBER.match(text)):
        return "number"
    return "name" if is_name or " " not in text else "prose"


def _text(cell: object, shown: int | None = None) -> str:
    """Return a cell as text in one line, without what would control a terminal; a float with its decimals."""
    if is_missing(cell):
        return ""
    if isinstance(cell, Integral) and not isinstance(cell, bool):
        return f"{cell:,}{f'.{0:0{shown}}' if shown else ''}"
    if is_number(cell):
        return f"{cell:,.4g}" if shown is None else f"{float(cell):,.{shown}f}"
    visible = "".join(letter if letter.isprintable() else " " for letter in str(cell))
    return " ".join(visible.split())


def _rounded(cell: _Cell) -> _Cell:
    digits = cell.text.replace(",", "")
    too_long = cell.kind == "number" and digits.isdecimal() and len(digits) > DIGITS
    return cell._replace(text=f"{Decimal(digits):.3e}") if too_long else cell


def _on_its_side(table: Sequence[_Column]) -> list[_Column]:
    """Return the table with a column for each row, whose names are then the heads."""
    names, *others = table
    heads = _Column(names.head, [column.head._replace(kind="number") for column in others], right=False)
    rows = zip(names.cells, zip(*(column.cells for column in others), strict=True), strict=True)
    return [heads, *(_Column(name._replace(kind="name"), [*row], right=True) for name, row in rows)]


def _total(widths: Iterable[int]) -> int:
    """Return the width of a table whose columns have these."""
    every = [*widths]
    return sum(every) + GAP * (len(every) - 1)


def _left_out(table: Sequence[_Column], order: Sequence[int], width: int) -> set[int]:
    """Return which columns do not fit; those that do beside what matters more are taken back."""
    least = [column.least for column in table]
    out: set[int] = set()

    def fits() -> bool:
        return _total(size for at, size in enumerate(least) if at not in out) <= width

    for at in order:
        if not fits():
            out.add(at)
    for at in reversed([at for at in order if at in out]):
        out.remove(at)
        if not fits():
            out.add(at)
    return out


def _widened(table: Sequence[_Column], width: int) -> list[int]:
    """Return the widths of columns that fit: names get what is left, down to one letter if there is none.

    What lacks least comes first, so that few are cut, and sentences last, since they can be wrapped; they
    share what is left.
    """
    widths = [column.least for column in table]
    order = sorted(range(len(table)), key=lambda at: (table[at].is_prose, table[at].natural - widths[at]))
    for position, at in enumerate(order):
        spare = max(width - _total(widths), 0)
        if table[at].is_prose:
            spare //= len(order) - position
        widths[at] += min(table[at].natural - widths[at], spare)
    while _total(widths) > width:
        room = [_can_shrink(column, size) for column, size in zip(table, widths, strict=True)]
        if max(room) <= 0:
            break
        widths[room.index(max(room))] -= 1
    return widths


def _can_shrink(column: _Column, width: int) -> int:
    numbers = [places(cell.text) for cell in column.cells if cell.kind == "number"]
    return width - max([1, *numbers]) if column.head.kind == "name" else 0


def _fitted(table: Sequence[_Column], widths: Sequence[int], left_out: Sequence[str] = ()) -> Fitted:
    columns = [
        [cell.lines(width) for cell in (column.head, *column.cells)]
        for column, width in zip(table, widths, strict=True)
    ]
    heads, *rows = zip(*columns, strict=True)
    right = [column.right for column in table]
    return Fitted(heads=heads, rows=rows, widths=widths, right=right, left_out=left_out)


def _lines(row: Sequence[Sequence[str]], table: Fitted) -> list[str]:
    """Return the lines of a row, each cell from its first line down."""
    lines = []
    for texts in zip_longest(*row, fillvalue=""):
        padded = []
        for text, width, right in zip(texts, table.widths, table.right, strict=True):
            blanks = " " * (width - places(text))
            padded.append(blanks + text if right else text + blanks)
        lines.append((" " * GAP).join(padded).rstrip())
    return lines
