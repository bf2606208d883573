"""Families over each cost: their curves, who leads where, and who moves whose whole curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from archscape.analysis.statistics.families import (
    DRAWS,
    Curves,
    Dominance,
    LeadingRange,
    curves,
    move,
    reigns,
)

from .columns import Results
from .naming import gathered

LARGEST = 8
"""Families that have a colour and a mark of their own."""
RIVALS = 40
"""Families, the largest, that may lead."""
NUMBERS = 20_000_000
"""Numbers of all draws together: more families or costs mean fewer draws."""
FEWEST_DRAWS = 100


@dataclass(frozen=True, kw_only=True, eq=False)
class Lead:
    """What the families do over one cost.

    Attributes:
        curves: The curves, over the cost or, where more of it is better, over its inverse.
        inverse: Whether it is the inverse.
        reigns: Who leads from where to where, in the units of the cost, the cheapest first.
        moves: What each of the largest families does to each other one.
        draws: Draws of the scores over repeated trainings; 0 where nothing is known of their noise.
    """

    curves: Curves
    inverse: bool
    reigns: tuple[LeadingRange, ...]
    moves: dict[tuple[str, str], Dominance]
    draws: int


def shown_families(results: Results) -> list[str]:
    """Return the families that have a colour, the largest first."""
    if not results.family:
        return []
    return gathered(results.rows[results.family].fillna("").astype(str).tolist(), largest=LARGEST)


def lead(results: Results, cost: str) -> Lead | None:
    """Return what the families do over a cost; None where fewer than two have networks with both values."""
    inverse = results.costs[cost] == "maximize"
    rows = results.rows.assign(**{cost: 1 / results.rows[cost] if inverse else results.rows[cost]})
    rows = rows[rows[results.score].notna() & np.isfinite(rows[cost]) & (rows[cost] > 0)]
    rows, repeats = _trained(rows, results.repeats)
    rivals = gathered(rows[results.family].fillna("").astype(str).tolist(), largest=RIVALS)
    rows = rows[rows[results.family].isin(rivals)]
    if len(rivals) < 2:
        return None
    draws = max(FEWEST_DRAWS, min(DRAWS, NUMBERS // (len(rivals) * rows[cost].nunique())))
    noisy = bool(results.repeats or results.error)
    found = curves(
        rows,
        family=results.family,
        score=results.score,
        cost=cost,
        way=results.way,
        repeats=repeats,
        error=results.error,
        draws=draws,
    )
    largest = [name for name in shown_families(results) if name in found.names]
    return Lead(
        curves=found,
        inverse=inverse,
        reigns=tuple(_turned(reign) if inverse else reign for reign in reigns(found)),
        moves={(a, b): move(found, a, b) for a in largest for b in largest if a != b},
        draws=draws if noisy else 0,
    )


def _turned(reign: LeadingRange) -> LeadingRange:
    return LeadingRange(
        family=reign.family,
        low=1 / reign.low,
        high=1 / reign.high,
        chance=reign.chance,
        margin=reign.margin,
    )


def _trained(rows: pd.DataFrame, repeats: Sequence[str]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows that have a training, if trainings are known."""
    if not repeats:
        return rows, ()
    return rows[rows[list(repeats)].notna().any(axis=1)], tuple(repeats)
