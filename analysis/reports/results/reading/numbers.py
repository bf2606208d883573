"""The cells of a table's columns as numbers: decimal marks, thousands, percent signs, prefixes and units.

A column holds numbers if every cell that is not missing is one. How a cell is written is told by its whole
column, and where that leaves two ways (`1,234`), by the other columns of the file; where these do not tell
either, the column is ambiguous and nobody guesses. Floats are read to their last digit, whole numbers
exactly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import pandas as pd

from .units import COUNTED, Unit, counted, unit_of

MISSING = frozenset(("", "-", "--", "–", "—", "?", ".", "na", "n/a", "#n/a", "nan", "none", "null", "<na>"))
"""What stands where there is no number, in small letters."""
INFINITE = {"inf": "inf", "infinity": "inf", "∞": "inf", "-inf": "-inf", "-infinity": "-inf", "-∞": "-inf"}
EXACT = 2**53
"""Whole numbers up to here are exact as floats."""

Mark = Literal[".", ","]
Cell = str | int | float | None

_SIMPLE = re.compile(r"-?(?:0|[1-9]\d*)((?:\.\d+)?(?:[eE][-+]?\d+)?)")
_DOUBTFUL = re.compile(r"-?[1-9]\d{0,2}\.\d{3}")
_GAPS = " \u00a0\u2009\u202f'’"
_CELL = re.compile(
    rf"(?P<sign>[-+−]?)\s*(?P<digits>(?:\d|[.,_{_GAPS}](?=\d))+\.?)(?P<power>[eE][-+]?\d+)?"
    r"\s*(?P<unit>%|[A-Za-zµμ$€][\w/.µμ-]*)?"
)
_GROUPS = rf"[1-9]\d{{0,2}}(?:(?P<gap>[{_GAPS}%s])\d{{3}})(?:(?P=gap)\d{{3}})*"
_FORMS: Mapping[Mark, re.Pattern[str]] = {
    ".": re.compile(rf"(?:{_GROUPS % ','}|\d+(?:_\d+)*)?(?:\.\d*)?"),
    ",": re.compile(rf"(?:{_GROUPS % '.'}|\d+(?:_\d+)*)?(?:,\d*)?"),
}
"""A number whose decimal mark is a point, or a comma; other marks and gaps stand between its thousands."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """A cell that is written as a number: its parts."""

    text: str
    sign: str
    digits: str
    power: str
    unit: Unit | None

    def marks(self) -> set[Mark]:
        """Return the decimal marks that it can be read with."""
        return {mark for mark, form in _FORMS.items() if form.fullmatch(self.digits)}

    @property
    def is_ambiguous(self) -> bool:
        """Whether it is another number with another mark: `1,234` and `1.234` are, `12` and `0.5` are not."""
        return len(self.marks()) == 2 and ("." in self.digits or "," in self.digits)

    def plain(self, mark: Mark) -> str:
        """Return the number as Python reads it."""
        whole, _, rest = self.digits.partition(mark)
        whole = re.sub(r"\D", "", whole)
        return (
            f"{self.sign.replace('−', '-')}{whole or 0}{'.' if mark in self.digits else ''}{rest}{self.power}"
        )


def numbers_of(
    columns: Mapping[str, Sequence[Cell]],
) -> tuple[dict[str, pd.Series], dict[str, str], list[str]]:
    """Return the columns that hold numbers, with their units, and what was understood, a sentence each.

    >>> columns = {"acc": ["76,1", "n/a"], "params": ["25.6M", "980K"], "kind": ["a", "b"]}
    >>> known, units, notes = numbers_of(columns)
    >>> known["acc"].tolist(), known["params"].tolist(), list(known)
    ([76.1, nan], [25600000, 980000], ['acc', 'params'])
    >>> notes
    ['acc: decimal commas, 76,1 is 76.1', 'params: 25.6M is 25600000']

    An ambiguous column is not among them; why is the value of `ambiguous`.
    """
    simple = {name: values for name, column in columns.items() if (values := _simple(column)) is not None}
    others = {name: column for name, column in columns.items() if name not in simple}
    written = {name: cells for name, column in others.items() if (cells := _written(name, column))}
    doubtful = {name for name in simple if _is_doubtful(columns[name])}
    evidence = {mark for cells in written.values() if (mark := _shown(cells))}
    if any("." in str(cell) for name in simple.keys() - doubtful for cell in columns[name]):
        evidence.add(".")
    known = {name: _series(v) for name, v in simple.items() if name not in doubtful or "," not in evidence}
    units: dict[str, str] = {}
    notes: list[str] = []
    for name, cells in written.items():
        mark = _mark(cells, evidence) if len(_bases(name, cells)) <= 1 else None
        if mark is None:
            continue
        values, unit = _values(cells, mark)
        known[name] = _series(values)
        units |= {name: unit} if unit else {}
        notes += _notes(name, cells, values, mark, unit)
    return known, units, notes


def _simple(column: Sequence[Cell]) -> list[int | float | None] | None:
    """Return the numbers of a column as programs write them; None where people wrote a cell."""
    values: list[int | float | None] = []
    for cell in column:
        if isinstance(cell, str):
            match = _SIMPLE.fullmatch(cell)
            if match is None and cell.strip().lower() not in MISSING:
                return None
            values.append(None if match is None else float(cell) if match[1] else int(cell))
        elif isinstance(cell, bool):
            return None
        else:
            values.append(cell if cell == cell else None)
    return values if any(value is not None for value in values) else None


def _is_doubtful(column: Sequence[Cell]) -> bool:
    """Tell whether all points of a simple column may stand between thousands, as in `1.234` and `12`."""
    points = [cell for cell in column if isinstance(cell, str) and "." in cell]
    return bool(points) and all(_DOUBTFUL.fullmatch(cell) or cell == "." for cell in points)


def ambiguous(columns: Mapping[str, Sequence[Cell]], known: Mapping[str, object]) -> dict[str, str]:
    """Return why columns that are written as numbers are not among the `known` ones."""
    written = {name: _written(name, column) for name, column in columns.items() if name not in known}
    return {name: _reason(name, cells) for name, cells in written.items() if cells is not None}


def _reason(name: str, cells: Sequence[object]) -> str:
    """Return what is unclear about cells that are written as numbers."""
    bases = _bases(name, cells)
    if len(bases) > 1:
        one, other, *_ = bases.values()
        return f"{one} and {other} have different units"
    point, comma = (_first_with(mark, cells) for mark in (".", ","))
    if point and comma:
        return f"{point} has a decimal point, {comma} a decimal comma"
    example = next(cell for cell in _texts(cells) if cell.is_ambiguous)
    values = sorted({example.plain(mark) for mark in example.marks()})
    return f"'{example.text}' may be {' or '.join(values)}"


def _first_with(mark: Mark, cells: Sequence[object]) -> str:
    """Return the first cell that can only have this decimal mark, and its row; nothing if there is none."""
    other = "," if mark == "." else "."
    matching = (
        f"'{cell.text}' (row {number})"
        for number, cell in enumerate(cells, 1)
        if isinstance(cell, Written) and cell.marks() == {mark} and set(cell.digits) & {mark, other}
    )
    return next(matching, "")


def _written(name: str, column: Sequence[Cell]) -> list[Written | int | float | None] | None:
    """Return the parts of each cell; None where a cell is no number, or all are missing."""
    cells: list[Written | int | float | None] = []
    for cell in column:
        part = _part(name, cell)
        if part is False:
            return None
        cells.append(part)
    return cells if any(cell is not None for cell in cells) else None


def _part(name: str, cell: Cell) -> Written | int | float | Literal[False] | None:
    """Return a cell's parts, None where it is missing, False where it is no number."""
    if cell is None or isinstance(cell, bool):
        return None if cell is None else False
    if not isinstance(cell, str):
        return cell if cell == cell else None
    text = cell.strip()
    small = text.lower().replace("−", "-").removeprefix("+")
    if small in MISSING or small in INFINITE:
        return float(INFINITE[small]) if small in INFINITE else None
    match = _CELL.fullmatch(text)
    if match is None or re.match(r"[-+−]?0\d", text):  # what begins with 0 and a digit is a name
        return False
    unit = unit_of(match["unit"], name) if match["unit"] else None
    if match["unit"] and unit is None:
        return False
    written = Written(
        text=text, sign=match["sign"], digits=match["digits"], power=match["power"] or "", unit=unit
    )
    return written if written.marks() else False


def _texts(cells: Sequence[object]) -> list[Written]:
    return [cell for cell in cells if isinstance(cell, Written)]


def _bases(name: str, cells: Sequence[object]) -> dict[str, str]:
    """Return what the cells of a column are told in, each with the first such cell and its row.

    A number alone is told in what the column counts, and 980M beside 4.1 GMACs are MACs where the column says
    nothing else; but nobody knows what 13 is beside 12 ms.
    """
    own = counted(name)
    bases: dict[str, str] = {}
    for number, cell in enumerate(cells, 1):
        if isinstance(cell, Written):
            bases.setdefault((cell.unit and cell.unit.base) or own, f"'{cell.text}' (row {number})")
        elif cell is not None:
            bases.setdefault(own, f"'{cell}' (row {number})")
    if bases.keys() - {""} <= COUNTED and len(bases) > 1:
        bases.pop("", None)
    return bases


def _shown(cells: Sequence[object]) -> Mark | None:
    """Return the decimal mark that the cells of a column show without doubt; None where they show none."""
    marks = [cell.marks() for cell in _texts(cells) if set(cell.digits) & {".", ","}]
    shown = {mark for group in marks if len(group) == 1 for mark in group}
    return next(iter(shown)) if len(shown) == 1 else None


def _mark(cells: Sequence[object], evidence: set[Mark]) -> Mark | None:
    """Return the decimal mark of a column; None where it is ambiguous."""
    texts = _texts(cells)
    possible: set[Mark] = {".", ","}
    for cell in texts:
        possible &= cell.marks()
    if len(possible) < 2:
        return next(iter(possible), None)
    doubtful = "".join(cell.digits for cell in texts if cell.is_ambiguous)
    if not doubtful:
        return "."
    if "," in doubtful:
        return next(iter(evidence)) if len(evidence) == 1 and "." not in doubtful else None
    return None if "," in evidence else "."


def _values(
    cells: Sequence[Written | int | float | None], mark: Mark
) -> tuple[list[int | float | None], str]:
    """Return the numbers, and the unit that all of them are in."""
    units = [cell.unit for cell in _texts(cells) if cell.unit]
    names = {unit.name for unit in units}
    keep = len(names) == 1 and units[0].is_physical
    target = units[0] if units and units[0].is_physical else None
    values: list[int | float | None] = []
    for cell in cells:
        if not isinstance(cell, Written):
            values.append(cell)
            continue
        text = cell.plain(mark)
        if cell.unit is None or keep:
            values.append(float(text) if re.search(r"[.eE]", text) else int(text))
            continue
        exact = Decimal(text) * cell.unit.factor / (target.factor if target else 1)
        values.append(int(exact) if exact == exact.to_integral_value() else float(exact))
    return values, target.name if target else ""


def _series(values: Sequence[int | float | None]) -> pd.Series:
    """Return numbers as a column: whole ones as they are, exact, the others as floats."""
    known = [value for value in values if value is not None]
    if all(isinstance(value, int) for value in known):
        if len(known) == len(values) and all(-(2**63) <= value < 2**63 for value in known):
            return pd.Series(values, dtype="int64")
        if any(abs(value) > EXACT for value in known):
            return pd.Series(values, dtype=object)
    return pd.Series([float("nan") if value is None else float(value) for value in values], dtype="float64")


def _notes(name: str, cells: Sequence[object], values: Sequence[object], mark: Mark, unit: str) -> list[str]:
    """Return what was understood of a column that is not plain: the first cell whose number changed."""
    pairs = [(cell, value) for cell, value in zip(cells, values, strict=True) if isinstance(cell, Written)]
    understood = [(cell, value) for cell, value in pairs if _is_understood(cell, mark)]
    changed = [
        (cell, value) for cell, value in understood if Decimal(cell.plain(mark)) != Decimal(str(value))
    ]
    commas = [(cell, value) for cell, value in understood if mark == "," and "," in cell.digits]
    shown = dict([*commas[:1], *(changed or understood)[:1]])
    behind = f" {unit}" if unit and unit != "%" else unit
    examples = ", ".join(f"{cell.text} is {value!r}{behind}" for cell, value in shown.items())
    return [f"{name}: {'decimal commas, ' if commas else ''}{examples}"] if examples else []


def _is_understood(cell: Written, mark: Mark) -> bool:
    """Tell whether a cell is more than a plain number: it has a unit, a comma or thousands."""
    plain = cell.plain(mark)
    written = f"{cell.sign.replace('−', '-')}{cell.digits}{cell.power}"
    return (cell.unit is not None or plain != written) and plain.lstrip("-+0") != cell.text.lstrip("-+0")
