"""A sampler of your own, epsilon-greedy: `archscape search examples/sampler/own-sampler.yaml`."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Annotated, ClassVar

from archscape.search.samplers.base import Sampler
from archscape.search.study.history import History
from archscape.spaces import Sample, Space
from archscape.spaces.kinds import number


@dataclass(frozen=True, kw_only=True)
class Greedy(Sampler):
    """A neighbour of the best network so far, and now and then a random one.

    Attributes:
        epsilon: How often a random network is tried.
    """

    name: ClassVar[str] = "greedy"
    epsilon: Annotated[float, number("a share from 0 to 1", lambda share: 0 <= share <= 1)] = 0.2

    def sample(self, space: Space, history: History, rng: random.Random) -> Sample:
        """Return a sample within the limits of the space; one that was tried is replaced by the search."""
        best = self.recommend(space, history)
        if best is None or rng.random() < self.epsilon:
            return space.sample(rng)
        return space.mutate(best.decisions, rng)
