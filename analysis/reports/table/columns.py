"""Any table of networks as results: which of its columns is the score, which are costs, names and families.

What nobody says is chosen by the names of the columns (`column_words`). Whatever was chosen is told, with the
way to choose otherwise. Units stay those of the table.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from archscape.analysis.statistics.frontier import Direction, Objectives
from archscape.spaces.errors import InputError, suggest

from ..format import NONE, label, value
from ..tables import decimals
from .column_words import COSTS, ERRORS, FAMILIES, NAMES, SCORES, heading, key_of, kind_of, words_of
from .naming import FAMILY, RULE, families_of_names


@dataclass(frozen=True, kw_only=True)
class ColumnOptions:
    """What somebody said of the columns; "" or nothing where the names decide."""

    score: str = ""
    costs: tuple[str, ...] = ()
    name: str = ""
    family: str = ""
    repeats: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Results:
    """A table of networks with the parts that its columns play.

    Attributes:
        title: What the table is called.
        rows: The table; the score and the costs are floats, NaN where missing; `FAMILY` holds the families
            where the names gave them.
        score: The column of the score.
        way: Its better direction.
        costs: The columns of the costs with their better directions, the first being the default.
        name: The column that names a network; "" where there is none, and the number of the row does.
        family: The column of the families; "" where there are none.
        repeats: Columns of the scores of repeated trainings.
        error: The column of the score's standard error.
        known: Whether the columns are those of a run, whose units and words are known.
        said: What was chosen, a sentence each.
    """

    title: str
    rows: pd.DataFrame
    score: str
    way: Direction
    costs: Mapping[str, Direction]
    name: str = ""
    family: str = ""
    repeats: tuple[str, ...] = ()
    error: str = ""
    known: bool = False
    said: tuple[str, ...] = ()

    @cached_property
    def names(self) -> list[str]:
        """The names of the networks."""
        if self.name:
            return [str(name) for name in self.rows[self.name]]
        return [f"row {number}" for number in range(1, len(self.rows) + 1)]

    @cached_property
    def decimals(self) -> Mapping[str, int]:
        """The decimals that show the numbers of each column."""
        numeric = self.rows.select_dtypes("number")
        return {str(name): decimals(numeric[name].dropna().astype(float).tolist()) for name in numeric}

    def text(self, column: str, number: float) -> str:
        """Return a number of a column to read."""
        if self.known:
            return value(column, number)
        return NONE if math.isnan(number) else f"{number:,.{self.decimals.get(column, 3)}f}"

    def head(self, column: str) -> str:
        """Return the name of a column to read."""
        return label(column) if self.known else heading(column)

    def objectives(self, cost: str) -> Objectives:
        """Return the plane of the score and one cost."""
        return {self.score: self.way, cost: self.costs[cost]}

    @property
    def unit(self) -> float | None:
        """What all right is: 100 for percent, 1 for a share; None where the score has no end."""
        top = float(self.rows[self.score].max()) if len(self.rows) else 1.0
        is_share = bool({"accuracy", "acc", "top", "top1", "acc1"} & set(words_of(self.score)))
        if self.way != "maximize" or not is_share:
            return None
        return 1.0 if top <= 1 else 100.0 if top <= 100 else None


def infer_roles(table: pd.DataFrame, wanted: ColumnOptions, *, title: str, where: str) -> Results:
    """Return a table with the parts that its columns play.

    Args:
        table: One row a network.
        wanted: What somebody said.
        title: What the table is called.
        where: The place that errors name.

    Raises:
        InputError: A named column is missing, holds no numbers, or there is no score or cost to be found.
    """
    for column in (wanted.score, *wanted.costs, wanted.name, wanted.family, *wanted.repeats, wanted.error):
        if column and column not in table:
            there = ", ".join(map(str, table.columns))
            near = suggest(column, map(str, table.columns))
            hint = near if "did you mean" in near else ""
            raise InputError(f"{where}: no column '{column}'{hint}; there are {there}")
    table = table.rename(columns=str)
    numeric = [str(name) for name in table if pd.api.types.is_numeric_dtype(table[name])]
    texts = _half_numbers(table, numeric)
    hint = f"; {', '.join(texts)} would be, but not every cell is a number" if texts else ""
    score, way = _score(table, wanted, numeric, where, hint)
    costs = _costs(wanted, [name for name in numeric if name != score], where, list(table.columns), hint)
    repeats = wanted.repeats or (() if wanted.error else _repeats(table, score, numeric))
    rows = _numbers(table, (score, *costs, *repeats, *([wanted.error] if wanted.error else [])), where)
    name = wanted.name or _first(rows, NAMES)
    family = wanted.family or _first(rows, FAMILIES)
    _one_part_each(where, score, *costs, family, wanted.error)
    if wanted.repeats and not _is_mean(rows, repeats, score):
        raise InputError(
            f"{where}: the score must be the mean of {', '.join(repeats)}, but {score} is not; "
            "--score COLUMN says which is"
        )
    if family:
        rows[family] = rows[family].map(str, na_action="ignore")
    rule = ""
    if not family:
        named = next((n for n in ("arch", "model", name) if n in rows), "")
        found = families_of_names([str(v) for v in rows[named]]) if named else None
        if found is not None:
            rows, family, rule = rows.assign(**{FAMILY: found}), FAMILY, f" ({RULE.format(named)})"
    usable = rows[score].notna() & rows[list(costs)].notna().any(axis=1)
    if not usable.any():
        raise InputError(f"{where}: no row has both {score} and one of {', '.join(costs)}")
    return Results(
        title=title,
        rows=rows[usable].reset_index(drop=True),
        score=score,
        way=way,
        costs=costs,
        name=name,
        family=family,
        repeats=tuple(repeats),
        error=wanted.error,
        said=(
            *_said(score, way, costs, name, family, rule, repeats, wanted.error),
            *([f"Left out, since not every cell is a number: {', '.join(texts)}."] if texts else []),
        ),
    )


def _half_numbers(table: pd.DataFrame, numeric: Sequence[str]) -> list[str]:
    """Return the columns that are called like a score or a cost and begin with numbers, but hold texts."""
    called = [
        name
        for name in map(str, table)
        if name not in numeric and (key_of(name) in (*SCORES, *ERRORS) or kind_of(name))
    ]
    return [name for name in called if table[name].astype(str).str.match(r"\s*[-+]?\.?\d").any()]


def _one_part_each(where: str, *columns: str) -> None:
    given = [column for column in columns if column]
    for column in given:
        if given.count(column) > 1:
            raise InputError(
                f"{where}: a column is score, cost, family or error, but '{column}' is two of them"
            )


def _is_mean(rows: pd.DataFrame, columns: Sequence[str], score: str) -> bool:
    """Tell whether a score is the mean of trainings, as far as both are known and rounding lets it be."""
    means = rows[list(columns)].mean(axis=1)
    known = means.notna() & rows[score].notna()
    return bool(np.allclose(means[known], rows.loc[known, score], rtol=1e-3))


def _first(rows: pd.DataFrame, wanted: Sequence[str]) -> str:
    """Return the first column that is called like one of these words, "" where there is none."""
    return next((str(name) for word in wanted for name in rows if key_of(str(name)) == word), "")


def _score(
    table: pd.DataFrame, wanted: ColumnOptions, numeric: Sequence[str], where: str, hint: str
) -> tuple[str, Direction]:
    if wanted.score:
        way: Direction = (
            "minimize" if {"error", "err", "loss", "perplexity"} & set(words_of(wanted.score)) else "maximize"
        )
        return wanted.score, way
    for words, direction in ((SCORES, "maximize"), (ERRORS, "minimize")):
        for word in words:
            for name in numeric:
                if key_of(name) == word:
                    return name, "maximize" if direction == "maximize" else "minimize"
    there = ", ".join(map(str, table.columns))
    raise InputError(
        f"{where}: which column is the score? none is called accuracy, top1 or the like; "
        f"say --score COLUMN, of {there}{hint}"
    )


def _costs(
    wanted: ColumnOptions, numeric: Sequence[str], where: str, columns: Sequence[object], hint: str
) -> dict[str, Direction]:
    if wanted.costs:
        return {name: "maximize" if kind_of(name) == "speed" else "minimize" for name in wanted.costs}
    kinds = {name: kind_of(name) for name in numeric}
    order = list(COSTS)
    known = sorted((name for name in numeric if kinds[name]), key=lambda name: order.index(kinds[name]))
    if not known:
        raise InputError(
            f"{where}: which column is a cost? none is called params, macs, latency or the like; "
            f"say --cost COLUMN, of {', '.join(map(str, columns))}{hint}"
        )
    return {name: "maximize" if kinds[name] == "speed" else "minimize" for name in known}


def _repeats(table: pd.DataFrame, score: str, numeric: Sequence[str]) -> tuple[str, ...]:
    """Return columns that are called alike but for a number, and whose mean is the score."""
    stems: dict[str, list[str]] = {}
    for name in numeric:
        stem = re.sub(r"[\s_]?\d+$", "", name)
        if stem != name and name != score:
            stems.setdefault(stem, []).append(name)
    for columns in stems.values():
        if len(columns) > 1 and np.allclose(
            table[columns].mean(axis=1), table[score], rtol=1e-4, equal_nan=True
        ):
            return tuple(columns)
    return ()


def _numbers(table: pd.DataFrame, columns: Sequence[str], where: str) -> pd.DataFrame:
    result = table.copy()
    for name in columns:
        try:
            numbers = pd.to_numeric(table[name]).astype(float)
        except (ValueError, TypeError) as error:
            raise InputError(f"{where}: column '{name}' must hold numbers, but {error}") from None
        result[name] = numbers.where(np.isfinite(numbers))
    return result


def _said(
    score: str,
    way: Direction,
    costs: Mapping[str, Direction],
    name: str,
    family: str,
    rule: str,
    repeats: Sequence[str],
    error: str,
) -> tuple[str, ...]:
    """Return what was chosen, a sentence each."""
    listed = ", ".join(
        f"{cost}{' (more is better)' if to == 'maximize' else ''}" for cost, to in costs.items()
    )
    said = [
        f"Score: {score}, {'more' if way == 'maximize' else 'less'} is better (--score).",
        f"Costs: {listed} (--cost).",
        f"Networks are named by {name} (--name)." if name else "Networks are named by their row (--name).",
    ]
    if family:
        said.append(f"Families: {'by name' if rule else family}{rule} (--family).")
    else:
        said.append("No families: no column tells them, and names that begin alike are too few (--family).")
    if repeats:
        said.append(f"Repeated trainings: {', '.join(repeats)} (--repeats).")
    if error:
        said.append(f"Standard error of the score: {error} (--error).")
    return tuple(said)
