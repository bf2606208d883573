"""Regularised (aging) evolution over a space (Real et al. 2019).

The population is the latest trials, so each dies of age, however good it was. A child is made of the best of
a few that are drawn from it, by changing one decision. There are no generations, so no worker waits for
another; children that were tried before or are beyond the limits cost no trial. The defaults are those of the
paper, but for a shorter random start, so that a study of tens of trials gains by it too.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Annotated, ClassVar

from archscape.spaces.kinds import whole

from .base import STARTUP, Proposal, Sampler
from .nsga2 import first_layer, furthest_first
from .start import random_start

if TYPE_CHECKING:
    from archscape.spaces import Space

    from ..study.history import History, Record

CHILDREN = 8
"""Children that were all tried before, after which the next ones are changed by one decision more."""


@dataclass(frozen=True, kw_only=True)
class EvolutionSampler(Sampler):
    """Regularised evolution: the best of a few out of the latest trials, with one decision changed.

    With several objectives it is one at random of those that no other drawn dominates; with limits that only
    training can tell, one within dominates all beyond, as in NSGA-II.

    Attributes:
        startup: How many first samples are random.
        population: How many of the latest trials are alive.
        tournament: How many of them are drawn for one parent.
    """

    name: ClassVar[str] = "evolution"
    startup: Annotated[int, whole(0)] = STARTUP
    population: Annotated[int, whole(2)] = 100
    tournament: Annotated[int, whole(1)] = 25

    def proposals(self, space: Space, history: History, rng: random.Random) -> Iterator[Proposal]:
        """Yield children, each of a tournament of its own."""
        alive = self._alive(history)
        if history.submitted < self.startup or not alive:
            yield from random_start(space, history, rng, self.startup)
            return
        for attempt in count():
            parent = self._parent(alive, history, rng)
            child = space.mutate(parent.decisions, rng)
            for _ in range(attempt // CHILDREN):
                child = space.mutate(child.decisions, rng)
            yield Proposal(sample=child, reason=f"mutant of trial {parent.number}")

    def _alive(self, history: History) -> Sequence[Record]:
        """Return the latest complete trials; while they are few, those that were stopped last as well."""
        alive = history.complete[-self.population :]
        if len(alive) < self.population and history.stopped:
            stopped = furthest_first(history.stopped.values(), history.objectives)
            alive = [*alive, *stopped[: self.population - len(alive)]]
        return alive

    def _parent(self, alive: Sequence[Record], history: History, rng: random.Random) -> Record:
        drawn = rng.sample(alive, min(self.tournament, len(alive)))
        return rng.choice(first_layer(drawn, history.objectives))
