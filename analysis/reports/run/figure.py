"""The frontier as a figure for a paper or a page: PNG, SVG or PDF, drawn by matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from archscape.analysis.metrics import SHARES

from ..figures.paper import FRONT, REFERENCE, REST, plain, write
from ..format import label
from ..page.specs import COUNTS
from .plots import plane
from .references import near
from .results import Digest, RunResults, digest

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def write_figure(results: RunResults, path: Path) -> Path:
    """Draw the score of every complete trial against the first cost, with frontier and references.

    The same results give the same bytes of an SVG.

    Args:
        results: The run.
        path: The file to write; its suffix (`.png`, `.svg`, `.pdf`) says what it becomes.

    Returns:
        The path.

    Raises:
        InputError: A table of the results lacks a column, or holds what it must not.
    """
    found = digest(results)
    return write(lambda figure: _draw(figure.subplots(), found), path, size=(8, 4.4))


def _draw(axes: Axes, found: Digest) -> None:
    from matplotlib.ticker import EngFormatter

    cost, score = found.costs[0], found.score
    rest, front = found.done[~found.done["on_front"]], found.front
    axes.scatter(rest[cost], rest[score], s=16, color=REST, linewidths=0, label="other trials")
    steps = plane(found, cost)
    axes.plot(steps[cost], steps[score], color=FRONT, linewidth=1.2, drawstyle="steps-post")
    axes.scatter(front[cost], front[score], s=34, color=FRONT, zorder=3, linewidths=0, label="frontier")
    for rows, color in ((rest, REST), (front, FRONT)):
        if rows.get(f"{score}_std", pd.Series(dtype=float)).notna().any():
            spread = rows[f"{score}_std"]
            axes.errorbar(rows[cost], rows[score], yerr=spread, fmt="none", ecolor=color, elinewidth=0.8)
    _references(axes, found)
    if (found.done[cost] > 0).all():
        axes.set_xscale("log")
    if found.done[cost].max() >= COUNTS:
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    else:
        axes.xaxis.set_major_formatter(lambda tick, _: f"{tick:g}")
    if score in SHARES:
        axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.set_xlabel(label(cost))
    axes.set_ylabel(label(score))
    plain(axes)
    axes.legend(loc="lower right", facecolor="white", edgecolor="none", framealpha=1)


def _references(axes: Axes, found: Digest) -> None:
    """Draw the references with a score as stars, the others within reach as upright lines."""
    cost, known = found.costs[0], found.references
    stars = known[known[found.score].notna() & known[cost].notna()]
    if len(stars):
        axes.scatter(
            stars[cost], stars[found.score], s=90, marker="*", color=REFERENCE, zorder=3, linewidths=0
        )
    for row in stars.to_dict("records"):
        place = (row[cost], row[found.score])
        axes.annotate(row["name"], place, (0, 7), textcoords="offset points", ha="center")
    for row in known[near(known, found.done, cost) & known[found.score].isna()].to_dict("records"):
        axes.axvline(row[cost], color=REFERENCE, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
        place = (row[cost], 1.0)
        axes.annotate(
            row["name"], place, (3, -2), xycoords=axes.get_xaxis_transform(), textcoords="offset points",
            rotation=90, ha="left", va="top", fontsize=8.5,
        )  # fmt: skip
