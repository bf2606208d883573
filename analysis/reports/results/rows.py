"""The networks of a table as rows for papers and programs."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from ..tables import write_table
from .results import Results


def write_rows(results: Results, path: Path, *, every: bool) -> str:
    """Write the networks of the frontier over the first cost, cheapest first, or `every` one as they stand.

    The table has the name, the family, the score and the costs; of all networks as CSV
    or JSON, every column. Return what was written, a sentence.
    """
    cost = results.cost
    front = results.on_frontier(cost)
    shown = [*range(len(results.rows))] if every else front
    wanted = [name for name in (results.family, results.score, *results.costs) if name]
    if every and path.suffix.lower() in (".csv", ".json"):
        wanted += [name for name in results.rows.columns if name not in (*wanted, results.name)]
    for_readers = path.suffix.lower() in (".md", ".tex")
    heads = [results.head(name) if for_readers else name for name in wanted]
    heads = [results.name or "network", *heads]
    exact = results.source
    columns = [_cells((exact if name in exact else results.rows)[name].iloc[shown]) for name in wanted]
    if every:
        heads.append("on_frontier")
        columns.append([int(at in front) for at in shown])
    rows = [[results.names[at], *cells] for at, *cells in zip(shown, *columns, strict=True)]
    count, of, title = f"{len(rows):,}", f"{len(results.rows):,}", results.title
    plane = f"{results.head(results.score)} over {results.head(cost)}"
    explanation = (
        f"All {count} networks of {title}; on_frontier is that of {plane}."
        if every
        else f"The {count} of {of} networks of {title} on the frontier of {plane}."
    )
    write_table(heads, rows, path, note=explanation)
    return explanation


def _cells(column: pd.Series) -> list[object]:
    """Return the cells of a column; whole numbers, which missing ones made floats, as whole numbers."""
    known = column.dropna()
    if not pd.api.types.is_float_dtype(column) or not (known % 1 == 0).all():
        return list(column)
    return [None if math.isnan(number) else int(number) for number in column]
