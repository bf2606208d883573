"""The modelled trials as an acquisition needs them, and the acquisition of a study's problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from archscape.analysis.metrics import Objectives
from archscape.analysis.statistics.frontier import crowded_order

from .acquisition import expected_improvement
from .estimate import Estimate
from .hypervolume_improvement import Gain, front_of, hypervolume_improvement, known
from .kernels import Floats
from .mixture import Forecast
from .problem import Problem

if TYPE_CHECKING:
    from ...study.history import Record


@dataclass(frozen=True, kw_only=True, eq=False)
class Trials:
    """Modelled trials.

    Attributes:
        records: They.
        means: The posterior means of their objectives on the scale of the scores, (trials, measured).
        costs: Their costs, less being better; (trials, costs).
    """

    records: Sequence[Record]
    means: Floats
    costs: Floats

    @classmethod
    def of(cls, problem: Problem, rows: Sequence[int], means: Sequence[Floats]) -> Trials:
        """Return the results in these places."""
        records = [problem.results[row] for row in rows]
        return cls(records=records, means=np.stack(means, axis=1), costs=problem.costs_of(records))

    @cached_property
    def is_met(self) -> NDArray[np.bool_]:
        """Whether each is within the limits."""
        return np.array([record.violation == 0 for record in self.records], dtype=np.bool_)

    @cached_property
    def best_first(self) -> list[int]:
        """Their places in the order of their means and costs, as the frontier has it."""
        rows = np.concatenate([self.means, -self.costs], axis=1)
        beyond = [record.violation for record in self.records]
        objectives: Objectives = dict.fromkeys(map(str, range(rows.shape[1])), "maximize")
        return crowded_order(rows.tolist(), objectives, violations=beyond)

    @property
    def incumbents(self) -> list[float]:
        """The best mean of each measured objective, among those within the limits if there are any."""
        rows = self.is_met if self.is_met.any() else np.ones(len(self.records), dtype=np.bool_)
        best: list[float] = self.means[rows].max(axis=0).tolist()
        return best


def acquisition(problem: Problem, trials: Trials, costs: Floats, estimates: Mapping[str, Estimate]) -> Floats:
    """Return how much each candidate is expected to improve on the trials, (candidates,).

    Limits that only training tells weigh it by how likely they are met, and failures by how likely there is
    none; while no trial meets the limits, the logarithm of that is all that counts.

    Args:
        problem: What the study asks for.
        trials: The modelled trials.
        costs: What the candidates cost, in the units of the metrics; (candidates, costs).
        estimates: What is expected of each modelled metric.
    """
    first = estimates[problem.measured[0]].forecast
    likely = np.zeros(first.means.shape[1])
    for name, limit in problem.conditions.items():
        likely = likely + estimates[name].log_probability(limit)
    if not trials.is_met.any():
        return likely
    signs = np.array([-problem.sign(name) for name in problem.costs])
    return np.exp(likely) * _improvement(problem, trials, costs * signs, estimates)


def _improvement(
    problem: Problem, trials: Trials, costs: Floats, estimates: Mapping[str, Estimate]
) -> Floats:
    """Return the expected improvement of the only objective, or of the hypervolume of several.

    With one measured objective each process has a front of its own; with several, the mixture has.
    """
    met, forecasts = trials.is_met, [estimates[name].forecast for name in problem.measured]
    if len(forecasts) == 1 and not problem.costs:
        return forecasts[0].over(
            lambda mean, deviation, fitted: expected_improvement(mean, deviation, fitted[met].max())
        )
    of_candidates, of_tried = scaled(costs, trials.costs)
    floors = [float(estimates[name].target.scores.min()) for name in problem.measured]
    reference = np.array([*floors, *-beyond_worst(np.concatenate([of_candidates, of_tried]))])
    cheapness = [known(-column) for column in of_candidates.T]

    def improvement(fitted: Sequence[Floats], gains: Sequence[Gain]) -> Floats:
        front = front_of(np.stack([*fitted, *-of_tried.T], axis=1)[met], reference)
        return hypervolume_improvement(front, reference, [*gains, *cheapness])

    if len(forecasts) == 1:
        return forecasts[0].over(
            lambda mean, deviation, fitted: improvement(
                [fitted], [lambda levels: expected_improvement(mean, deviation, levels[:, None])]
            )
        )
    return improvement([forecast.tried for forecast in forecasts], [_gain(each) for each in forecasts])


def _gain(forecast: Forecast) -> Gain:
    """Return the gain of an objective under its mixture."""
    return lambda levels: forecast.over(
        lambda mean, deviation, _: expected_improvement(mean, deviation, levels[:, None])
    )


WIDE = 100.0
"""Ratio of the dearest to the cheapest from which a cost is measured in decades."""


def beyond_worst(costs: Floats) -> Floats:
    """Return a corner that all are cheaper than, (costs,): by a mean step between values beyond the dearest.

    At the dearest itself it would be worth nothing how good that one is: of a cost of two values, the dearer
    half of a space would not be tried. A cost that all share is no matter.
    """
    steps = np.array([np.ptp(column) / max(1, len(np.unique(column)) - 1) for column in costs.T])
    worst: Floats = costs.max(axis=0) + np.where(steps > 0, steps, 1.0)
    return worst


def scaled(costs: Floats, tried: Floats) -> tuple[Floats, Floats]:
    """Return costs as logarithms where they span two decades or more, else as roots; negative ones stay.

    Reports measure the hypervolume in decades of costs. Over fewer, logarithms lie with the cheapest
    networks, which are seldom good, and costs as they are with the dearest: on NAS-Bench-Macro the three
    differ by less than their errors over 12 seeds (roots have .956 of the hypervolume after 50 trials and
    .990 after 100, costs as they are .953 and .989, logarithms .958 and .986). On `digits`, really trained,
    MACs span three: logarithms have after 30 trials more than roots after 60 (2.52 against 2.45, means of two
    seeds).
    """
    both = np.concatenate([costs, tried])
    for column in both.T:  # views: they are changed in place
        low, high = column.min(), column.max()
        if low > 0 and high >= WIDE * low:
            column[:] = np.log(column)
        elif low >= 0:
            column[:] = np.sqrt(column)
    return both[: len(costs)], both[len(costs) :]
