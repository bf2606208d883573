"""Tables of results read from files: whatever pandas reads, and what people write by hand.

The columns of names and families are known before any cell is taken for a number, so that a network may be
called `NA`, `1e3` or `007`. What was understood beyond the plain is in the table's `attrs["understood"]`,
units of its columns in `attrs["units"]`, and why a column of numbers is ambiguous in `attrs["ambiguous"]`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from archscape.spaces.errors import InputError

from ..column_words import FAMILIES, NAMES, UNNAMED, first_called
from .formats import READABLE, read_raw, suffixes
from .numbers import Cell, ambiguous, numbers_of

__all__ = ["READABLE", "as_floats", "is_table", "read_table", "stem"]


def is_table(path: Path) -> bool:
    """Tell by its name whether a file is a table."""
    return bool(suffixes(path)[0])


def stem(path: Path) -> str:
    """Return a table's name without what says its form.

    >>> stem(Path("data/timm.csv.gz"))
    'timm'
    """
    form, compression = suffixes(path)
    return path.name[: len(path.name) - len(form) - len(compression)] or path.name


def read_table(path: Path, names: Collection[str] = ()) -> pd.DataFrame:
    """Read a table, one row a network.

    Args:
        path: The file; its last suffix tells the format.
        names: Columns of names, whose cells stay the texts that they are; so do those that are called like
            names or families.

    Raises:
        InputError: The file is missing, of another form, empty, or cannot be read as what its name says.
    """
    if not is_table(path):
        raise InputError(f"{path}: {READABLE}")
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    raw = read_raw(path)
    if not raw.rows:
        raise InputError(f"{path}: the table has no rows")
    heads, notes = _heads(raw.columns, len(raw.rows))
    columns: dict[str, list[Cell]] = {
        head: list(cells) for head, cells in zip(heads, zip(*raw.rows, strict=True), strict=True)
    }
    if _is_numbering(columns.get(UNNAMED, ())):
        del columns[UNNAMED]
    own = {*names, first_called(columns, NAMES), first_called(columns, FAMILIES)}
    measured = {name: cells for name, cells in columns.items() if name not in own}
    known, units, understood = numbers_of(measured)
    table = pd.DataFrame({name: known.get(name, _texts(cells)) for name, cells in columns.items()})
    table.attrs = {
        "understood": [*raw.notes, *notes, *understood],
        "units": units,
        "ambiguous": ambiguous(measured, known),
    }
    return table


def as_floats(
    table: pd.DataFrame, columns: Sequence[str], where: str, *, law: str = "holds numbers"
) -> pd.DataFrame:
    """Return a table with these columns as floats, NaN where missing.

    Raises:
        InputError: A column holds what is no number.
    """
    result = table.copy()
    for name in columns:
        column = table.get(name, pd.Series(np.nan, index=table.index))
        try:
            result[name] = pd.to_numeric(column).astype(float)
        except (ValueError, TypeError) as error:
            raise InputError(f"{where}: column '{name}' {law}, but {error}") from error
    return result


def _heads(columns: Sequence[str], rows: int) -> tuple[list[str], list[str]]:
    """Return the heads, each once: an empty one as pandas calls it, a second `acc` as `acc.1`."""
    heads: list[str] = []
    notes = []
    for at, column in enumerate(columns):
        head = column or f"Unnamed: {at}"
        number = 0
        while head in heads:
            number += 1
            head = f"{column}.{number}"
        if number:
            notes.append(f"a second column '{column}' is {head}")
        heads.append(head)
    return heads, notes


def _is_numbering(cells: Sequence[Cell]) -> bool:
    """Tell whether cells are the numbers of the rows, from 0 or 1, as pandas writes its index."""
    texts = [str(cell) for cell in cells]
    return bool(texts) and texts in ([str(n + first) for n in range(len(texts))] for first in (0, 1))


def _texts(cells: Sequence[Cell]) -> pd.Series:
    return pd.Series(["" if cell is None else str(cell) for cell in cells], dtype=object)
