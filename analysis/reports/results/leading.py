"""Families over each cost: their curves, who leads where, and who moves whose whole curve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isnan, log10

import numpy as np

from archscape.analysis.statistics.families import (
    DRAWS,
    Curves,
    Dominance,
    LeadingRange,
    curves,
    dominance,
    leading_ranges,
)
from archscape.analysis.statistics.frontier import Floats

from ..figures.description import DASHES, FAMILY_COLORS, SYMBOLS, Figure, Segment, Series
from ..format import escaped
from .family_rules import gathered
from .results import Results

LARGEST = 8
"""Families that have a colour and a mark of their own."""
RIVALS = 40
"""Families, the largest, that may lead."""
NUMBERS = 20_000_000
"""Numbers of all draws together: more families or costs mean fewer draws."""
FEWEST_DRAWS = 100
FEWEST_NETWORKS = 3
"""Of a family whose curve is drawn: a single network is no family."""
NAMED = 0.07
"""Share of the axis that a leader must hold to be named in the strip."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Lead:
    """What the families do over one cost.

    Attributes:
        curves: The curves, over the cost or, where more of it is better, over its inverse.
        inverse: Whether it is the inverse.
        ranges: Who leads from where to where, in the units of the cost, the cheapest first.
        dominances: What each of the largest families does to each other one.
        draws: Draws of the scores over repeated trainings; 0 where nothing is known of their noise.
    """

    curves: Curves
    inverse: bool
    ranges: tuple[LeadingRange, ...]
    dominances: dict[tuple[str, str], Dominance]
    draws: int

    @property
    def costs(self) -> Floats:
        """The costs of the curves, in their own unit."""
        return 1 / self.curves.costs if self.inverse else self.curves.costs

    def longest(self) -> tuple[str, float]:
        """Return the family that leads over the largest share of the decades, and that share."""
        shares: dict[str, float] = {}
        for leader in self.ranges:
            shares[leader.family] = shares.get(leader.family, 0.0) + _decades(leader)
        family = max(shares, key=lambda name: shares[name])
        return family, shares[family] / (sum(shares.values()) or 1.0)

    @property
    def compared(self) -> list[str]:
        """The families that `dominances` compares."""
        return list(dict.fromkeys(first for first, _ in self.dominances))


def _decades(leader: LeadingRange) -> float:
    """Return how wide a range is; its ends may be too far apart for their ratio to be a number."""
    return abs(log10(leader.high) - log10(leader.low))


def shown_families(results: Results) -> list[str]:
    """Return the families that have a colour, the largest first; small ones only if there are no others."""
    counts = Counter(results.families)
    ranked = gathered(results.families, largest=len(counts))
    large = [name for name in ranked if counts[name] >= FEWEST_NETWORKS]
    return (large if len(large) > 1 else ranked)[:LARGEST]


def leads(results: Results) -> dict[str, Lead]:
    """Return what the families do over each cost that tells something of two of them."""
    known = {cost: lead(results, cost) for cost in results.costs} if results.family else {}
    return {cost: leaders for cost, leaders in known.items() if leaders is not None}


def lead(results: Results, cost: str) -> Lead | None:
    """Return what the families do over a cost; None where fewer than two have networks with both values."""
    inverse = results.costs[cost] == "maximize"
    rows = results.rows.assign(**{cost: 1 / results.rows[cost] if inverse else results.rows[cost]})
    rows = rows[rows[results.score].notna() & np.isfinite(rows[cost]) & (rows[cost] > 0)]
    if results.repeats:
        rows = rows[rows[list(results.repeats)].notna().any(axis=1)]
    rivals = gathered(rows[results.family].fillna("").astype(str).tolist(), largest=RIVALS)
    rows = rows[rows[results.family].isin(rivals)]
    if len(rivals) < 2:
        return None
    draws = max(FEWEST_DRAWS, min(DRAWS, NUMBERS // (len(rivals) * rows[cost].nunique())))
    known = curves(
        rows,
        family=results.family,
        score=results.score,
        cost=cost,
        way=results.way,
        repeats=results.repeats,
        error=results.error,
        draws=draws,
    )
    largest = [name for name in shown_families(results) if name in known.names]
    return Lead(
        curves=known,
        inverse=inverse,
        ranges=tuple(
            replace(leader, low=1 / leader.low, high=1 / leader.high) if inverse else leader
            for leader in leading_ranges(known)
        ),
        dominances={(a, b): dominance(known, a, b) for a in largest for b in largest if a != b},
        draws=draws if results.repeats or results.error else 0,
    )


def families_figure(results: Results, cost: str, leaders: Lead | None) -> Figure:
    """Return the best score of each of the largest families at each cost or below, and who leads."""
    low, high = (float(min(leaders.costs)), float(max(leaders.costs))) if leaders else (1.0, 10.0)
    return Figure(
        x=results.cost_axis(cost, low, high),
        y=results.score_axis(),
        series=[
            series for name in shown_families(results) for series in _curve(results, cost, leaders, name)
        ],
        strip=_strip(results, cost, leaders) if leaders else (),
    )


def _curve(results: Results, cost: str, leaders: Lead | None, name: str) -> Iterator[Series]:
    """Yield the band of the draws and the curve of a family, a point a step."""
    index = shown_families(results).index(name)
    color, dash, symbol = FAMILY_COLORS[index], DASHES[index % len(DASHES)], SYMBOLS[index]
    costs = scores = low = high = np.empty(0)
    hover: list[str] = []
    if leaders and name in leaders.curves.names:
        draws = leaders.curves.best[:, leaders.curves.names.index(name)]
        known = np.flatnonzero(np.isfinite(draws[0]))
        steps = known[np.append(True, np.diff(draws[0, known]) != 0)]
        costs, scores = leaders.costs[steps], draws[0, steps]
        hover = _reached(results, cost, name, costs, scores)
        if leaders.draws:
            low, high = np.nanquantile(draws[1:, steps], [0.05, 0.95], axis=0)
    edge = costs if len(low) else low
    yield Series(kind="band", x=edge, y=high, low=low, color=color, shape="hv", opacity=0.25, group=name)
    yield Series(
        kind="line", name=name, group=name, x=costs, y=scores, hover=hover, color=color, dash=dash, width=2,
        symbol=symbol, size=6, shape="hv",
    )  # fmt: skip


def _reached(results: Results, cost: str, family: str, costs: Floats, scores: Floats) -> list[str]:
    """Return what hovering over the steps of a family shows: score, network, cost."""
    members = np.flatnonzero(np.array(results.families) == family)
    known = results.rows[results.score].to_numpy()[members]
    holders = [results.names[members[np.argmin(np.abs(known - score))]] for score in scores]
    return [
        f"<b>{escaped(family)}</b> reaches {results.text(results.score, score)}<br>{escaped(holder)}<br>"
        f"{escaped(results.head(cost))} {results.text(cost, price)}"
        for price, score, holder in zip(costs, scores, holders, strict=True)
    ]


def _strip(results: Results, cost: str, leaders: Lead) -> list[Segment]:
    shown = shown_families(results)
    decades = abs(log10(max(leaders.costs)) - log10(min(leaders.costs))) or 1.0
    segments = []
    for leader in leaders.ranges:
        span = f"{results.text(cost, leader.low)} to {results.text(cost, leader.high)}"
        lines = [f"<b>{escaped(leader.family)}</b> leads", f"{span} {escaped(results.head(cost))}"]
        lines += [] if isnan(leader.margin) else [f"ahead by {results.gain_text(leader.margin)}"]
        lines += [f"chance {leader.chance:.0%}"] if leaders.draws else []
        room = max(NAMED, 0.011 * len(leader.family)) * decades
        segments.append(
            Segment(
                low=leader.low,
                high=leader.high,
                name=leader.family,
                color=FAMILY_COLORS[shown.index(leader.family)] if leader.family in shown else "rest",
                is_named=_decades(leader) > room,
                hover="<br>".join(lines),
            )
        )
    return segments
