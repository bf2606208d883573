"""The model of a study: a surrogate for each metric that only training tells, over one set of candidates.

Everything that is kept between calls follows from the space and the trials, so it saves time alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from archscape.analysis.limits import violation
from archscape.analysis.metrics import count_costs
from archscape.spaces.values import Option

from ...study.proposal import Prediction
from .candidates import Candidates, Pool
from .description import Describer, Description
from .encoding import Encoder
from .estimate import Estimate
from .kernels import Floats, Kernel, Views
from .mixture import Forecast, Mixture, kernels
from .posterior import rows_of
from .problem import Problem
from .surrogate import Observation, Surrogate
from .trials import Trials, acquisition

if TYPE_CHECKING:
    from archscape.analysis.limits import Limits
    from archscape.spaces import Sample, Space

    from ...costs.asked import AskedCosts
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
    """What is known of a space and its trials.

    Attributes:
        space: The space.
        costs: Objectives that are known before training.
        asked: What the search asks of a network beyond its totals.
        limits: Limits known before training, beyond those that the space has.
    """

    space: Space
    costs: tuple[str, ...]
    asked: AskedCosts | None
    limits: Limits
    _surrogates: dict[str, Surrogate] = field(default_factory=dict)

    @classmethod
    def of(cls, space: Space, problem: Problem) -> Model:
        """Return the model of a problem in a space; it knows nothing yet."""
        asked, limits = problem.history.asked, problem.known_limits
        return cls(space=space, costs=problem.costs, asked=asked, limits=limits)

    def serves(self, space: Space, problem: Problem) -> bool:
        """Tell whether it is of a space and of what is asked there."""
        asked = self.asked is problem.history.asked
        same = self.costs == problem.costs and self.limits == problem.known_limits
        return self.space is space and asked and same

    @cached_property
    def describer(self) -> Describer:
        """What describes the networks of the space."""
        further = tuple([name for name in self.costs if name == "latency"])
        return Describer(space=self.space, further=further, costs_of=self._costs_of)

    @cached_property
    def candidates(self) -> Candidates:
        """What makes the candidates."""
        return Candidates(
            describer=self.describer, names=self.costs, costs_of=self._costs_of, holds=self._holds
        )

    def _holds(self, sample: Sample) -> bool:
        if self.asked is not None and self.asked.is_limited and not self.asked.holds(sample.network):
            return False
        return not self.limits or violation(self.limits, self._costs_of(sample)) == 0

    def _costs_of(self, sample: Sample) -> Mapping[str, float]:
        costs = count_costs(sample.totals)
        if self.asked is not None and not costs.keys() >= {*self.costs, *self.limits}:
            costs |= self.asked.of(sample.network)
        return costs

    @cached_property
    def _encoder(self) -> Encoder:
        return Encoder(paths=self.describer.paths)

    def _views(self, description: Description) -> dict[str, Floats]:
        return {
            "codes": self._encoder.vectors(description.codes),
            "features": description.features,
            "words": description.words,
        }

    @cached_property
    def _fixed(self) -> Views:
        """The vectors of the candidates that are always there."""
        return self._views(self.candidates.pool().description)

    @cached_property
    def _kernels(self) -> list[Kernel]:
        fixed = self._fixed
        return kernels(self._encoder.groups, fixed["features"].shape[1], fixed["words"].shape[1])

    def _describe(self, records: Iterable[Record]) -> Views:
        return self._views(self.describer.describe_decisions([record.decisions for record in records]))

    def surrogate(self, problem: Problem, name: str) -> Surrogate:
        """Return the surrogate of a metric, brought up to date.

        Raises:
            LinAlgError: If the trials cannot be modelled.
        """
        if name not in self._surrogates:
            self._surrogates[name] = Surrogate(name=name, kernels=self._kernels, candidates=self._fixed)
        records = problem.trials(name)
        self._surrogates[name].update(
            [Observation(r.number, r.hash, problem.value(name, r)) for r in records],
            lambda places: self._describe(records[place] for place in places),
            best_first=lambda number: problem.best_first(records[:number]),
        )
        return self._surrogates[name]

    def fitted(self, problem: Problem) -> tuple[Trials, Floats]:
        """Return the modelled trials, and what was observed of the first objective on the scale of scores.

        Raises:
            LinAlgError: If the trials cannot be modelled.
        """
        surrogate = self.surrogate(problem, problem.measured[0])
        scores = surrogate.target.scores
        return Trials.of(problem, surrogate.rows, [surrogate.mixture.tried(scores)]), scores

    def rank(self, problem: Problem) -> Ranking:
        """Return the candidates in the order in which they should be tried.

        Raises:
            LinAlgError: If the trials cannot be modelled.
        """
        pending = self._describe(problem.pending[-PENDING:])
        fixed = {name: _Now.of(self.surrogate(problem, name), pending) for name in problem.modelled}
        main = fixed[problem.measured[0]].surrogate
        trials = Trials.of(problem, main.rows, [fixed[name].fitted for name in problem.measured])
        best = [trials.records[row].decisions for row in trials.best_first[:NEIGHBOURHOODS]]
        pool = self.candidates.pool(best)
        near = self._views(pool.description[len(self.candidates.pool()) :])
        estimates = {name: now.estimate(near, problem.sign(name)) for name, now in fixed.items()}
        worth = acquisition(problem, trials, pool.costs, estimates)
        worth[self._tried_rows(problem)] = -np.inf
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
        views, expected = self._describe([record]), dict[str, Prediction]()
        for name in problem.measured:
            surrogate = self.surrogate(problem, name)
            scores, there = surrogate.target.scores, surrogate.mixture.over(views)
            forecast = there.forecast(scores, there)
            estimate = Estimate(forecast=forecast, target=surrogate.target, sign=problem.sign(name))
            expected[name] = estimate.prediction(0, float(surrogate.mixture.tried(scores).max()))
        return expected

    def _tried_rows(self, problem: Problem) -> list[int]:
        """Return the places of tried networks among the candidates that are always there."""
        history = problem.history
        tried = chain(history.complete, history.failed, history.stopped.values(), history.pending.values())
        rows = (self._row_of.get(tuple(record.decisions.items())) for record in tried)
        return [row for row in rows if row is not None]

    @cached_property
    def _row_of(self) -> dict[tuple[tuple[str, Option], ...], int]:
        return {tuple(each.items()): row for row, each in enumerate(self.candidates.pool().decisions)}


@dataclass(frozen=True, kw_only=True, eq=False)
class _Now:
    """A surrogate as it is now, before and after the networks in training.

    Attributes:
        surrogate: It.
        certain: Its mixture as if these had come to their means.
        forecast: Of the candidates that are always there.
    """

    surrogate: Surrogate
    certain: Mixture
    forecast: Forecast

    @classmethod
    def of(cls, surrogate: Surrogate, pending: Views) -> _Now:
        certain = surrogate.mixture
        for row in range(len(pending["codes"])):
            certain = certain.after(rows_of(pending, slice(row, row + 1)))
        forecast = surrogate.mixture.forecast(surrogate.target.scores, certain)
        return cls(surrogate=surrogate, certain=certain, forecast=forecast)

    @property
    def fitted(self) -> Floats:
        return self.forecast.tried

    def estimate(self, near: Views, sign: int) -> Estimate:
        """Return what is expected of all candidates, those near the best networks last."""
        forecast, target = self.forecast, self.surrogate.target
        if len(near["codes"]):
            more = self.surrogate.mixture.over(near).forecast(target.scores, self.certain.over(near))
            forecast = forecast.joined(more)
        return Estimate(forecast=forecast, target=target, sign=sign)
