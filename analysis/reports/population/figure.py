"""Populations as figures for a paper or a page: how costs spread, what drives them, who leads where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from archscape.analysis.metrics import SHARES
from archscape.analysis.statistics.distribution import edf, edf_margin, quantile_bands
from archscape.analysis.statistics.families import Curves
from archscape.analysis.statistics.frames import both
from archscape.analysis.statistics.frontier import Floats
from archscape.analysis.statistics.importance import Effect, importance
from archscape.spaces.language.limits import COSTS

from ..figures.paper import COLORS, FRONT, REFERENCE, REST, plain, write
from ..format import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DASHES = ("-", "--", "-.", ":")
SHOWN = 8
"""Effects in a figure."""


def write_population(table: pd.DataFrame, path: Path, *, title: str, explain: str = "macs") -> Path:
    """Draw the costs of a population, and what choices matter for one of them.

    Args:
        table: What `population` gave.
        path: The file to write; its suffix (`.png`, `.svg`, `.pdf`) says what it becomes.
        title: Above the figure.
        explain: The cost whose variance is explained.

    Returns:
        The path. The same table gives the same bytes of an SVG.
    """

    def draw(figure: Figure) -> None:
        axes = figure.subplot_mosaic([["params", "macs", "activations"], ["effects"] * 3])
        for cost in ("params", "macs", "activations"):
            draw_costs(axes[cost], table, cost)
        draw_effects(axes["effects"], top_effects(table, explain), explain)
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")

    return write(draw, path, size=(9, 6.2))


def write_scores(tables: Mapping[str, pd.DataFrame], path: Path, *, score: str, cost: str) -> Path:
    """Draw populations with scores against each other: their EDFs, and their quantiles along a cost.

    Args:
        tables: Populations by name, with the columns of the score, from 0 to 1, and the cost.
        path: The file to write.
        score: The column of an accuracy; the error is 1 less it.
        cost: The column of the cost.

    Returns:
        The path.
    """

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        for (name, table), color, dash in zip(tables.items(), COLORS, DASHES * 2, strict=False):
            draw_edf(left, 1 - both(table, score)[score].to_numpy(), name, color, dash)
            draw_bands(right, table, cost, score, name, color, dash)
        left.set_xlabel(f"error, 1 - {label(score)}")
        left.set_ylabel("share of networks below")
        left.legend(loc="lower right", frameon=False)
        right.set_xlabel(label(cost))
        right.set_ylabel(label(score))

    return write(draw, path, size=(9, 3.8))


def write_families(found: Curves, path: Path, *, names: Sequence[str] = (), cost: str, score: str) -> Path:
    """Draw the curves of families with the 5% to 95% band of the draws, those that are named or all.

    Returns:
        The path.
    """

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        shown = names or found.names
        for at, name in enumerate(shown):
            color, dash = COLORS[at % len(COLORS)], DASHES[at // len(COLORS) % len(DASHES)]
            draw_curve(axes, found, name, color, dash)
        axes.set_xscale("log")
        _numbers(axes, cost, score)
        axes.legend(loc="lower right", frameon=False)

    return write(draw, path, size=(8, 4.4))


def top_effects(table: pd.DataFrame, response: str) -> list[Effect]:
    """Return the largest effects of a population's choices on a cost, choices and pairs together."""
    choices = [name for name in table.columns if name not in (*COSTS, "hash")]
    effects = importance(table, response, choices)
    return sorted(effects, key=lambda effect: -effect.share)[:SHOWN]


def draw_costs(axes: Axes, table: pd.DataFrame, cost: str) -> None:
    """Draw a histogram of a cost over its logarithm, with the median and the middle half."""
    values = table[cost].to_numpy()
    values = values[values > 0]
    bins = np.geomspace(values.min(), max(values.max(), values.min() * 1.01), 41).tolist()
    axes.hist(values, bins=bins, weights=np.full(len(values), 1 / len(table)), color=FRONT, alpha=0.75)
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    axes.axvspan(low, high, color=REST, alpha=0.25, linewidth=0)
    axes.axvline(middle, color=REFERENCE, linewidth=1.5)
    axes.set_xscale("log")
    _numbers(axes, cost, "")
    axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.set_ylabel("share of networks")


def draw_effects(axes: Axes, effects: Sequence[Effect], response: str) -> None:
    """Draw shares of the variance as points with their intervals, largest on top."""
    places = np.arange(len(effects))[::-1]
    shares = np.array([effect.share for effect in effects])
    ends = np.array([[effect.share - effect.low, effect.high - effect.share] for effect in effects]).T
    axes.errorbar(shares, places, xerr=ends, fmt="o", color=FRONT, ecolor=REST, elinewidth=1.5, markersize=4)
    axes.set_yticks(places, [" x ".join(effect.choices) for effect in effects])
    axes.axvline(0, color=REST, linewidth=0.8)
    axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:g}%")
    axes.set_xlabel(f"share of the variance of {label(response)}, with its 95% interval")
    plain(axes)


def draw_edf(axes: Axes, errors: Floats, name: str, color: str, dash: str) -> None:
    """Draw an error distribution function with the margin that holds everywhere with 95%."""
    at = np.unique(errors)
    share, margin = edf(errors, np.append(at, at[-1] + 1e-9)), edf_margin(len(errors))
    at = np.append(at, at[-1])
    axes.plot(
        at, share, color=color, linestyle=dash, drawstyle="steps-post", label=f"{name} ({len(errors):,})"
    )
    low, high = np.clip(share - margin, 0, 1), np.clip(share + margin, 0, 1)
    axes.fill_between(at, low, high, step="post", color=color, alpha=0.15, linewidth=0)
    axes.xaxis.set_major_formatter(lambda error, _: f"{error:.0%}")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    plain(axes)


def draw_bands(
    axes: Axes, table: pd.DataFrame, cost: str, score: str, name: str, color: str, dash: str
) -> None:
    """Draw the median of a score along a cost, the middle half, and the middle 90%."""
    bands = quantile_bands(table, cost, score)
    middle = np.sqrt(bands["low"] * bands["high"])
    axes.plot(middle, bands["0.5"], color=color, linestyle=dash, marker=".", label=name)
    for low, high, alpha in (("0.25", "0.75", 0.25), ("0.05", "0.95", 0.1)):
        axes.fill_between(middle, bands[low], bands[high], color=color, alpha=alpha, linewidth=0)
    axes.set_xscale("log")
    _numbers(axes, cost, score)


def draw_curve(axes: Axes, found: Curves, name: str, color: str, dash: str) -> None:
    """Draw the curve of one family up to its last step."""
    draws = found.best[:, found.names.index(name)]
    known = np.isfinite(draws[0]) & (np.arange(len(found.costs)) <= np.argmax(draws[0] == draws[0, -1]))
    costs = found.costs[known]
    axes.plot(
        costs, draws[0, known], color=color, linestyle=dash, linewidth=1.4, drawstyle="steps-post", label=name
    )
    if len(draws) > 1:
        low, high = np.quantile(draws[1:, known], [0.05, 0.95], axis=0)
        axes.fill_between(costs, low, high, step="post", color=color, alpha=0.18, linewidth=0)


def _numbers(axes: Axes, cost: str, score: str) -> None:
    """Name the axes of a cost and a score, and write their numbers as they are read."""
    from matplotlib.ticker import EngFormatter, NullFormatter

    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    low, high = axes.get_xlim()
    if low > 0 and high / low > 8:
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_minor_formatter(EngFormatter(sep=""))
    axes.tick_params(axis="x", which="minor", labelsize=8)
    axes.set_xlabel(label(cost))
    if score:
        axes.set_ylabel(label(score))
    if score in SHARES:
        axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    plain(axes)
