"""Columns that a statistic needs of a table, and the rows that have a value in all of them."""

from __future__ import annotations

import pandas as pd

from archscape.spaces.errors import InputError, suggest


def both(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return the columns, the rows that have a value in all of them.

    Raises:
        InputError: If the table lacks a column, or has no such row.
    """
    need(table, *columns)
    rows = table[list(dict.fromkeys(columns))].dropna()
    if rows.empty:
        raise InputError(f"no row of the table has a value for each of {', '.join(columns)}")
    return rows


def need(table: pd.DataFrame, *columns: str) -> None:
    """Refuse a table that lacks one of the columns.

    Raises:
        InputError: If it does.
    """
    for column in columns:
        if column not in table:
            raise InputError(f"the table has no column '{column}'{suggest(column, map(str, table.columns))}")
