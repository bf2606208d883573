"""The table of all trials of a run."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from archscape.analysis.metrics import METRICS, SHARES
from archscape.analysis.results import STATES

from ..format import outline, short_label
from ..page.grid import Column, Grid, grid_section
from ..page.tables import Html
from ..tables import decimals
from .results import Digest

Row: TypeAlias = dict[str, Any]


def trials_table(digest: Digest, shown: Collection[int]) -> Html:
    """Return the table of all trials with its filter; those in `shown` lead to their network."""
    return grid_section(trials_grid(digest, shown))


def trials_grid(digest: Digest, shown: Collection[int]) -> Grid:
    """Return all trials as a table: those on the frontier and each status can be filtered by."""
    trials = digest.trials
    offered = dict.fromkeys([*digest.results.objectives, *_columns(), "epochs", "seed"])
    numbers = [name for name in offered if trials[name].notna().any()]
    numbers += ["chance"] if trials["accuracy_std"].notna().any() else []
    texts = [name for name in ("network", "hash", "worker", "message") if (trials[name] != "").any()]
    status = trials["status"].to_numpy()
    marks = {"on the frontier": np.flatnonzero(trials["on_front"]).tolist()}
    marks |= {word: np.flatnonzero(status == word).tolist() for word in STATES if (status == word).any()}
    known = trials["number"].tolist()
    return Grid(
        noun="trials",
        columns=[
            Column(head="trial", values=known, grouped=False),
            Column(head="status", values=trials["verdict"].tolist(), kind="status"),
            *(_numbers(name, trials[name]) for name in numbers),
            *(_texts(name, trials[name]) for name in texts),
        ],
        marks=marks,
        ids=known,
        anchor="trial",
        links={at: f"network-{number}" for at, number in enumerate(known) if number in shown},
        hint="words of the row: inverted, diverged",
    )


def _columns() -> Iterator[str]:
    """Yield the metrics that every table of trials shows, those that may be objectives with their spread."""
    for name, metric in METRICS.items():
        if metric.use != "recorded":
            yield name
        if metric.use == "objective" and metric.has_spread:
            yield metric.spread.name


def _numbers(name: str, column: pd.Series) -> Column:
    head = short_label(name)
    if name in SHARES or name == "chance":
        return Column(head=head, values=column.tolist(), percent=True, decimals=0 if name == "chance" else 2)
    places = 2 if "seconds" in name else decimals(column.dropna().astype(float).tolist())
    return Column(head=head, values=column.tolist(), decimals=places, grouped=name != "seed")


def _texts(name: str, column: pd.Series) -> Column:
    if name == "network":
        return Column(head=name, values=[outline(text) for text in column], kind="outline")
    return Column(head=name, values=column.tolist(), kind="code" if name in ("hash", "worker") else "text")


def records(frame: pd.DataFrame) -> list[Row]:
    """Return the rows as dicts: many times faster than `iterrows`."""
    return [{str(name): given for name, given in row.items()} for row in frame.to_dict("records")]
