"""The figures of any table of networks for papers, drawn by matplotlib: frontier, families, distribution."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from archscape.analysis.statistics.distribution import edf
from archscape.spaces.errors import InputError

from ..figures.paper import COLORS as PAGE
from ..figures.paper import INK, REFERENCE, REST, literal, plain, write
from ..format import capital
from .columns import Results
from .family_figure import SHORTENED
from .family_lead import lead, shown_families
from .frontier import knee_of, on_frontier
from .spread_section import FEWEST, errors_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS = (*PAGE, "#882255")
"""Those of the page: one more than elsewhere, Tol's wine."""
MARKS = ("o", "s", "D", "^", "v", "P", "X", "*")
DASHES = ("-", "--", ":", "-.") * 2


def write_table_figure(results: Results, path: Path, shown: str) -> Path:
    """Draw one figure; the same table gives the same bytes of an SVG.

    Args:
        results: The table.
        path: The file to write; its suffix (`.png`, `.svg`, `.pdf`) says what it becomes.
        shown: `frontier`, `families` or `edf`.

    Returns:
        The path.

    Raises:
        InputError: The figure of families of a table that has none.
    """
    return write(lambda figure: DRAWN[shown](figure.subplots(), results), path, size=(8, 4.6))


def _frontier(axes: Axes, results: Results) -> None:
    cost, score = next(iter(results.costs)), results.score
    rows, shown = results.rows, shown_families(results)
    families = rows[results.family].astype(str) if results.family else pd.Series("", index=rows.index)
    rest = rows[~families.isin(shown)]
    words = "other networks" if shown else "networks"
    axes.scatter(rest[cost], rest[score], s=7, color=REST, linewidths=0, alpha=0.6, label=words)
    for name, color, mark in zip(shown, COLORS, MARKS, strict=False):
        own = rows[families == name]
        axes.scatter(
            own[cost],
            own[score],
            s=13,
            color=color,
            marker=mark,
            linewidths=0,
            alpha=0.85,
            label=literal(name),
        )
    front = rows.iloc[on_frontier(results, cost)]
    axes.plot(front[cost], front[score], color=INK, linewidth=1, drawstyle="steps-post", label="frontier")
    axes.scatter(front[cost], front[score], s=34, facecolors="none", edgecolors=INK, linewidths=0.8)
    at = knee_of(results, cost)
    if at is not None:
        place = (rows[cost].iloc[at], rows[score].iloc[at])
        axes.scatter(*place, s=120, facecolors="none", edgecolors=REFERENCE, linewidths=1.6)
        axes.annotate("knee", place, (-12, 12), textcoords="offset points", ha="right")
    _axes(axes, results, cost)


def _families(axes: Axes, results: Results) -> None:
    cost = next(iter(results.costs))
    found = lead(results, cost) if results.family else None
    if found is None:
        raise InputError(
            "--figure families: the table has no two families; --family COLUMN says what tells them"
        )
    costs = 1 / found.curves.costs if found.inverse else found.curves.costs
    for name, color, mark, dash in zip(shown_families(results), COLORS, MARKS, DASHES, strict=False):
        if name not in found.curves.names:
            continue
        draws = found.curves.best[:, found.curves.names.index(name)]
        known = np.flatnonzero(np.isfinite(draws[0]))
        steps = known[np.append(True, np.diff(draws[0, known]) != 0)]
        axes.plot(
            costs[steps], draws[0, steps], color=color, linestyle=dash, marker=mark, markersize=4,
            linewidth=1.3, drawstyle="steps-post", label=literal(name),
        )  # fmt: skip
        if found.draws:
            low, high = np.quantile(draws[1:, steps], [0.05, 0.95], axis=0)
            axes.fill_between(costs[steps], low, high, step="post", color=color, alpha=0.15, linewidth=0)
    _axes(axes, results, cost)


def _edf(axes: Axes, results: Results) -> None:
    errors, name = errors_of(results)
    negated = results.unit is None and results.way == "maximize"
    families = results.rows[results.family].astype(str).to_numpy() if results.family else np.array([])
    everyone = errors[np.isfinite(errors)]
    groups = [("all networks", everyone, REST, "-", 2.2)]
    for family, color, dash in zip(shown_families(results), COLORS, DASHES, strict=False):
        own = errors[np.isfinite(errors) & (families == family)]
        if len(own) >= FEWEST:
            groups.append((family, own, color, dash, 1.3))
    for words, own, color, dash, width in groups:
        at = np.unique(own)
        share = edf(own, np.append(at, np.inf))[1:]
        axes.step(
            -at if negated else at, share, where="post", color=color, linestyle=dash, linewidth=width,
            label=literal(f"{words} ({len(own):,})"),
        )  # fmt: skip
    low, high = np.quantile(everyone, [0, 0.98])
    ends = (float(low), float(high)) if high > low else (float(low) - 0.5, float(low) + 0.5)
    axes.set_xlim(*((-ends[0], -ends[1]) if negated else ends))
    axes.set_xlabel(literal(capital(name)))
    axes.set_ylabel("Share of networks that are better")
    axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    plain(axes)
    axes.legend(loc="lower right", frameon=False, fontsize=8.5)


DRAWN: dict[str, Callable[[Axes, Results], None]] = {
    "frontier": _frontier,
    "families": _families,
    "edf": _edf,
}


def _axes(axes: Axes, results: Results, cost: str) -> None:
    from matplotlib.ticker import EngFormatter

    if (results.rows[cost].dropna() > 0).all():
        axes.set_xscale("log")
    if results.rows[cost].max() >= SHORTENED:
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    else:
        axes.xaxis.set_major_formatter(lambda tick, _: f"{tick:g}")
    if results.known and results.unit == 1:
        axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    more = ", more is better" if results.costs[cost] == "maximize" else ""
    axes.set_xlabel(literal(results.head(cost) + more))
    axes.set_ylabel(literal(capital(results.head(results.score))))
    plain(axes)
    axes.legend(loc="lower right", frameon=False, fontsize=8.5, ncols=2)
