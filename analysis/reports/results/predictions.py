"""What a search expected of its trials against what they gave: a figure, and how good the predictions were.

The expectations are columns of the table of trials (`analysis.results.prediction_columns`), which a study
wrote before each training; nothing here knows a sampler.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from archscape.analysis.metrics import SHARES
from archscape.analysis.results import predicted_metrics, prediction_columns
from archscape.analysis.statistics.calibration import Calibration, calibration
from archscape.analysis.statistics.frontier import Floats

from ..figures.description import Axis, Figure, Series, Ticks
from ..format import escaped
from .results import SHORTENED, Results

DRAWN = 1000
"""Predictions in a figure, the latest: more of them are a cloud without points."""
AGES = ("age-1", "age-2", "age-3", "age-4")
"""Colours from the earliest trials to the latest."""
FENCE = 3.0
"""Interquartile ranges beyond the quartiles from which on a value has no room in the figure (Tukey 1977)."""
ROW = ("at", "mean", "deviation", "measured")
PAD = 0.04
"""Air beside the points, as a share of the axis."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """The predictions of one metric of which a value was measured.

    Attributes:
        name: The metric.
        rows: One a prediction, in the order of the trials: `at` (its row in the table of results), `trial`
            (its number, that of its row where trials have none), `mean`, `deviation`, `measured`.
        calibration: How good they were.
    """

    name: str
    rows: pd.DataFrame
    calibration: Calibration


def predictions_of(results: Results) -> list[Predictions]:
    """Return the predictions of each metric that has some, those of the score first."""
    names = sorted(predicted_metrics(results.rows), key=lambda name: name != results.score)
    known = [(name, _rows(results, name)) for name in names]
    return [
        Predictions(
            name=name, rows=rows, calibration=calibration(rows["mean"], rows["deviation"], rows["measured"])
        )
        for name, rows in known
        if len(rows)
    ]


def _rows(results: Results, name: str) -> pd.DataFrame:
    columns, table = prediction_columns(name), results.rows
    numbers = _numbers(table)
    rows = pd.DataFrame(
        {
            "at": np.arange(len(table)),
            "trial": np.arange(1, len(table) + 1) if numbers is None else numbers,
            "mean": pd.to_numeric(table[columns.mean], errors="coerce").to_numpy(dtype=np.float64),
            "deviation": pd.to_numeric(table[columns.deviation], errors="coerce").to_numpy(dtype=np.float64),
            "measured": pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64),
        }
    )
    is_known = np.isfinite(rows[["mean", "deviation", "measured"]].to_numpy()).all(axis=1)
    known: pd.DataFrame = rows[is_known & (rows["deviation"].to_numpy() >= 0)]
    return known.sort_values("trial", kind="stable").reset_index(drop=True)


def _numbers(table: pd.DataFrame) -> Floats | None:
    """Return the numbers of the trials; None where they have none."""
    if "number" not in table:
        return None
    numbers = pd.to_numeric(table["number"], errors="coerce").to_numpy(dtype=np.float64)
    return numbers if np.isfinite(numbers).all() else None


def predicted_figures(results: Results, known: Sequence[Predictions]) -> dict[str, Figure]:
    """Return the figure of each metric by the name of its place."""
    return {f"predicted-{at}": predicted_figure(results, each) for at, each in enumerate(known)}


def predicted_figure(results: Results, predictions: Predictions) -> Figure:
    """Return what was predicted, with one deviation, against what was measured, and where both are equal."""
    shown = predictions.rows.tail(DRAWN)
    low, high = _ends(shown)
    words = results.head(predictions.name)
    return Figure(
        x=_axis(results, predictions.name, f"measured {words}", (low, high)),
        y=_axis(results, predictions.name, f"predicted {words}", (low, high)),
        series=[
            Series(kind="line", x=[low, high], y=[low, high], color="muted", dash="dash", width=1),
            *_points(results, predictions.name, shown),
        ],
    )


class _Group(NamedTuple):
    """Trials that have a colour together."""

    rows: pd.DataFrame
    color: str


def _points(results: Results, name: str, shown: pd.DataFrame) -> Iterator[Series]:
    """Yield the points by the age of their trials, the latest on top."""
    has_numbers = _numbers(results.rows) is not None
    for rows, color in _groups(shown):
        first, last = int(rows["trial"].iloc[0]), int(rows["trial"].iloc[-1])
        trials = f"trials {first} to {last}" if first != last else f"trial {first}"
        yield Series(
            kind="points",
            name=trials if has_numbers else "",
            x=rows["measured"].to_numpy(),
            y=rows["mean"].to_numpy(),
            y_error=rows["deviation"].to_numpy(),
            color=color,
            size=8,
            ids=rows["trial"].astype(int).tolist() if has_numbers else (),
            hover=[
                _about(results, name, *row) for row in zip(*(rows[column] for column in ROW), strict=True)
            ],
        )


def _groups(shown: pd.DataFrame) -> Iterator[_Group]:
    """Yield the trials in quarters, the earliest first; few of them have fewer colours."""
    parts = min(len(AGES), max(1, len(shown) // 2))
    for part, places in enumerate(np.array_split(np.arange(len(shown)), parts), start=len(AGES) - parts):
        yield _Group(shown.iloc[places], AGES[part])


def _about(results: Results, name: str, at: int, mean: float, deviation: float, measured: float) -> str:
    lines = [
        f"<b>{escaped(results.names[at])}</b>",
        f"predicted {with_deviation(results, name, mean, deviation)}",
        f"measured {results.text(name, measured)}",
    ]
    reason = results.rows["reason"].iloc[at] if "reason" in results.rows else ""
    return "<br>".join([*lines, *([escaped(str(reason))] if isinstance(reason, str) and reason else [])])


def with_deviation(results: Results, name: str, mean: float, deviation: float) -> str:
    """Return a prediction to read."""
    return f"{results.text(name, mean)} ± {results.text(name, deviation)}"


def _ends(shown: pd.DataFrame) -> tuple[float, float]:
    """Return the ends of both axes: one dead network leaves no room for the others, so it has none."""
    values = shown[["mean", "measured"]].to_numpy().ravel()
    first, third = np.quantile(values, [0.25, 0.75])
    reach = FENCE * (third - first)
    near = values[(values >= first - reach) & (values <= third + reach)]
    low, high = float(near.min()), float(near.max())
    bars = float(shown["deviation"].median())
    pad = max(bars, PAD * (high - low)) or PAD * abs(high) or PAD
    return low - pad, high + pad


def predicted_note(predictions: Predictions) -> str:
    """Return what the figure does not show; "" if it shows everything."""
    shown = predictions.rows.tail(DRAWN)
    low, high = _ends(shown)
    places = shown[["mean", "measured"]]
    beyond = int(((places < low) | (places > high)).any(axis=1).sum())
    latest = len(shown) < len(predictions.rows)
    notes = [f"The latest {len(shown):,} trials."] if latest else []
    return " ".join([*notes, *([f"Beyond the axes: {beyond:,}."] if beyond else [])])


def _axis(results: Results, name: str, words: str, ends: tuple[float, float]) -> Axis:
    is_share = results.is_run and name in SHARES
    ticks: Ticks = "share" if is_share else "short" if ends[1] >= SHORTENED[results.is_run] else "plain"
    return Axis(label=words, ticks=ticks, range=ends)
