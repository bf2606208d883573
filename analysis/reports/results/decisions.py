"""The decisions of trials as columns: `decision.PATH` for each path of the space that some trial was asked.

They follow from the column `decisions`, which holds the same as JSON and is all that runs of earlier versions
have.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import pandas as pd

from archscape.analysis.results import DECISION, decision_columns
from archscape.spaces.errors import InputError


def with_decisions(trials: pd.DataFrame) -> pd.DataFrame:
    """Return a table of trials with a column a decision; None where a trial was not asked.

    >>> table = with_decisions(pd.DataFrame({"decisions": ['{"w": 8, "depth": 1}', '{"w": 16}']}))
    >>> table["decision.w"].tolist(), table["decision.depth"].tolist()
    ([8, 16], [1, None])

    Raises:
        InputError: If a cell of `decisions` is no JSON object.
    """
    if "decisions" not in trials:
        return trials
    rows = [_decisions(text) for text in trials["decisions"]]
    columns = {DECISION + path: [row.get(path) for row in rows] for path in merged(rows)}
    rest = trials.drop(columns=decision_columns(trials))
    return pd.concat([rest, pd.DataFrame(columns, index=trials.index, dtype=object)], axis=1)


def decisions_of(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the decisions of trials alone, by path."""
    table = with_decisions(trials)
    return table[decision_columns(table)].rename(columns=lambda name: name.removeprefix(DECISION))


def options_of(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the options that trials took, as texts by path; missing where a trial was not asked."""
    return decisions_of(trials).map(str, na_action="ignore")


def varying(decisions: pd.DataFrame) -> list[str]:
    """Return the decisions in which trials differ, those that all were asked first.

    >>> varying(pd.DataFrame({"kernel": ["3", None], "w": ["4", "8"], "stride": ["1", "1"]}))
    ['w', 'kernel']
    """
    differ = [str(name) for name in decisions if decisions[name].nunique(dropna=False) > 1]
    return sorted(differ, key=lambda name: bool(decisions[name].isna().any()))


def merged(orders: Iterable[Iterable[str]]) -> list[str]:
    """Return all paths in the order of their space, of which each trial has a part.

    >>> merged([["w", "stage1.kernel", "stage2"], ["w", "stage1.expand", "stage2"]])
    ['w', 'stage1.expand', 'stage1.kernel', 'stage2']
    """
    paths: list[str] = []
    known: set[str] = set()
    for order in orders:
        place: Sequence[str] = [*order]
        for before, path in zip(["", *place], place, strict=False):
            if path not in known:
                known.add(path)
                paths.insert(paths.index(before) + 1 if before else 0, path)
    return paths


def _decisions(text: object) -> dict[str, int | str]:
    if not isinstance(text, str) or not text:
        return {}
    try:
        decisions = json.loads(text)
    except ValueError:
        decisions = None
    if not isinstance(decisions, dict):
        raise InputError(f"trials: column 'decisions' holds JSON objects, but got {text[:60]!r}")
    return decisions
