"""The model of a study: a surrogate for each metric that only training tells, over one set of candidates.

Everything that is kept between calls follows from the space and the trials, so it saves time alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ...study.proposal import Prediction
from .candidates import Pool
from .current import Current, stacked
from .estimate import Estimate
from .kernels import Floats, Views
from .networks import Networks
from .problem import Problem
from .surrogate import Observation, Surrogate
from .trials import Trials, acquisition

if TYPE_CHECKING:
    from ...study.history import Record

NEIGHBOURHOODS = 10
"""Of how many of the best networks the neighbours are candidates in a large space."""
PENDING = 64
"""How many of the latest networks in training are believed to come to their means."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """Candidates in the order in which they should be tried.

    Attributes:
        pool: The candidates.
        order: Their places, the best first.
        what: What they are ordered by.
        estimates: What is expected, by metric.
        incumbents: The best posterior mean of a tried network, by objective, on the scale of its scores.
    """

    pool: Pool
    order: Sequence[int]
    what: str
    estimates: Mapping[str, Estimate]
    incumbents: Mapping[str, float]

    def predicted(self, row: int) -> dict[str, Prediction]:
        """Return what is expected of a candidate, by objective."""
        return {name: self.estimates[name].prediction(row, best) for name, best in self.incumbents.items()}


@dataclass(kw_only=True, eq=False)
class Model:
    """What is known of the networks of a space and their trials.

    Attributes:
        networks: The networks.
    """

    networks: Networks
    _surrogates: dict[str, Surrogate] = field(default_factory=dict)

    def _surrogate(self, problem: Problem, name: str) -> Surrogate:
        """Return the surrogate of a metric, brought up to date."""
        networks, key = self.networks, f"{name} {problem.when}"
        if key not in self._surrogates:
            new = Surrogate(name=key, kernels=networks.kernels, candidates=networks.fixed_views)
            self._surrogates[key] = new
        records = problem.trials(name)
        self._surrogates[key].update(
            [Observation(r.number, r.hash, problem.value(name, r)) for r in records],
            lambda places: networks.describe(records[place] for place in places),
            best_first=lambda number: problem.best_first(records[:number]),
            noise=lambda number: problem.noise(name, records[:number]),
        )
        return self._surrogates[key]

    def _current(self, problem: Problem, name: str, pending: Views) -> Current:
        """Return the model of a metric as it is now, on top of that of early results if there is one."""
        below = problem.below
        if below is None or name not in below.measured:
            return Current.of(self._surrogate(problem, name), pending)
        cheap = Current.of(self._surrogate(below, name), self.networks.describe([]))
        records = problem.trials(name)
        values = np.array([problem.value(name, record) for record in records])
        return stacked(cheap, self.networks, records, values, pending)

    def fitted(self, problem: Problem) -> tuple[Trials, Floats]:
        """Return the modelled trials, and what was observed of the first objective on the scale of scores.

        Raises:
            LinAlgError: If the trials cannot be modelled.
        """
        current = self._current(problem, problem.measured[0], self.networks.describe([]))
        return Trials.of(problem, current.rows, [current.forecast.tried]), current.target.scores

    def rank(self, problem: Problem) -> Ranking:
        """Return the candidates in the order in which they should be tried.

        Raises:
            LinAlgError: If the trials cannot be modelled.
        """
        pending = self.networks.describe(problem.pending[-PENDING:])
        current = {name: self._current(problem, name, pending) for name in problem.modelled}
        rows = current[problem.measured[0]].rows
        trials = Trials.of(problem, rows, [current[name].forecast.tried for name in problem.measured])
        best = [trials.records[row].decisions for row in trials.best_first[:NEIGHBOURHOODS]]
        pool, near = self.networks.near(best)
        estimates = {name: each.estimate(near, problem.sign(name)) for name, each in current.items()}
        worth = acquisition(problem, trials, pool.costs, estimates)
        worth[self.networks.tried(problem.history)] = -np.inf
        order = np.argsort(-worth.astype(np.float32), kind="stable")
        return Ranking(
            pool=pool,
            order=[int(row) for row in order if worth[row] > -np.inf],
            what="expected improvement" if trials.is_met.any() else "probability to meet the limits",
            estimates=estimates,
            incumbents=dict(zip(problem.measured, trials.incumbents, strict=True)),
        )

    def expected(self, problem: Problem, record: Record) -> dict[str, Prediction]:
        """Return what is expected of a trial's network, by objective, as if it were measured once more.

        Raises:
            LinAlgError: If the trials cannot be modelled.
        """
        nobody, views, expected = self.networks.describe([]), self.networks.describe([record]), {}
        for name in problem.measured:
            current = self._current(problem, name, nobody)
            incumbent = float(current.forecast.tried.max())
            expected[name] = current.at(views, problem.sign(name)).prediction(0, incumbent)
        return expected
