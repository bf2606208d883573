"""The parts that the columns of a table play: inferred from their names, or as the user says.

What nobody says follows from the names of the columns (`column_words`, `directions`); whatever was chosen is
explained, with the option that chooses otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from archscape.analysis.metrics import Direction
from archscape.analysis.results import decision_columns, predicted_metrics, prediction_columns
from archscape.spaces.errors import InputError

from .column_options import ColumnOptions, resolve
from .column_words import ERRORS, FAMILIES, NAMES, SCORES, first_called, key_of
from .directions import read_name
from .family_rules import FAMILY, RULE, families_of_names
from .quantities import COST_KINDS, SPARE_KINDS
from .reading import as_floats
from .results import Results, names_of

NAMED = 8
"""Networks that a sentence names."""
LARGEST = 1e300
"""Beyond this a sum or a margin of an axis is no finite number any more."""


def infer_roles(table: pd.DataFrame, options: ColumnOptions, *, title: str, where: str) -> Results:
    """Return a table with the parts that its columns play.

    Its `title` is what the table is called, `where` the place that errors name.

    Raises:
        InputError: A named column is missing, holds no numbers, or there is no score or cost to be found.
    """
    read = table.attrs
    table = table.rename(columns=str)
    table.attrs = {}
    options, ways = resolve(options, list(table.columns), where)
    ambiguous = read.get("ambiguous", {})
    _refuse_ambiguous(ambiguous, options, where)
    numeric, texts = _columns_of_numbers(table, ambiguous)
    columns = ", ".join(table.columns)
    if texts:
        columns += f"; {', '.join(texts)} would be, but not every cell is a number"
    score = options.score or _score(numeric, where, columns)
    chosen = options.costs or _costs([name for name in numeric if name != score], where, columns)
    known = {name: ways.get(name) or read_name(name).way for name in (score, *chosen)}
    way = known[score] or "maximize"
    costs: dict[str, Direction] = {name: known[name] or "minimize" for name in chosen}
    repeats = options.repeats or (() if options.error else _repeats(table, score, numeric))
    rows, beyond = _finite_numbers(table, (score, *costs, *repeats, options.error), where)
    name = options.name or first_called(rows.columns, NAMES) or _names_first(table, options.family)
    family = options.family or first_called([c for c in rows.columns if c != name], FAMILIES)
    _one_part_each(where, score, *costs, family, options.error)
    if options.repeats and not _is_mean(rows, repeats, score):
        raise InputError(
            f"{where}: the score must be the mean of {', '.join(repeats)}, but {score} is not; "
            "--score COLUMN says which is"
        )
    rows, family, rule = _with_families(rows, family, name)
    usable = rows[score].notna() & rows[list(costs)].notna().any(axis=1)
    if not usable.any():
        bound = f" up to {LARGEST:g}" if beyond.any(axis=None) else ""
        raise InputError(f"{where}: no row has both {score} and one of {', '.join(costs)}{bound}")
    names = names_of(rows, name)
    left_out = [
        *(
            f"Left out: {column}, in which {reason}."
            for column, reason in ambiguous.items()
            if column not in (name, family)
        ),
        *_left_out(rows, usable, score, tuple(costs), names),
        *_too_large(beyond, names),
    ]
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
        units=read.get("units", {}),
        source=table[usable].reset_index(drop=True),
    )
    assumed = [column for column in known if column not in ways and _is_assumed(column)]
    return replace(
        results, explanations=(*_explanations(results, rule, texts, assumed), *left_out, *_understood(read))
    )


def _columns_of_numbers(table: pd.DataFrame, ambiguous: Collection[str]) -> tuple[list[str], list[str]]:
    """Return the columns that hold numbers, and those that are called so but hold texts as well.

    An option such as `decision.memory.width` is no cost, whatever the words of its path, and neither is what
    a model expected of one.
    """
    expected = [column for name in predicted_metrics(table) for column in prediction_columns(name)]
    measures = table.drop(columns=[*decision_columns(table), *expected])
    numeric = [str(name) for name in measures if _is_numeric(table[name])]
    return numeric, _half_numbers(measures, [*numeric, *ambiguous])


def _finite_numbers(
    table: pd.DataFrame, columns: Iterable[str], where: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a table with columns of numbers without those that are too large, and where these stood."""
    measured = [*dict.fromkeys(filter(None, columns))]
    rows = as_floats(table, measured, where, law="must hold numbers")
    sizes = rows[measured].abs()
    rows[measured] = rows[measured].where(sizes <= LARGEST)
    return rows, sizes.gt(LARGEST) & sizes.lt(np.inf)


def _with_families(rows: pd.DataFrame, family: str, name: str) -> tuple[pd.DataFrame, str, str]:
    """Return a table with families, by a column or by names, that column, and the rule of the names."""
    if family:
        return rows.assign(**{family: rows[family].map(str, na_action="ignore")}), family, ""
    named = next((n for n in ("arch", "model", name) if n in rows), "")
    families = families_of_names([str(name) for name in rows[named]]) if named else None
    if families is None:
        return rows, "", ""
    return rows.assign(**{FAMILY: families}), FAMILY, f" ({RULE.format(named)})"


def _is_assumed(column: str) -> bool:
    """Tell whether the direction of a column is no more than likely by its name."""
    reading = read_name(column)
    return reading.way is None or reading.is_guess


def _half_numbers(table: pd.DataFrame, numeric: Sequence[str]) -> list[str]:
    """Return the columns that are called like a score or a cost and begin with numbers, but hold texts."""
    called = [
        name
        for name in map(str, table)
        if name not in numeric and read_name(name).role in ("score", "error", "cost", "speed")
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


def _names_first(table: pd.DataFrame, family: str) -> str:
    """Return the first column if it holds another text in each row: names, but where it is called family."""
    first = str(table.columns[0])
    cells = table[first].tolist()
    is_names = all(isinstance(cell, str) and cell for cell in cells) and len(set(cells)) == len(cells)
    return first if is_names and first != family and key_of(first) != FAMILY else ""


def _is_numeric(column: pd.Series) -> bool:
    """Tell whether a column holds numbers, whole ones of any size among them."""
    if pd.api.types.is_numeric_dtype(column):
        return True
    return pd.api.types.infer_dtype(column, skipna=True) in ("integer", "mixed-integer-float")


def _refuse_ambiguous(reasons: Mapping[str, str], options: ColumnOptions, where: str) -> None:
    """Raise InputError for numbers that can be read in two ways, in a column that is, or may be, of use."""
    wanted = (() if options.score else ("score", "error")) + (() if options.costs else ("cost", "speed"))
    for column, reason in reasons.items():
        if column in options.columns or read_name(column).role in wanted:
            law = "write one unit, decimals with a point, and thousands without a mark"
            raise InputError(f"{where}: column '{column}': {reason}; {law}")


def _left_out(
    rows: pd.DataFrame, usable: pd.Series, score: str, costs: Sequence[str], names: Sequence[str]
) -> Iterator[str]:
    """Yield which rows are left out, and over which costs others are."""
    without = [names[at] for at in _places(rows[score].isna())]
    if without:
        yield f"Left out, their {score} being empty or no finite number: {_counted(without)}."
    bare = [names[at] for at in _places(rows[score].notna() & ~usable)]
    if bare:
        yield f"Left out, having no cost: {_counted(bare)}."
    for cost in costs:
        missing = [names[at] for at in _places(usable & rows[cost].isna())]
        if missing:
            yield f"Not over {cost}, which is empty or no finite number there: {_counted(missing)}."


def _too_large(beyond: pd.DataFrame, names: Sequence[str]) -> Iterator[str]:
    """Yield which finite numbers are left out as infinite ones are, because no figure has room for them."""
    for column in beyond:
        if beyond[column].any():
            where = _counted([names[at] for at in _places(beyond[column])])
            yield f"Taken as infinite, {column} being beyond {LARGEST:g}: {where}."


def _places(mask: pd.Series) -> list[int]:
    places: list[int] = np.flatnonzero(mask).tolist()
    return places


def _counted(names: Sequence[str]) -> str:
    """Return how many networks there are and which, the first of many."""
    rest = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return f"{len(names):,} ({', '.join(names[:NAMED])}{rest})"


def _understood(read: Mapping[Hashable, Any]) -> Iterator[str]:
    """Yield what was understood of a file that is not plain."""
    if notes := read.get("understood", ()):
        yield f"Read as: {'; '.join(notes)}."


def _score(numeric: Sequence[str], where: str, columns: str) -> str:
    """Return the column that is most likely the score; of several that are not in our lists, none."""
    keys = {key_of(name): name for name in reversed(numeric)}
    for word in (*SCORES, *ERRORS):
        if word in keys:
            return keys[word]
    for role in ("score", "error"):
        names = [name for name in numeric if read_name(name).role == role]
        if len(names) == 1:
            return names[0]
        if names:
            raise InputError(f"{where}: which column is the score, {', '.join(names)}? say --score COLUMN")
    raise InputError(
        f"{where}: which column is the score? none is called accuracy, top1 or the like; "
        f"say --score COLUMN, of {columns}"
    )


def _costs(numeric: Sequence[str], where: str, columns: str) -> tuple[str, ...]:
    """Return the columns that are costs, by kind; size and epochs only where there is no other."""
    kinds = {name: read_name(name).kind for name in numeric}
    for order in (COST_KINDS, SPARE_KINDS):
        names = [name for name, kind in kinds.items() if kind in order]
        if names:
            return tuple(sorted(names, key=lambda name: order.index(kinds[name])))
    raise InputError(
        f"{where}: which column is a cost? none is called params, macs, latency or the like; "
        f"say --cost COLUMN, of {columns}"
    )


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


def _explanations(
    results: Results, rule: str, texts: Sequence[str], assumed: Collection[str]
) -> Iterator[str]:
    """Yield what was chosen, directions first; `rule` is how names tell families, `texts` are left out."""
    costs = "; ".join(_directed(cost, way, "cost", assumed) for cost, way in results.costs.items())
    score = _directed(results.score, results.way, "score", assumed)
    yield f"Score: {score} (--score). Costs: {costs} (--cost)."
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


def _directed(column: str, way: Direction, option: str, assumed: Collection[str]) -> str:
    """Return a column with its direction, and how to turn it round where its name does not tell."""
    better, other = ("more", "min") if way == "maximize" else ("less", "max")
    text = f"{column}, {better} is better"
    if column not in assumed:
        return text
    return f"{text} (assumed, its name does not tell: else --{option} '{column}:{other}')"
