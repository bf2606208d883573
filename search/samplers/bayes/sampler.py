"""Bayesian optimisation: the candidate that is expected to improve most on what was tried.

Three Gaussian processes see a network as its decisions, its graph's words and its features; what they expect
of every candidate is weighted by how well each predicts the trials (`mixture`). Where costs known before
training are objectives too, the improvement is that of the hypervolume (`acquisition`).
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, ClassVar

from scipy.linalg import LinAlgError

from archscape.spaces.kinds import whole

from ..base import ASKS, Prediction, Proposal, Sampler
from .model import Model, Ranking
from .networks import Networks
from .problem import FEWEST, Problem

if TYPE_CHECKING:
    from archscape.spaces import Space

    from ...study.history import History, Record

LOG = logging.getLogger(__name__)
LOOKED_AT = 4000
"""Candidates that are looked at for one that is new and within the limits."""
OBSERVED = 0.25
"""The share of what was observed in what a recommendation goes by; the rest is the posterior mean."""


@dataclass(frozen=True, kw_only=True)
class BayesSampler(Sampler):
    """Expected improvement under a mixture of Gaussian processes.

    Attributes:
        startup: How many first samples are random.
    """

    name: ClassVar[str] = "bayes"
    startup: Annotated[int, whole(0)] = 8

    @cached_property
    def _models(self) -> dict[str, Model]:
        return {}

    def proposals(self, space: Space, history: History, rng: random.Random) -> Iterator[Proposal]:
        """Yield the candidates by what they are expected to improve; at first, random samples."""
        if history.submitted < self.startup:
            yield from _random(space, rng, f"random start {history.submitted + 1} of {self.startup}")
            return
        problem = Problem(history=history)
        if len(problem.results) < FEWEST and problem.below is not None:
            problem = problem.below
        if len(problem.results) < FEWEST:
            yield from _random(space, rng, f"random: {len(problem.results)} results are too few for a model")
            return
        try:
            ranking = self._model(space, problem).rank(problem)
        except LinAlgError as error:
            LOG.warning("%s; the next network is drawn at random", error)
            yield from _random(space, rng, "random: the trials could not be modelled")
            return
        yield from self._ranked(space, history, ranking)

    def _model(self, space: Space, problem: Problem) -> Model:
        """Return the model of a space and of what is asked there; the latest is kept."""
        model = self._models.get("latest")
        if model is None or not model.networks.serve(space, problem):
            model = self._models["latest"] = Model(networks=Networks.of(space, problem))
        return model

    def _ranked(self, space: Space, history: History, ranking: Ranking) -> Iterator[Proposal]:
        passed = 0
        for row in ranking.order[:LOOKED_AT]:
            sample = space.replay(ranking.pool.decisions[row])
            if not history.fits(sample):
                passed += 1
                continue
            reason = f"highest {ranking.what} of {len(ranking.pool):,} candidates"
            reason += f", less {passed} tried or beyond limits" if passed else ""
            yield Proposal(sample=sample, reason=reason, predicted=ranking.predicted(row))
            passed += 1

    def recommend(self, space: Space, history: History) -> Record | None:
        """Return the trial that is best by its result and, for the larger part, by its posterior mean.

        With noise the best result is a lucky one as often as a good one. Both count as scores of ranks, for
        the first objective that only training tells.
        """
        problem = Problem(history=history)
        if len(problem.results) < FEWEST or not problem.has_measured:
            return super().recommend(space, history)
        try:
            trials, observed = self._model(space, problem).fitted(problem)
        except LinAlgError as error:
            LOG.warning("%s; the best result is recommended", error)
            return super().recommend(space, history)
        worth = OBSERVED * observed + (1 - OBSERVED) * trials.means[:, 0]
        least = min(record.violation for record in trials.records)
        rows = [row for row, record in enumerate(trials.records) if record.violation == least]
        return trials.records[max(rows, key=lambda row: worth[row])]

    def expected(self, space: Space, history: History, record: Record) -> Mapping[str, Prediction]:
        """Return what is expected of training the network of a trial once more, by objective."""
        problem = Problem(history=history)
        if len(problem.results) < FEWEST or not problem.has_measured:
            return {}
        try:
            return self._model(space, problem).expected(problem, record)
        except LinAlgError:  # `recommend` has said so
            return {}


def _random(space: Space, rng: random.Random, reason: str) -> Iterator[Proposal]:
    for _ in range(ASKS):
        yield Proposal(sample=space.sample(rng), reason=reason)
