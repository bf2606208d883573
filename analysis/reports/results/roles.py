"""The parts that the columns of a table play: inferred from their names, or as the user says.

What nobody says follows from the names of the columns (`column_words`); whatever was chosen is explained,
with the option that chooses otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from archscape.analysis.metrics import Direction
from archscape.spaces.errors import InputError, suggest

from .column_words import COST_WORDS, ERRORS, FAMILIES, NAMES, SCORES, key_of, kind_of, words_of
from .family_rules import FAMILY, RULE, families_of_names
from .reading import as_floats
from .results import Results


@dataclass(frozen=True, kw_only=True)
class ColumnOptions:
    """What the user says of the columns; "" or nothing where the names decide."""

    score: str = ""
    costs: tuple[str, ...] = ()
    name: str = ""
    family: str = ""
    repeats: tuple[str, ...] = ()
    error: str = ""

    @property
    def columns(self) -> list[str]:
        """The columns that are named."""
        named = (self.score, *self.costs, self.name, self.family, *self.repeats, self.error)
        return [column for column in named if column]


def infer_roles(table: pd.DataFrame, options: ColumnOptions, *, title: str, where: str) -> Results:
    """Return a table with the parts that its columns play.

    Its `title` is what the table is called, `where` the place that errors name.

    Raises:
        InputError: A named column is missing, holds no numbers, or there is no score or cost to be found.
    """
    table = table.rename(columns=str)
    columns = ", ".join(table.columns)
    for column in options.columns:
        if column not in table:
            near = suggest(column, table.columns)
            hint = near if "did you mean" in near else ""
            raise InputError(f"{where}: no column '{column}'{hint}; there are {columns}")
    numeric = [str(name) for name in table if pd.api.types.is_numeric_dtype(table[name])]
    texts = _half_numbers(table, numeric)
    if texts:
        columns += f"; {', '.join(texts)} would be, but not every cell is a number"
    score, way = _score(options, numeric, where, columns)
    costs = _costs(options, [name for name in numeric if name != score], where, columns)
    repeats = options.repeats or (() if options.error else _repeats(table, score, numeric))
    measured = [*dict.fromkeys(name for name in (score, *costs, *repeats, options.error) if name)]
    rows = as_floats(table, measured, where, law="must hold numbers")
    rows[measured] = rows[measured].where(np.isfinite(rows[measured]))
    name = options.name or _first(rows, NAMES)
    family = options.family or _first(rows, FAMILIES)
    _one_part_each(where, score, *costs, family, options.error)
    if options.repeats and not _is_mean(rows, repeats, score):
        raise InputError(
            f"{where}: the score must be the mean of {', '.join(repeats)}, but {score} is not; "
            "--score COLUMN says which is"
        )
    if family:
        rows[family] = rows[family].map(str, na_action="ignore")
    rule = ""
    if not family:
        named = next((n for n in ("arch", "model", name) if n in rows), "")
        families = families_of_names([str(name) for name in rows[named]]) if named else None
        if families is not None:
            rows, family, rule = rows.assign(**{FAMILY: families}), FAMILY, f" ({RULE.format(named)})"
    usable = rows[score].notna() & rows[list(costs)].notna().any(axis=1)
    if not usable.any():
        raise InputError(f"{where}: no row has both {score} and one of {', '.join(costs)}")
    results = Results(
        title=title,
        rows=rows[usable].reset_index(drop=True),
        score=score,
        way=way,
        costs=costs,
        name=name,
        family=family,
        repeats=tuple(repeats),
        error=options.error,
    )
    return replace(results, explanations=tuple(_explanations(results, rule, texts)))


def _half_numbers(table: pd.DataFrame, numeric: Sequence[str]) -> list[str]:
    """Return the columns that are called like a score or a cost and begin with numbers, but hold texts."""
    called = [
        name
        for name in map(str, table)
        if name not in numeric and (key_of(name) in (*SCORES, *ERRORS) or kind_of(name))
    ]
    return [name for name in called if table[name].astype(str).str.match(r"\s*[-+]?\.?\d").any()]


def _one_part_each(where: str, *columns: str) -> None:
    named = [column for column in columns if column]
    for column in named:
        if named.count(column) > 1:
            raise InputError(
                f"{where}: a column is score, cost, family or error, but '{column}' is two of them"
            )


def _is_mean(rows: pd.DataFrame, columns: Sequence[str], score: str) -> bool:
    """Tell whether a score is the mean of trainings, as far as both are known and rounding lets it be."""
    means = rows[list(columns)].mean(axis=1)
    known = means.notna() & rows[score].notna()
    return bool(np.allclose(means[known], rows.loc[known, score], rtol=1e-3))


def _first(rows: pd.DataFrame, words: Sequence[str]) -> str:
    """Return the first column that is called like one of these words, "" where there is none."""
    return next((str(name) for word in words for name in rows if key_of(str(name)) == word), "")


def _score(options: ColumnOptions, numeric: Sequence[str], where: str, columns: str) -> tuple[str, Direction]:
    if options.score:
        is_error = {"error", "err", "loss", "perplexity"} & set(words_of(options.score))
        return options.score, "minimize" if is_error else "maximize"
    keys = {key_of(name): name for name in reversed(numeric)}
    for word in (*SCORES, *ERRORS):
        if word in keys:
            return keys[word], "maximize" if word in SCORES else "minimize"
    raise InputError(
        f"{where}: which column is the score? none is called accuracy, top1 or the like; "
        f"say --score COLUMN, of {columns}"
    )


def _costs(options: ColumnOptions, numeric: Sequence[str], where: str, columns: str) -> dict[str, Direction]:
    order = list(COST_WORDS)
    known = sorted((n for n in numeric if kind_of(n)), key=lambda name: order.index(kind_of(name)))
    names = options.costs or known
    if not names:
        raise InputError(
            f"{where}: which column is a cost? none is called params, macs, latency or the like; "
            f"say --cost COLUMN, of {columns}"
        )
    return {name: "maximize" if kind_of(name) == "speed" else "minimize" for name in names}


def _repeats(table: pd.DataFrame, score: str, numeric: Sequence[str]) -> tuple[str, ...]:
    """Return columns that are called alike but for a number, and whose mean is the score."""
    stems: dict[str, list[str]] = {}
    for name in numeric:
        stem = re.sub(r"[\s_]?\d+$", "", name)
        if stem != name and name != score:
            stems.setdefault(stem, []).append(name)
    for columns in stems.values() if score in numeric else ():
        if len(columns) > 1 and np.allclose(
            table[columns].mean(axis=1), table[score], rtol=1e-4, equal_nan=True
        ):
            return tuple(columns)
    return ()


def _explanations(results: Results, rule: str, texts: Sequence[str]) -> Iterator[str]:
    """Yield what was chosen, a sentence each; `rule` is how names tell families, `texts` are left out."""
    costs = [
        f"{cost}{' (more is better)' if way == 'maximize' else ''}" for cost, way in results.costs.items()
    ]
    yield f"Score: {results.score}, {'more' if results.way == 'maximize' else 'less'} is better (--score)."
    yield f"Costs: {', '.join(costs)} (--cost)."
    yield f"Networks are named by {results.name or 'their row'} (--name)."
    if results.family:
        yield f"Families: {'by name' if rule else results.family}{rule} (--family)."
    else:
        yield "No families: no column tells them, and names that begin alike are too few (--family)."
    if results.repeats:
        yield f"Repeated trainings: {', '.join(results.repeats)} (--repeats)."
    if results.error:
        yield f"Standard error of the score: {results.error} (--error)."
    if texts:
        yield f"Left out, since not every cell is a number: {', '.join(texts)}."
