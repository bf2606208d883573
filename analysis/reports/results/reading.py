"""Tables of results read from files: CSV, TSV and JSON, also compressed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zlib import error as DamageError

import numpy as np
import pandas as pd

from archscape.spaces.errors import InputError

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".json", ".json.gz")


def is_table(path: Path) -> bool:
    """Tell by its name whether a file is a table."""
    return path.name.lower().endswith(SUFFIXES)


def stem(path: Path) -> str:
    """Return a table's name without what says its form.

    >>> stem(Path("data/timm.csv.gz"))
    'timm'
    """
    name = path.name
    suffix = max((known for known in SUFFIXES if name.lower().endswith(known)), key=len, default="")
    return name[: len(name) - len(suffix)] or name


def read_table(path: Path) -> pd.DataFrame:
    """Read a table; JSON is a list of objects, or an object of columns.

    Raises:
        InputError: The file is missing, of another form, empty, or cannot be read as what its name says.
    """
    if not is_table(path):
        raise InputError(f"{path}: a table is {', '.join(SUFFIXES)}")
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        if ".json" in path.name.lower():
            texts = pd.read_json(path, dtype=False)
        else:
            separator = "\t" if ".tsv" in path.name.lower() else ","
            texts = pd.read_csv(path, sep=separator, dtype=str)
        table = texts.apply(_numbers_of)
    except (ValueError, OSError, EOFError, DamageError) as error:
        raise InputError(f"{path}: cannot be read as a table: {error}") from None
    if table.empty:
        raise InputError(f"{path}: the table has no rows")
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


def _numbers_of(column: pd.Series) -> pd.Series:
    """Return a column of texts as numbers if all are; what begins with 0 and a digit is a name."""
    if not pd.api.types.is_string_dtype(column) or column.str.match(r"0\d").any():
        return column
    try:
        return pd.to_numeric(column)
    except ValueError:
        return column
