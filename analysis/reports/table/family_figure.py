"""The curves of families over a cost as a figure, and the band that says who leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan, log10

import numpy as np

from archscape.analysis.statistics.frontier import Floats

from ..format import capital, escaped
from ..page.specs import Spec, axis, layout_of, plain
from .columns import Results
from .family_lead import Lead, shown_families

COLORS = tuple(f"--family-{number}" for number in range(1, 9))
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "x", "star")
DASHES = ("solid", "dash", "dot", "dashdot", "solid", "dash", "dot", "dashdot")
SHORTENED = 1e5
"""Costs from which on the ticks of an axis are shortened: 4.1G."""
BAND = 0.09
"""Height of the band of leaders under the curves, as a share of the figure."""
NAMED = 0.07
"""Share of the axis that a leader must hold to be named in the band."""


def families_figure(results: Results, found: Mapping[str, Lead]) -> Spec:
    """Return the curves of the largest families; `views` holds for each cost what to lay over."""
    shown = shown_families(results)
    looks = zip(shown, COLORS, DASHES, SYMBOLS, strict=False)
    data = [trace for name, color, dash, symbol in looks for trace in _traces(name, color, dash, symbol)]
    data.append(
        {
            "type": "scatter",
            "mode": "markers",
            "name": "who leads",
            "marker": {"size": 14, "opacity": 0, "color": "--ink"},
            "hoverinfo": "text",
            "yaxis": "y2",
            "showlegend": False,
        }
    )
    score = results.score if results.known else ""
    layout = layout_of(score, capital(results.head(results.score)))
    layout["yaxis"] = {**_axis_of(layout, "yaxis"), "domain": [BAND + 0.03, 1]}
    layout["yaxis2"] = axis("", domain=[0, BAND], range=[0, 1], visible=False, fixedrange=True)
    layout["xaxis"] = {**_axis_of(layout, "xaxis"), "anchor": "y2"}
    views = {cost: _view(results, cost, one, shown) for cost, one in found.items()}
    empty: Spec = {"x": [], "y": [], "hovertext": []}
    for cost in results.costs:
        if cost not in views:
            views[cost] = {**_frame([1.0, 10.0]), "data": [empty] * len(data), "title": escaped(cost)}
            views[cost] |= {"shapes": [], "annotations": []}
    return {"data": data, "layout": layout, "views": views}


def _traces(name: str, color: str, dash: str, symbol: str) -> list[Spec]:
    """Return the looks of a family's band and of its curve."""
    band: Spec = {
        "type": "scatter",
        "mode": "lines",
        "name": f"{escaped(name)}, 5% to 95%",
        "line": {"width": 0, "color": color, "shape": "hv"},
        "fill": "toself",
        "opacity": 0.25,
        "hoverinfo": "skip",
        "legendgroup": name,
        "showlegend": False,
    }
    line: Spec = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": escaped(name),
        "legendgroup": name,
        "line": {"width": 2, "color": color, "dash": dash, "shape": "hv"},
        "marker": {"size": 6, "symbol": symbol, "color": color},
        "hoverinfo": "text",
    }
    return [band, line]


def _axis_of(layout: Spec, name: str) -> Spec:
    """Return an axis of a layout."""
    given = layout[name]
    assert isinstance(given, dict)
    return given


def _view(results: Results, cost: str, one: Lead, shown: Sequence[str]) -> Spec:
    costs = 1 / one.curves.costs if one.inverse else one.curves.costs
    over: list[Spec] = []
    for name in shown:
        over += _family(results, cost, one, name, costs)
    frame = _frame(costs)
    edges = [(reign.family, reign.low, reign.high) for reign in one.reigns]
    over.append(
        {
            "x": plain([_middle(low, high) for _, low, high in edges]),
            "y": [0.5] * len(edges),
            "hovertext": [_about(results, cost, one, at) for at in range(len(edges))],
        }
    )
    shapes = [_segment(family, low, high, shown) for family, low, high in edges]
    decades = abs(log10(max(costs)) - log10(min(costs))) or 1.0
    labels = [
        _name(family, _middle(low, high))
        for family, low, high in edges
        if abs(log10(high / low)) > max(NAMED, 0.011 * len(family)) * decades
    ]
    head = results.head(cost) + (", more is better" if one.inverse else "")
    return {
        **frame,
        "data": over,
        "title": escaped(head),
        "shapes": shapes,
        "annotations": labels,
    }


def _frame(costs: Sequence[float] | Floats) -> Spec:
    """Return the ranges of the axis, with a little air."""
    low, high = float(min(costs)), float(max(costs))
    pad = max(high / low, 2.0) ** 0.03
    return {
        "log": [log10(low / pad), log10(high * pad)],
        "linear": [0.0, high * 1.03],
        "tickformat": "~s" if high >= SHORTENED else "~g",
    }


def _family(results: Results, cost: str, one: Lead, name: str, costs: Floats) -> list[Spec]:
    """Return the band and the curve of a family, a point a step."""
    if name not in one.curves.names:
        return [{"x": [], "y": []}, {"x": [], "y": [], "hovertext": []}]
    draws = one.curves.best[:, one.curves.names.index(name)]
    curve = draws[0]
    known = np.flatnonzero(np.isfinite(curve))
    steps = known[np.append(True, np.diff(curve[known]) != 0)]
    holders = _holders(results, name, curve[steps])
    words = [
        f"<b>{escaped(name)}</b> reaches {results.text(results.score, curve[at])}<br>"
        f"{escaped(holder)}<br>"
        f"{escaped(results.head(cost))} {results.text(cost, costs[at])}"
        for at, holder in zip(steps, holders, strict=True)
    ]
    line: Spec = {"x": plain(costs[steps]), "y": plain(curve[steps]), "hovertext": words}
    band: Spec = {"x": [], "y": []}
    if one.draws:
        low, high = np.nanquantile(draws[1:, steps], [0.05, 0.95], axis=0)
        band = {
            "x": plain([*costs[steps], *costs[steps][::-1]]),
            "y": plain([*high, *low[::-1]]),
        }
    return [band, line]


def _holders(results: Results, family: str, reached: Floats) -> list[str]:
    """Return the names of the networks of a family that reached these scores."""
    places = np.flatnonzero(results.rows[results.family] == family)
    scores = results.rows[results.score].to_numpy()[places]
    return [results.names[places[np.argmin(np.abs(scores - score))]] for score in reached]


def _middle(low: float, high: float) -> float:
    return float(np.sqrt(low * high))


def _segment(family: str, low: float, high: float, shown: Sequence[str]) -> Spec:
    color = COLORS[shown.index(family)] if family in shown else "--rest"
    return {
        "type": "rect", "x0": low, "x1": high, "y0": 0, "y1": 1, "yref": "y2",
        "fillcolor": color, "opacity": 0.55, "line": {"width": 1, "color": "--paper"}, "layer": "below",
    }  # fmt: skip


def _name(family: str, at: float) -> Spec:
    return {
        "text": escaped(family), "showarrow": False, "x": at, "y": 0.5, "yref": "y2",
        "font": {"color": "--ink", "size": 11},
    }  # fmt: skip


def _about(results: Results, cost: str, one: Lead, at: int) -> str:
    reign = one.reigns[at]
    lines = [
        f"<b>{escaped(reign.family)}</b> leads",
        f"{results.text(cost, reign.low)} to {results.text(cost, reign.high)} {escaped(results.head(cost))}",
        *([] if isnan(reign.margin) else [f"ahead by {gain_text(results, reign.margin)}"]),
        *([f"chance {reign.chance:.0%}"] if one.draws else []),
    ]
    return "<br>".join(lines)


def gain_text(results: Results, gain: float) -> str:
    """Return a difference of scores in points."""
    if results.known and results.unit == 1:
        return f"{100 * gain:.2f} points"
    return f"{gain:.{results.decimals.get(results.score, 3)}f}"
