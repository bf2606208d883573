"""The score over a cost: points by family or by frontier, what none beats, the knee, known networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..figures.description import FAMILY_COLORS, SYMBOLS, Annotation, Figure, Series, Upright
from ..format import escaped, label, value
from .family_rules import OTHER
from .leading import shown_families
from .results import Results

CROWD = 2000
"""Networks from which on points are drawn small."""
FAR = 4.0
"""A reference this many times beyond the networks would squeeze them into a corner."""
NAMED = 8
"""References that the note names, the cheapest first."""
DRAWN = 3
"""References of unknown score that are drawn: more would be a fence before the networks."""
KNEE = (
    "The knee is the network of the frontier that is farthest above the straight line through its two ends, "
    "the cost in its logarithm (Das 1999)."
)


def frontier_figure(results: Results, cost: str) -> Figure:
    """Return the score of every network over a cost."""
    low, high = _extent(results, cost)
    front, bend = results.on_frontier(cost), results.knee(cost)
    steps = [*front, *front[-1:]]
    costs = results.rows[cost].iloc[steps].to_numpy(dtype=np.float64).copy()
    costs[-1:] = high if results.costs[cost] == "minimize" else low
    best = "best at this cost or below" if results.is_run else "frontier"
    color = "front" if results.is_run else "ink"
    scores = results.rows[results.score]
    line = Series(kind="line", x=costs, y=scores.iloc[steps].to_numpy(), name=best, color=color, shape="hv")
    size = 12 if len(results.rows) <= CROWD else 10
    ring = _mark(results, cost, front, size=size, color="ink", width=1.2)
    knee = _mark(
        results, cost, [] if bend is None else [bend], size=18, color="reference", width=2.4,
        name="knee" if results.is_run else "",
    )  # fmt: skip
    return Figure(
        x=results.cost_axis(cost, low, high),
        y=results.score_axis(),
        series=[*_points(results, cost), line, _references(results, cost) if results.is_run else ring, knee],
        uprights=_uprights(results, cost),
        annotations=[] if bend is None or results.is_run else [_knee_name(results, cost, bend)],
        note=_references_note(results, cost) if results.is_run else _note(results, cost, front, bend),
    )


def _extent(results: Results, cost: str) -> tuple[float, float]:
    costs = results.rows[cost][results.rows[results.score].notna()].dropna()
    if results.is_run:
        scored = results.references[[results.score, cost]].notna().all(axis=1)
        costs = pd.concat([costs, results.references.loc[scored, cost], _drawn(results, cost)[cost]])
    return (float(costs.min()), float(costs.max())) if len(costs) else (1.0, 10.0)


def _points(results: Results, cost: str) -> list[Series]:
    """Return the points: of a search by the frontier of its objectives, of a table by family."""
    crowded = len(results.rows) > CROWD
    deviations = None if crowded else results.deviations
    return [
        Series(
            kind="points",
            name=name,
            x=results.rows[cost].iloc[places].to_numpy(dtype=np.float64),
            y=results.rows[results.score].iloc[places].to_numpy(dtype=np.float64),
            color=color,
            symbol=symbol,
            size=size - 2 * crowded,
            opacity=1.0 if color == "front" else 0.45 if crowded else 0.85,
            ids=results.rows["number"].iloc[places].tolist() if results.is_run else places,
            hover=[results.hover[index] for index in places],
            y_error=() if deviations is None or np.isnan(deviations[places]).all() else deviations[places],
        )
        for name, places, color, symbol, size in _groups(results)
    ]


def _groups(results: Results) -> list[tuple[str, list[int], str, str, int]]:
    """Return (name, indices of its rows, colour, mark, size): what has no colour first, as it lies below."""
    if results.is_run:
        aims = ", ".join(label(name) for name in results.objectives)
        on_front = results.rows["on_front"].to_numpy(dtype=bool)
        beyond = np.zeros(len(on_front), dtype=bool)
        if results.violation:
            beyond = results.rows[results.violation].to_numpy() > 0
        groups = [
            ("beyond the limits", np.flatnonzero(beyond & ~on_front).tolist(), "failed", "x", 6),
            ("other complete trials", np.flatnonzero(~beyond & ~on_front).tolist(), "rest", "circle", 7),
            (f"frontier ({aims})", np.flatnonzero(on_front).tolist(), "front", "circle", 10),
        ]
        return groups if results.violation else groups[1:]
    shown = shown_families(results)
    if not shown:
        return [("networks", list(range(len(results.rows))), "front", "circle", 7)]
    rest = [index for index, family in enumerate(results.families) if family not in shown]
    others = len({results.families[index] for index in rest} - {OTHER})
    words = f"{others} other families" if others > 1 else OTHER
    groups = [(words, rest, "rest", "circle", 5)] if rest else []
    for name, color, symbol in zip(shown, FAMILY_COLORS, SYMBOLS, strict=False):
        places = [index for index, family in enumerate(results.families) if family == name]
        groups.append((f"{name} ({len(places)})", places, color, symbol, 7))
    return groups


def _mark(
    results: Results, cost: str, places: list[int], *, size: float, color: str, width: float, name: str = ""
) -> Series:
    rows = results.rows.iloc[places]
    return Series(
        kind="points", name=name, x=rows[cost].to_numpy(), y=rows[results.score].to_numpy(), color=color,
        symbol="circle-open", size=size, width=width,
    )  # fmt: skip


def _knee_name(results: Results, cost: str, bend: int) -> Annotation:
    right = 30 if results.costs[cost] == "maximize" else -30
    row = results.rows.iloc[bend]
    up = 30 if results.way == "maximize" else -30
    return Annotation(x=float(row[cost]), y=float(row[results.score]), text="knee", shift=(right, up))


def _note(results: Results, cost: str, front: Sequence[int], bend: int | None) -> str:
    words = f"{len(front):,} of {len(results.rows):,} networks are on this frontier (ringed)."
    if bend is None:
        return f"{words} It has no knee."
    score, price = results.cell(results.score, bend), results.cell(cost, bend)
    return f"{words} At its knee: {results.names[bend]}, {score} at {price} {results.head(cost)}. {KNEE}"


def _references(results: Results, cost: str) -> Series:
    """Return the known networks whose score is known."""
    known = results.references[results.references[results.score].notna()]
    hover = []
    for row in known.to_dict("records"):
        shown = [name for name in (results.score, *results.costs) if not np.isnan(row[name])]
        lines = [f"{escaped(label(name))} {value(name, row[name])}" for name in shown]
        hover.append("<br>".join([f"<b>{escaped(row['name'])}</b>", *lines]))
    return Series(
        kind="points", name="reference networks", x=known[cost].to_numpy(), y=known[results.score].to_numpy(),
        color="reference", symbol="star", size=13, labels=known["name"].tolist(), hover=hover,
    )  # fmt: skip


def _near(results: Results, cost: str) -> pd.Series:
    """Return which references are within reach of the networks; all of them where there is no network."""
    costs = results.rows[cost].dropna()
    references = results.references[cost]
    return references.notna() if costs.empty else references.between(costs.min() / FAR, costs.max() * FAR)


def _uprights(results: Results, cost: str) -> list[Upright]:
    """Return references of unknown score as upright lines."""
    if not results.is_run:
        return []
    shown = _drawn(results, cost)
    return [Upright(x=float(x), name=name) for x, name in zip(shown[cost], shown["name"], strict=True)]


def _drawn(results: Results, cost: str) -> pd.DataFrame:
    """Return `DRAWN` of the references of unknown score within reach, at even steps."""
    rows = _unscored(results, cost)
    return rows.iloc[np.linspace(0, len(rows) - 1, min(len(rows), DRAWN)).round().astype(int)]


def _unscored(results: Results, cost: str) -> pd.DataFrame:
    shown = _near(results, cost) & results.references[results.score].isna()
    return results.references[shown].sort_values(cost)


def _references_note(results: Results, cost: str) -> str:
    """Return what the references cost, and which of them the axis leaves out."""
    references = results.references
    far = references[references[cost].notna() & references[results.score].isna() & ~_near(results, cost)]
    parts = []
    for rows, what in ((_unscored(results, cost), "Reference networks"), (far, "Beyond this axis")):
        if len(rows):
            shown = rows.sort_values(cost).head(NAMED)
            pairs = zip(shown["name"], shown[cost], strict=True)
            more = f"; and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
            listed = "; ".join(f"{name} {value(cost, price)}" for name, price in pairs)
            parts.append(f"{what}: {listed}{more}.")
    return " ".join(parts)
