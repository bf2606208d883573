"""The model of one metric, brought up to date as trials end.

Parameters are fitted when the number of trials reaches a step of a schedule, from the prior means, so they
follow from the trials alone: whoever comes to a long study afresh gets the same model as who saw it grow. In
between, trials are added to the posterior one by one.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np

from .kernels import Kernel, Views
from .mixture import Mixture, fit
from .target import NormalScores

LOG = logging.getLogger(__name__)

EACH = 30
"""Up to so many trials, parameters are fitted at every one."""
SHARE, MOST = 15, 64
"""Then whenever a fifteenth more have ended, and at the latest after so many."""
FEW = 300
"""Up to so many trials, all of them are modelled."""
BEST, LATEST, OTHERS = 150, 75, 31
"""Of more: the best, the latest, and some of the others at random; and all that came since the fit."""

Describe: TypeAlias = Callable[[Sequence[int]], Views]
"""Returns the vectors of trials by their places among the observations."""


class Observation(NamedTuple):
    """What a trial came to; more is better."""

    number: int
    hash: str
    value: float


def last_fit(trials: int) -> int:
    """Return the number of trials at which parameters were fitted last.

    >>> [last_fit(n) for n in (7, 30, 31, 33, 99, 10_000)]
    [7, 30, 30, 32, 97, 9984]
    """
    step = min(trials, EACH)
    while (following := step + min(MOST, max(1, step // SHARE))) <= trials:
        step = following
    return step


def modelled(trials: int, best_first: Callable[[], Sequence[int]]) -> list[int]:
    """Return which of the trials at a fit the model sees, ascending.

    Args:
        trials: How many there are.
        best_first: Returns them in the order of their worth.
    """
    if trials <= FEW:
        return list(range(trials))
    kept = {*best_first()[:BEST], *range(trials - LATEST, trials)}
    rest = [place for place in range(trials) if place not in kept]
    return sorted(kept.union(random.Random(trials).sample(rest, min(OTHERS, len(rest)))))


@dataclass(kw_only=True)
class Surrogate:
    """A mixture over the candidates for one metric, which grows with the trials.

    Attributes:
        name: Of the metric, for the log.
        kernels: Those of the mixture.
        candidates: The vectors of the candidates.
        rows: The places of the modelled trials among the observations.
    """

    name: str
    kernels: Sequence[Kernel]
    candidates: Views
    rows: list[int] = field(default_factory=list)
    _seen: list[Observation] = field(default_factory=list)
    _mixture: Mixture | None = None
    _floor: float = 0.0

    def update(
        self,
        observations: Sequence[Observation],
        describe: Describe,
        *,
        best_first: Callable[[int], Sequence[int]],
        noise: Callable[[int], float] = lambda number: 0.0,
    ) -> None:
        """Bring the model up to date with the trials that have ended, in their order.

        Args:
            observations: All of them.
            describe: Returns the vectors of trials.
            best_first: Returns the places of the first so many trials in the order of their worth.
            noise: Returns the standard deviation that an observation has at least, in its unit, by the
                first so many trials.

        Raises:
            LinAlgError: If the trials cannot be modelled.
        """
        known = len(self._seen)
        grows = last_fit(len(observations)) <= known <= len(observations)
        if not grows or list(observations[:known]) != self._seen:
            first = list(observations[: last_fit(len(observations))])
            self.rows = modelled(len(first), lambda: best_first(len(first)))
            self._fit(first, describe, noise(len(first)))
        for place in range(len(self._seen), len(observations)):
            self._mixture = self.mixture.after(describe([place]), self._floor)
            self._seen.append(observations[place])
            self.rows.append(place)

    def _fit(self, observations: list[Observation], describe: Describe, noise: float) -> None:
        start = time.process_time()
        values = np.array([each.value for each in observations])
        self._seen, self._mixture = observations, None
        target = NormalScores(values=values[self.rows])
        tried = describe(self.rows)
        self._floor = (noise / target.slope) ** 2 if noise and target.slope else 0.0
        floor = np.full(len(self.rows), self._floor)
        fits = fit(self.kernels, tried, target.scores, floor)
        self._mixture = Mixture.of(fits, tried, self.candidates, floor)
        parts = ", ".join(
            f"{each.kernel.name} {weight:.2f} (noise {np.exp(each.parameters[-1]):.2g})"
            for each, weight in zip(fits, self._mixture.weights, strict=True)
        )
        seconds = time.process_time() - start
        LOG.debug("%s after %d trials: %s; %.0f ms", self.name, len(observations), parts, 1000 * seconds)

    @property
    def mixture(self) -> Mixture:
        """The posteriors as they are now."""
        assert self._mixture is not None, "`update` comes first"
        return self._mixture

    @property
    def target(self) -> NormalScores:
        """The values of the modelled trials as scores."""
        return NormalScores(values=np.array([self._seen[place].value for place in self.rows]))
