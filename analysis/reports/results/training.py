"""What a search reached over time, and how its trials learned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from archscape.analysis.metrics import SCORE, SHARES

from ..figures.description import FAMILY_COLORS, Axis, Figure, Segment, Series, Ticks
from ..format import label, span, value
from .run import Digest

LOOKS = {
    "complete": ("rest", "solid"),
    "pruned": ("pruned", "dash"),
    "failed": ("failed", "dot"),
    "running": ("running", "solid"),
}
"""Colour and dash of the curves of trials that are not on the frontier, by state."""
FAINT = 0.5
"""Opacity of the curves that stay behind the named ones."""


def training_figures(digest: Digest, strip: Sequence[Segment] | None = None) -> dict[str, Figure]:
    """Return the figures that have something to show, by name.

    Args:
        digest: The trials that the page shows.
        strip: Who proposed the trials, in the order in which they finished; None for no strip.
    """
    figures = {"progress": progress_figure(digest, strip)} if len(digest.table.rows) else {}
    if digest.curves.drop(columns=["trial", "epoch"]).notna().any(axis=None):
        figures["curves"] = curves_figure(digest)
    return figures


def progress_figure(digest: Digest, strip: Sequence[Segment] | None = None) -> Figure:
    """Return what was reached after each finished trial."""
    rows = digest.progress
    several = len(digest.results.objectives) > 1
    name = "hypervolume" if several else next(iter(digest.results.objectives))
    line = Series(
        kind="line",
        x=rows.index.to_numpy(dtype=float) + 1,
        y=rows["value"].to_numpy(dtype=float),
        width=2,
        shape="hv",
        hover=[
            f"<b>{value(name, reached)}</b><br>trial {number}: {status}<br>after {span(elapsed)}"
            for number, status, elapsed, reached in zip(*(rows[column] for column in rows), strict=True)
        ],
    )
    finished = float(rows.index.max() + 1)
    words = "hypervolume" if several else f"best {label(name)}"
    return Figure(
        x=Axis(label="finished trials", ticks="whole", extent=(0, finished), from_zero=True),
        y=Axis(label=words, ticks=_ticks(name)),
        series=[line],
        strip=strip,
        legend=False,
        hover="x",
    )


def curves_figure(digest: Digest) -> Figure:
    """Return the learning curves: some of the frontier each in a colour of its own, the others faint."""
    trials = digest.trials.set_index("number")
    known = digest.curves[digest.curves["trial"].isin(trials.index)].sort_values(["trial", "epoch"])
    measures = dict.fromkeys([digest.table.score, SCORE, "loss"])
    measure = next((name for name in measures if known[name].notna().any()), "loss")
    states = known["trial"].map(trials["status"])
    on_front = known["trial"].map(trials["on_front"]).astype(bool)
    series = [
        _curves(known[~on_front & (states == state)], measure, state, color, dash, 1)
        for state, (color, dash) in LOOKS.items()
        if (~on_front & (states == state)).any()
    ]
    front = [number for number in digest.front["number"] if number in set(known["trial"])]
    steps = np.linspace(0, len(front) - 1, min(len(front), len(FAMILY_COLORS))).round().astype(int)
    named = [front[step] for step in steps]
    rest = on_front & ~known["trial"].isin(named)
    if rest.any():
        series.append(_curves(known[rest], measure, "others on the frontier", "front", "solid", 1))
    for number, color in zip(named, FAMILY_COLORS, strict=False):
        series.append(_curves(known[known["trial"] == number], measure, f"trial {number}", color, "solid", 2))
    return Figure(
        x=Axis(label="epoch", ticks="whole", extent=(0, float(known["epoch"].max()))),
        y=Axis(label=label(measure), ticks=_ticks(measure)),
        series=series,
    )


def _curves(rows: pd.DataFrame, measure: str, name: str, color: str, dash: str, width: float) -> Series:
    """Return the curves of many trials as one series with gaps: a thousand series would not draw."""
    about = "on the frontier" if width > 1 else name
    gap = rows.drop_duplicates("trial").assign(epoch=float("inf"), **{measure: float("nan")})
    order = pd.concat([rows, gap]).sort_values(["trial", "epoch"], kind="stable")
    trials = order["trial"].map("{:.0f}".format).where(order["epoch"] < float("inf"), "")
    return Series(
        kind="line",
        name=name,
        x=order["epoch"].replace(float("inf"), float("nan")).to_numpy(),
        y=order[measure].to_numpy(),
        color=color,
        dash=dash,
        width=width,
        opacity=1 if width > 1 else FAINT,
        text=trials.tolist(),
        hover_template=f"<b>trial %{{text}}</b>, {about}<br>epoch %{{x}}: %{{y}}<extra></extra>",
    )


def _ticks(name: str) -> Ticks:
    return "share" if name in SHARES else "plain"
