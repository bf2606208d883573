"""The score over each cost for any table of networks: points by family, frontier, knee."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10

import numpy as np
import pandas as pd

from archscape.analysis.statistics.frontier import Floats, frontier
from archscape.analysis.statistics.knee import knee
from archscape.analysis.statistics.noise import frontier_chance

from ..format import capital, escaped
from ..page.specs import COUNTS, Spec, layout_of, plain
from .columns import Results
from .family_figure import COLORS, SHORTENED, SYMBOLS
from .family_lead import shown_families
from .naming import OTHER

CHANCE_DRAWS = 400
"""Draws of all scores; a chance is then exact to 0.025 (one standard error) at worst."""
CROWD = 2000
"""Networks from which on points are drawn small."""
KNEE = (
    "The knee is the network of the frontier that is farthest above the straight line through its two ends, "
    "the cost in its logarithm (Das 1999)."
)


def on_frontier(results: Results, cost: str) -> list[int]:
    """Return the rows that none beats in the score and one cost, by their place, the cheapest first."""
    places = np.flatnonzero(frontier(results.rows, results.objectives(cost)))
    order = results.rows[cost].iloc[places].to_numpy()
    keys = (
        -results.rows[results.score].iloc[places].to_numpy(),
        order if results.costs[cost] == "minimize" else -order,
    )
    return [int(at) for at in places[np.lexsort(keys)]]


def knee_of(results: Results, cost: str) -> int | None:
    """Return the row at the knee of the frontier over a cost, by its place."""
    log = [cost] if (results.rows[cost].dropna() > 0).all() else []
    return knee(results.rows, results.objectives(cost), log=log)


def frontier_figure(results: Results) -> Spec:
    """Return the score over each cost; `views` holds for each cost what to lay over `data` and `layout`."""
    groups = _groups(results)
    size = 5 if len(results.rows) > CROWD else 7
    best: Spec = {
        "type": "scatter",
        "mode": "lines",
        "name": "frontier",
        "line": {"color": "--ink", "width": 1.5, "shape": "hv"},
        "hoverinfo": "skip",
    }
    ring: Spec = {
        "type": "scatter",
        "mode": "markers",
        "name": "on the frontier",
        "marker": {"symbol": "circle-open", "size": size + 5, "color": "--ink", "line": {"width": 1.2}},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    knee_ring: Spec = {
        "type": "scatter",
        "mode": "markers",
        "name": "knee",
        "marker": {
            "symbol": "circle-open",
            "size": size + 12,
            "color": "--reference",
            "line": {"width": 2.5},
        },
        "hoverinfo": "skip",
        "showlegend": False,
    }
    points = [
        _points(
            results,
            name,
            places,
            {"size": size if color != "--rest" else size - 2, "color": color, "symbol": symbol},
        )
        for name, places, color, symbol in groups
    ]
    score = results.score if results.known else ""
    return {
        "data": [*points, best, ring, knee_ring],
        "layout": layout_of(score, capital(results.head(results.score))),
        "views": {
            cost: _view(results, cost, [places for _, places, _, _ in groups]) for cost in results.costs
        },
    }


def _groups(results: Results) -> list[tuple[str, list[int], str, str]]:
    """Return (name, places of its rows, colour, mark): what has no colour first, so that it lies below."""
    shown = shown_families(results)
    if not shown:
        return [("networks", list(range(len(results.rows))), "--front", "circle")]
    families = results.rows[results.family].fillna("").astype(str).tolist()
    rest = [at for at, family in enumerate(families) if family not in shown]
    others = len({families[at] for at in rest} - {OTHER})
    words = f"{others} other families" if others > 1 else OTHER
    found = [(words, rest, "--rest", "circle")] if rest else []
    for name, color, symbol in zip(shown, COLORS, SYMBOLS, strict=False):
        places = [at for at, family in enumerate(families) if family == name]
        found.append((f"{name} ({len(places)})", places, color, symbol))
    return found


def _points(results: Results, name: str, places: Sequence[int], marker: Spec) -> Spec:
    crowded = len(results.rows) > CROWD
    return {
        "type": "scatter",
        "mode": "markers",
        "name": escaped(name),
        "y": plain(results.rows[results.score].iloc[list(places)]),
        "customdata": list(places),
        "hoverinfo": "text",
        "hovertext": [about(results, at) for at in places],
        "marker": {**marker, "opacity": 0.45 if crowded or marker["color"] == "--rest" else 0.8},
        **_spread(results, places, str(marker["color"])),
    }


def _spread(results: Results, places: Sequence[int], color: str) -> Spec:
    """Return bars of one standard deviation over repeated trainings, or of the standard error."""
    known = deviations(results)
    if known is None or len(results.rows) > CROWD:
        return {}
    bars = plain(known[list(places)])
    return {"error_y": {"type": "data", "array": bars, "color": color, "thickness": 1, "width": 2}}


def deviations(results: Results) -> Floats | None:
    """Return the spread of the scores over repeated trainings, or their standard errors, if known."""
    if results.repeats:
        return np.asarray(results.rows[list(results.repeats)].std(axis=1), dtype=np.float64)
    return results.rows[results.error].to_numpy(dtype=np.float64) if results.error else None


def chances(results: Results, cost: str) -> Floats | None:
    """Return the chance of each network to be on the frontier; None where no noise is known."""
    spread = deviations(results)
    if spread is None:
        return None
    made = results.rows[list(results.repeats)].notna().sum(axis=1).to_numpy() if results.repeats else 1
    errors = {results.score: spread / np.sqrt(made)}
    return frontier_chance(results.rows, results.objectives(cost), errors, draws=CHANCE_DRAWS)


def about(results: Results, at: int) -> str:
    """Return what hovering over a network shows."""
    lines = [f"<b>{escaped(results.names[at])}</b>"]
    if results.family:
        lines[0] += f"  {escaped(str(results.rows[results.family].iloc[at]))}"
    for column in (results.score, *results.costs):
        number = float(results.rows[column].iloc[at])
        lines.append(f"{escaped(results.head(column))} {results.text(column, number)}")
    return "<br>".join(lines)


def _view(results: Results, cost: str, groups: Sequence[Sequence[int]]) -> Spec:
    """Return the figure over one cost: x of each trace, the frontier of this plane, the knee, the ranges."""
    rows, score = results.rows, results.score
    column = rows[cost]
    known = column[rows[score].notna()].dropna()
    low, high = (float(known.min()), float(known.max())) if len(known) else (1.0, 10.0)
    pad = max(high / low, 2.0) ** 0.03 if low > 0 else 1.0
    front = on_frontier(results, cost)
    steps = rows.iloc[front][[cost, score]]
    end = high if results.costs[cost] == "minimize" else low
    steps = pd.concat([steps, steps.tail(1).assign(**{cost: end})])
    at = knee_of(results, cost)
    more = ", more is better" if results.costs[cost] == "maximize" else ""
    return {
        "data": [
            *({"x": plain(column.iloc[list(places)])} for places in groups),
            {"x": plain(steps[cost]), "y": plain(steps[score])},
            {"x": plain(column.iloc[front]), "y": plain(rows[score].iloc[front])},
            {"x": [], "y": []}
            if at is None
            else {"x": [float(column.iloc[at])], "y": [float(rows[score].iloc[at])]},
        ],
        "title": escaped(results.head(cost)) + more,
        "log": [log10(low / pad), log10(high * pad)] if low > 0 else None,
        "linear": [min(0.0, low), high + 0.03 * (high - low or 1.0)],
        "tickformat": "~s" if high >= (COUNTS if results.known else SHORTENED) else "~g",
        "shapes": [],
        "annotations": [] if at is None else [_knee_label(results, cost, at)],
        "note": _note(results, cost, front, at),
    }


def _knee_label(results: Results, cost: str, at: int) -> Spec:
    side = 1 if results.costs[cost] == "maximize" else -1
    return {
        "text": "knee",
        "x": float(results.rows[cost].iloc[at]),
        "y": float(results.rows[results.score].iloc[at]),
        "showarrow": True,
        "arrowhead": 0,
        "arrowcolor": "--reference",
        "ax": 30 * side,
        "ay": -30 if results.way == "maximize" else 30,
        "font": {"color": "--ink", "size": 13},
    }


def _note(results: Results, cost: str, front: Sequence[int], at: int | None) -> str:
    words = f"{len(front):,} of {len(results.rows):,} networks are on this frontier (ringed)."
    if at is None:
        return f"{words} It has no knee."
    score = results.text(results.score, float(results.rows[results.score].iloc[at]))
    price = results.text(cost, float(results.rows[cost].iloc[at]))
    return f"{words} At its knee: {results.names[at]}, {score} at {price} {results.head(cost)}. {KNEE}"
