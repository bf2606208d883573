"""The tables of all rows: every trial of a search, every network of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from archscape.analysis.drawing.strip import LEGEND
from archscape.analysis.metrics import SECONDS, SHARES, Metric
from archscape.analysis.results import PROPOSED, STATES, predicted_metrics, prediction_columns
from archscape.spaces.display import decimals

from ..format import label, outline, short_label
from ..page.grid import Column, Grid
from ..page.networks import strip_of
from .decisions import options_of, varying
from .leading import shown_families
from .results import Results
from .run import BEYOND, Digest

DRAWN = 200
"""So many rows have a picture of their network, and those on the frontier; more would make a page slow."""


def trials_grid(digest: Digest, layers: Mapping[int, str]) -> Grid:
    """Return all trials as a table: those on the frontier and each status can be filtered by.

    The page opens each of them; without a script those with `layers` lead there. Decisions have columns where
    trials differ in them, and are shown at once where all trials were asked.
    """
    trials, decisions = digest.trials, options_of(digest.trials)
    offered = dict.fromkeys([*digest.results.objectives, *_columns(digest.results.metrics)])
    numbers = [name for name in offered if trials[name].notna().any()]
    numbers += ["chance"] if digest.has_spreads else []
    texts = [name for name in ("network", "hash", "worker", "message") if (trials[name] != "").any()]
    status = trials["status"].to_numpy()
    marks = {"on the frontier": np.flatnonzero(trials["on_front"]).tolist()}
    if (trials["violation"] > 0).any():
        marks[BEYOND] = np.flatnonzero(trials["violation"] > 0).tolist()
    marks |= {word: np.flatnonzero(status == word).tolist() for word in STATES if (status == word).any()}
    known = trials["number"].tolist()
    return Grid(
        noun="trials",
        columns=[
            Column(head="trial", values=known, grouped=False),
            Column(head="status", values=trials["outcome"].tolist(), kind="status"),
            *_strips(trials),
            *(_numbers(name, trials[name]) for name in numbers),
            *(_decision(path, decisions[path]) for path in varying(decisions)),
            *_proposals(trials),
            *(_numbers(name, trials[name]) for name in ("epochs", "seed") if trials[name].notna().any()),
            *(_texts(name, trials[name]) for name in texts),
        ],
        marks=marks,
        ids=known,
        anchor="trial",
        links={at: layers[number] for at, number in enumerate(known) if number in layers},
        opens=True,
        chip="frontier",
        hint="words of the row: inverted, diverged",
    )


def _strips(trials: pd.DataFrame) -> Iterator[Column]:
    """Yield a picture of each network on the frontier, and of the first rows, which the page opens with."""
    texts = trials["network"].where(trials["on_front"] | (np.arange(len(trials)) < DRAWN), "")
    strips = [strip_of(text) if text else "" for text in texts]
    if any(strips):
        yield Column(head="layers", title=LEGEND, values=strips, kind="strip")


def networks_grid(results: Results) -> Grid:
    """Return all rows of a table: name, score, costs, family first, then every other column as it is."""
    first = [results.name, results.score, *results.costs, results.family]
    columns = [_column(results, name) for name in dict.fromkeys([*first, *results.rows.columns]) if name]
    if not results.name:
        columns.insert(0, Column(head="network", values=results.names, kind="text"))
    chance = results.chances(results.cost)
    if chance is not None:
        head = f"chance on the frontier over {results.head(results.cost)}"
        columns.insert(2, Column(head=head, values=chance.tolist(), percent=True))
    example = shown_families(results)[:1] or [results.names[0][:12]]
    return Grid(
        noun="networks",
        columns=columns,
        marks={
            f"on the frontier over {results.head(cost)}": results.on_frontier(cost) for cost in results.costs
        },
        ids=range(len(results.rows)),
        anchor="row",
        hint=f"words of the row: {example[0]}",
    )


def _columns(metrics: Mapping[str, Metric]) -> Iterator[str]:
    """Yield the metrics that every table of trials shows, those that may be objectives with their spread."""
    for name, metric in metrics.items():
        if metric.use != "recorded":
            yield name
        if metric.use == "objective" and metric.has_spread:
            yield metric.spread.name


def _proposals(trials: pd.DataFrame) -> Iterator[Column]:
    """Yield what was expected of each trial, who proposed it and why, for those who choose to see it."""
    for name in predicted_metrics(trials):
        columns = prediction_columns(name)
        for column, words in ((columns.mean, "predicted {}"), (columns.deviation, "± {} predicted")):
            known = _numbers(name, trials[column])
            yield replace(known, head=words.format(known.head), title="", is_shown=False)
    for name in PROPOSED:
        if name in trials and (trials[name] != "").any():
            yield replace(_texts(name, trials[name]), is_shown=False)


def _decision(path: str, column: pd.Series) -> Column:
    asked = column.dropna()
    numbers = pd.to_numeric(asked, errors="coerce")
    if numbers.notna().all() and len(asked):
        values = pd.to_numeric(column).astype(float).tolist()
        return Column(
            head=path, values=values, decimals=decimals(numbers.astype(float).tolist()),
            is_shown=len(asked) == len(column), grouped=False,
        )  # fmt: skip
    return Column(
        head=path, values=column.fillna("").tolist(), kind="text", is_shown=len(asked) == len(column)
    )


def _numbers(name: str, column: pd.Series) -> Column:
    title, head = label(name), short_label(name)
    if name in SHARES or name == "chance":
        places = 0 if name == "chance" else 2
        return Column(head=head, title=title, values=column.tolist(), percent=True, decimals=places)
    places = 2 if name in SECONDS else decimals(column.dropna().astype(float).tolist())
    return Column(head=head, title=title, values=column.tolist(), decimals=places, grouped=name != "seed")


def _texts(name: str, column: pd.Series) -> Column:
    if name == "network":
        return Column(head=name, values=[outline(text) for text in column], kind="outline")
    return Column(head=name, values=column.tolist(), kind="code" if name in ("hash", "worker") else "text")


def _column(results: Results, name: str) -> Column:
    column = results.rows[name]
    is_number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if is_number and name != results.name:
        places = results.decimals.get(name, 3)
        return Column(head=results.head(name), values=column.astype(float).tolist(), decimals=places)
    return Column(head=results.head(name), values=column.fillna("").astype(str).tolist(), kind="text")
