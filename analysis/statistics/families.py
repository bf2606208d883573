"""Families of networks as curves: which leads at what cost, and who moves the whole curve up and to the left.

The curve of a family gives for each cost the best score among its networks of that cost or below; it is a
staircase, and missing below the family's cheapest network. One family leads at a cost if its curve is highest
there. One family moves the whole curve of another up and to the left if each network on the other's frontier
is dominated by one of its own: it is never beaten at equal cost, and reaches everywhere that the other does.

Uncertainty is that of repeated trainings. In each of many draws the score of every network is the mean of as
many of its trainings as it has, drawn with replacement (the bootstrap; `repeats`), or a normal number around
the published mean, as wide as its standard error (`error`). The chance of a statement about the curves is the
share of the draws in which it holds. Of three trainings the bootstrap is narrower than the truth, by the
factor sqrt(2 / 3) in the standard deviation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from archscape.spaces.errors import InputError

from ..metrics import WAYS, Direction
from .frames import both, need
from .frontier import Floats

DRAWS = 500
"""Draws of all scores; a chance is then exact to 0.022 (one standard error) at worst."""


@dataclass(frozen=True, kw_only=True)
class Curves:
    """Families as curves, in every draw.

    Attributes:
        costs: The costs at which any curve can change, ascending.
        best: (draws, families, costs); the first draw is the scores as they are. NaN below the cheapest
            network.
    """

    names: tuple[str, ...]
    costs: Floats
    best: Floats
    way: Direction

    @property
    def lengths(self) -> Floats:
        """How far it is from each cost to the next one, in the logarithm; 0 from the last."""
        return np.diff(np.log(np.append(self.costs, self.costs[-1])))


@dataclass(frozen=True, kw_only=True)
class LeadingRange:
    """A range of costs in which one family leads.

    Attributes:
        low: The cost from which on it leads.
        high: The cost up to which it does: where the next one begins, or the costliest network.
        chance: The share of the draws in which it leads, averaged over the range in the logarithm of cost.
        margin: By how much it is ahead of the second, averaged alike; NaN where it is alone.
    """

    family: str
    low: float
    high: float
    chance: float
    margin: float


@dataclass(frozen=True, kw_only=True)
class Dominance:
    """What one family does to the curve of another.

    Attributes:
        ahead: Share of the common range of costs, in its logarithm, in which its curve is higher.
        gain: Mean lead in score over the common range; negative where it is behind.
        whole: Whether it moves the whole curve: it is nowhere beaten, and dominates the other's frontier.
        chance: The share of the draws in which it moves the whole curve.
    """

    ahead: float
    gain: float
    whole: bool
    chance: float


def curves(
    table: pd.DataFrame,
    *,
    family: str,
    score: str,
    cost: str,
    way: Direction = "maximize",
    repeats: Sequence[str] = (),
    error: str = "",
    draws: int = DRAWS,
    seed: int = 0,
) -> Curves:
    """Return the curve of each family, in the scores as they are and in draws of them.

    Args:
        table: One row a network; rows without family, score or cost do not count.
        family: The column that tells families apart.
        score: The column of the score; the mean of the trainings where there are `repeats`.
        cost: The column of the cost, all above 0.
        way: The better direction of the score.
        repeats: Columns of the scores of repeated trainings; a missing one was not made.
        error: Or the column of the score's standard error; missing counts as 0.
        draws: How often to draw where there are repeats or errors.
        seed: Of the draws.

    Raises:
        InputError: If a column is missing, a cost is not above 0, or both repeats and an error are given.
    """
    if repeats and error:
        raise InputError("curves: give the repeated trainings or the standard error, not both")
    if way not in WAYS:
        raise InputError(f"curves: a direction is one of {', '.join(WAYS)}, but got {way!r}")
    known = both(table, family, score, cost).index
    rows = table.loc[known].sort_values(cost, kind="stable")
    costs = rows[cost].to_numpy(dtype=np.float64)
    if not (costs > 0).all():
        raise InputError(f"curves: every cost must be above 0, but {cost} has {costs.min()}")
    scores = _drawn(rows, score, tuple(repeats), error, draws, np.random.default_rng(seed))
    names = tuple(sorted(map(str, rows[family].unique())))
    points = np.unique(costs)
    last = np.searchsorted(costs, points, side="right") - 1
    sign = 1.0 if way == "maximize" else -1.0
    best = np.full((len(scores), len(names), len(points)), np.nan)
    for at, name in enumerate(names):
        members = np.where((rows[family].astype(str) == name).to_numpy(), sign * scores, -np.inf)
        reached = np.maximum.accumulate(members, axis=1)[:, last]
        best[:, at] = np.where(np.isneginf(reached), np.nan, sign * reached)
    return Curves(names=names, costs=points, best=best, way=way)


def leading_ranges(families: Curves) -> list[LeadingRange]:
    """Return which family leads from which cost to which, cheapest first; of equals the first by name."""
    all_gains = _gains(families)
    leader = np.argmax(all_gains, axis=1)
    drawn = leader[1:] if len(leader) > 1 else leader
    lengths = families.lengths
    gains = np.sort(all_gains[0], axis=0)
    margin = gains[-1] - gains[-2] if len(gains) > 1 else np.full(len(families.costs), np.nan)
    starts = np.flatnonzero(np.append(True, leader[0, 1:] != leader[0, :-1]))
    ends = np.append(starts[1:], len(families.costs) - 1)
    result = []
    for start, end in zip(starts, ends, strict=True):
        span = slice(start, max(end, start + 1))
        number = leader[0, start]
        chances = (drawn[:, span] == number).mean(axis=0)
        rivals = np.isfinite(margin[span])
        result.append(
            LeadingRange(
                family=families.names[number],
                low=float(families.costs[start]),
                high=float(families.costs[end]),
                chance=_mean(chances, lengths[span]),
                margin=_mean(margin[span][rivals], lengths[span][rivals]),
            )
        )
    return result


def dominance(families: Curves, first: str, second: str) -> Dominance:
    """Return what the first family does to the curve of the second.

    Raises:
        InputError: If there is no such family.
    """
    for name in (first, second):
        if name not in families.names:
            raise InputError(f"there is no family '{name}'; there are {', '.join(families.names)}")
    gains = _gains(families)
    ours, theirs = gains[:, families.names.index(first)], gains[:, families.names.index(second)]
    lengths = families.lengths
    common = np.isfinite(ours[0]) & np.isfinite(theirs[0])
    lead = ours[0, common] - theirs[0, common]
    whole = np.array([_moves_whole(a, b) for a, b in zip(ours, theirs, strict=True)])
    return Dominance(
        ahead=_mean((lead > 0).astype(np.float64), lengths[common]),
        gain=_mean(lead, lengths[common]),
        whole=bool(whole[0]),
        chance=float(whole[1:].mean() if len(whole) > 1 else whole[0]),
    )


def _moves_whole(ours: Floats, theirs: Floats) -> bool:
    """Tell whether every step of one curve is dominated by a point of the other."""
    steps = theirs > np.append(-np.inf, theirs[:-1])
    dominated = (ours > theirs) | (np.append(-np.inf, ours[:-1]) >= theirs)
    return bool(dominated[steps].all())


def _gains(families: Curves) -> Floats:
    """Return the curves, larger being better, -inf below a family's cheapest network."""
    gains: Floats = families.best if families.way == "maximize" else -families.best
    return np.where(np.isnan(gains), -np.inf, gains)


def _drawn(
    rows: pd.DataFrame,
    score: str,
    repeats: tuple[str, ...],
    error: str,
    draws: int,
    rng: np.random.Generator,
) -> Floats:
    """Return the scores, then draws of them, (1 + draws, rows)."""
    means = rows[score].to_numpy(dtype=np.float64)
    if repeats:
        need(rows, *repeats)
        trainings = np.sort(rows[list(repeats)].to_numpy(dtype=np.float64), axis=1)  # the missing ones last
        made = np.isfinite(trainings).sum(axis=1)
        if not made.all():
            raise InputError(f"curves: a row has no training in any of {', '.join(repeats)}")
        samples = [_resampled(trainings, made, rng) for _ in range(draws)]
    elif error:
        need(rows, error)
        width = np.nan_to_num(rows[error].to_numpy(dtype=np.float64))
        samples = [means + width * rng.standard_normal(len(means)) for _ in range(draws)]
    else:
        samples = []
    return np.vstack([means, *samples])


def _resampled(trainings: Floats, made: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """Return for each row the mean of as many trainings as were made, drawn with replacement."""
    at = (rng.random(trainings.shape) * made[:, None]).astype(np.int64)
    values = np.take_along_axis(trainings, at, axis=1)
    counted = np.arange(trainings.shape[1]) < made[:, None]
    means: Floats = np.where(counted, values, 0.0).sum(axis=1) / made
    return means


def _mean(values: Floats, weights: Floats) -> float:
    if not len(values):
        return float("nan")
    return float(np.average(values, weights=weights if weights.sum() > 0 else None))
