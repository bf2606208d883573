"""How scores are spread, and how they follow the costs: distribution functions and rank correlations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from archscape.analysis.statistics.distribution import Correlation, edf, edf_margin, spearman
from archscape.analysis.statistics.frontier import Floats
from archscape.spaces.errors import InputError

from ..figures.description import DASHES, FAMILY_COLORS, Axis, Figure, Series
from ..format import escaped
from .leading import shown_families
from .results import Results

POINTS = 400
"""Points of a line: a longer one is read at so many quantiles."""
FEWEST = 5
"""Networks of a family that has a line of its own."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Errors:
    """What is to be small: 100 - the percent, 1 - the share, or the score itself, turned if more is better.

    Attributes:
        values: One a network, NaN where unknown.
        sign: -1 where the axis shows the score and the values are turned.
    """

    values: Floats
    name: str
    sign: int = 1


def errors_of(results: Results) -> Errors:
    """Return the errors of the networks."""
    scores = results.rows[results.score].to_numpy(dtype=np.float64)
    head = results.head(results.score)
    if results.unit is not None:
        return Errors(values=results.unit - scores, name=f"error, {results.unit:g} - {head}")
    sign = 1 if results.way == "minimize" else -1
    return Errors(values=sign * scores, name=head, sign=sign)


def edf_figure(results: Results) -> Figure:
    """Return the error distribution function of all networks and of the largest families."""
    errors = errors_of(results)
    groups = list(_groups(results, errors.values))
    low, high = (float(end) for end in np.quantile(groups[0][1], [0, 0.98]))
    pad = 0.03 * (high - low or 1.0)
    return Figure(
        x=Axis(
            label=errors.name,
            ticks="share" if results.is_percent else "plain",
            range=(errors.sign * (low - pad), errors.sign * (high + pad)),
        ),
        y=Axis(label="share of networks that are better", ticks="share", range=(0, 1.02)),
        series=[_line(results, errors, *group) for group in groups],
    )


def edf_note(results: Results) -> str:
    """Return how to read the figure."""
    errors = errors_of(results)
    groups = len(list(_groups(results, errors.values)))
    margin = edf_margin(int(results.rows[results.score].notna().sum()))
    return (
        f"For each {'error' if results.unit else errors.name} the share of networks that are better: a line "
        "further to the left and above is the better population (Radosavovic et al. 2019). With 95% the line "
        f"of all networks is within {min(margin, 1):.1%} of the one that they were drawn from, if they were "
        f"drawn at random{'; of fewer networks it is less sure' if groups > 1 else ''}."
    )


def rank_correlations(results: Results) -> dict[str, Correlation]:
    """Return Spearman's rho of each cost with the score, where there are networks enough and two values."""
    known = {}
    for cost in results.costs:
        try:
            known[results.head(cost)] = spearman(results.rows, cost, results.score)
        except InputError:
            continue
    return known


def _groups(results: Results, errors: Floats) -> Iterator[tuple[str, Floats, str, str, float]]:
    """Yield (name, errors, colour, dash, width) of all networks, then of the families that have enough."""
    known = np.isfinite(errors)
    yield "all networks", errors[known], "muted", "solid", 3
    families = np.array(results.families)
    for at, name in enumerate(shown_families(results)):
        members = errors[known & (families == name)]
        if len(members) >= FEWEST:
            yield name, members, FAMILY_COLORS[at], DASHES[at % len(DASHES)], 1.8


def _line(
    results: Results, errors: Errors, name: str, values: Floats, color: str, dash: str, width: float
) -> Series:
    at = np.unique(values)
    if len(at) > POINTS:
        at = np.unique(np.quantile(values, np.linspace(0, 1, POINTS), method="nearest"))
    shares = edf(values, np.nextafter(at, np.inf))  # of those as good, not better alone
    return Series(
        kind="line", name=f"{name} ({len(values):,})", x=errors.sign * at, y=shares.round(6), color=color,
        dash=dash, width=width, shape="hv",
        hover=[_about(results, name, error, share) for error, share in zip(at, shares, strict=True)],
    )  # fmt: skip


def _about(results: Results, name: str, error: float, share: float) -> str:
    score = (results.unit or 0.0) - error if results.way == "maximize" else error
    head = escaped(results.head(results.score))
    return f"<b>{escaped(name)}</b><br>{share:.0%} have {head} {results.text(results.score, score)} or better"
