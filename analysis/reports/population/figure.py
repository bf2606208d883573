"""Populations as figures: how their costs spread, what drives them, how scores differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from archscape.analysis.metrics import SHARES
from archscape.analysis.statistics.distribution import edf, edf_margin, quantile_bands
from archscape.analysis.statistics.frames import both
from archscape.analysis.statistics.importance import Effect, importance
from archscape.spaces.language.limits import COSTS

from ..figures.description import DASHES, FAMILY_COLORS, Axis, Figure, Series, Upright
from ..figures.paper import write_figure
from ..format import escaped, label
from ..page.networks import COUNTS
from ..results.choices import effects_figure, largest_effects

BINS = 40
EFFECTS = 8
"""Effects in a figure."""


def write_population(table: pd.DataFrame, path: Path, *, title: str, explain: str = "macs") -> Path:
    """Draw the costs of a population, and what choices explain the variance of one of them.

    The same table gives the same bytes of an SVG.
    """
    effects = effects_figure(top_effects(table, explain), label(explain))
    costs = [histogram(table[cost], cost) for cost in COUNTS]
    return write_figure([costs, [effects]], path, size=(9, 6.2), title=title)


def write_scores(tables: Mapping[str, pd.DataFrame], path: Path, *, score: str, cost: str) -> Path:
    """Draw populations with scores against each other: their EDFs, and their quantiles along a cost.

    The score is an accuracy from 0 to 1, and the error is 1 less it.
    """
    looks = zip(tables.items(), FAMILY_COLORS, DASHES * 2, strict=False)
    shown = [(name, table, color, dash) for (name, table), color, dash in looks]
    left = Figure(
        x=Axis(label=f"error, 1 - {label(score)}", ticks="share"),
        y=Axis(label="share of networks below", ticks="share"),
        series=[series for look in shown for series in _edf(*look, score=score)],
    )
    right = Figure(
        x=Axis(label=label(cost), scale="log", ticks="short"),
        y=Axis(label=label(score), ticks="share" if score in SHARES else "plain"),
        series=[series for look in shown for series in _bands(*look, cost=cost, score=score)],
        legend=False,
    )
    return write_figure([[left, right]], path, size=(9, 3.8))


def population_effects(table: pd.DataFrame, response: str) -> list[Effect]:
    """Return what choices of a population matter for a cost: choices, then pairs of them."""
    return importance(table, response, [name for name in table.columns if name not in (*COSTS, "hash")])


def top_effects(table: pd.DataFrame, response: str) -> list[Effect]:
    """Return the largest effects of a population's choices on a cost, choices and pairs together."""
    return largest_effects(population_effects(table, response), EFFECTS)


def histogram(values: pd.Series, cost: str) -> Figure:
    """Return shares of networks over a logarithmic axis of cost, with the median and the middle half."""
    positive = values[values > 0].to_numpy(dtype=np.float64)
    low, high = (positive.min(), positive.max()) if len(positive) else (1.0, 10.0)
    edges = np.geomspace(low, max(high, low * 1.01), BINS + 1)
    edges[-1] = max(edges[-1], high)  # rounding may leave out the costliest
    shares = np.histogram(positive, bins=edges)[0] / len(values)
    words = escaped(label(cost))
    bars = Series(
        kind="bars", x=(edges[:-1] + edges[1:]) / 2, y=shares, widths=np.diff(edges),
        hover=[
            f"{share:.1%} have {a:,.0f} to {b:,.0f} {words}"
            for a, b, share in zip(edges, edges[1:], shares, strict=False)
        ],
    )  # fmt: skip
    quarter, median, most = np.quantile(positive, [0.25, 0.5, 0.75]) if len(positive) else (low, low, low)
    top = float(shares.max())
    middle = Series(kind="band", x=[quarter, most], y=[top, top], low=[0.0, 0.0], color="rest", opacity=0.25)
    return Figure(
        x=Axis(label=label(cost), scale="log", ticks="short"),
        y=Axis(label="share of networks", ticks="share", from_zero=True),
        series=[bars, middle],
        uprights=[Upright(x=float(median), name="median", over=True)],
        legend=False,
    )


def _edf(name: str, table: pd.DataFrame, color: str, dash: str, *, score: str) -> Iterator[Series]:
    """Yield an error distribution function and the margin that holds everywhere with 95%."""
    errors = 1 - both(table, score)[score].to_numpy()
    places = np.unique(errors)
    shares, margin = edf(errors, np.append(places, places[-1] + 1e-9)), edf_margin(len(errors))
    places = np.append(places, places[-1])
    low, high = np.clip(shares - margin, 0, 1), np.clip(shares + margin, 0, 1)
    yield Series(kind="band", x=places, y=high, low=low, color=color, shape="hv", opacity=0.15)
    words = f"{name} ({len(errors):,})"
    yield Series(kind="line", name=words, x=places, y=shares, color=color, dash=dash, shape="hv", width=2)


def _bands(
    name: str, table: pd.DataFrame, color: str, dash: str, *, cost: str, score: str
) -> Iterator[Series]:
    """Yield the median of a score along a cost, the middle half, and the middle 90%."""
    bands = quantile_bands(table, cost, score)
    middle = np.sqrt((bands["low"] * bands["high"]).to_numpy())
    for low, high, opacity in (("0.25", "0.75", 0.25), ("0.05", "0.95", 0.1)):
        yield Series(
            kind="band", x=middle, y=bands[high].to_numpy(), low=bands[low].to_numpy(), color=color,
            opacity=opacity,
        )  # fmt: skip
    median = bands["0.5"].to_numpy()
    yield Series(
        kind="line", name=name, x=middle, y=median, color=color, dash=dash, symbol="circle", size=5, width=2
    )
