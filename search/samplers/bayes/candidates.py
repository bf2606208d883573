"""Candidates: the networks of which a model says which to try next.

A small space is gone through whole, once. Of a large one the candidates are a fixed random sample, and what
is near to the best networks tried: each of these has neighbours of its own, drawn with random numbers that
depend on nothing but its decisions. So the candidates follow from the best networks alone, and a sampler
that is made anew has the very same; it only has to describe them again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from archscape.spaces.sampling.open_table import Decisions

from .description import Describer, Description, Floats, joined

if TYPE_CHECKING:
    from archscape.spaces import Sample

WHOLE, WHOLE_OPERATORS = 20_000, 500_000
"""Up to how many decision lists, and operators and blocks of all of them, a space is gone through whole."""
ONE_STEP, TWO_STEPS = 40, 20
"""Neighbours of one of the best networks, that many decisions away."""
OPERATORS = 400
"""Operators and blocks of a network; of a larger one there are fewer neighbours, in proportion."""
KEPT = 128
"""Of how many networks the neighbours are remembered."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """Candidates, distinct lists of decisions.

    Attributes:
        decisions: Of each.
        description: What the model sees of each.
        costs: What each costs, (candidates, costs).
    """

    decisions: Sequence[Decisions]
    description: Description
    costs: Floats

    def __len__(self) -> int:
        """Return the number of candidates."""
        return len(self.decisions)

    @cached_property
    def keys(self) -> list[bytes]:
        """The decisions of each in a form that compares fast."""
        return [codes.tobytes() for codes in self.description.codes]


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """Makes the candidates of a study.

    Attributes:
        describer: Describes the networks of its space.
        names: Metrics known before training that candidates are held against.
        costs_of: Returns such metrics of a network by name.
        holds: Tells whether a network is within limits that its space does not know.
    """

    describer: Describer
    names: tuple[str, ...] = ()
    costs_of: Callable[[Sample], Mapping[str, float]] = lambda sample: {}
    holds: Callable[[Sample], bool] = lambda sample: True

    @cached_property
    def is_whole(self) -> bool:
        """Whether the candidates are all networks of the space within the limits."""
        count = self.describer.space.count()
        return count <= WHOLE and count * _size(self.describer.reference[0]) <= WHOLE_OPERATORS

    def pool(self, best: Sequence[Decisions] = ()) -> Pool:
        """Return the candidates.

        Args:
            best: The networks whose neighbours are among them.

        Raises:
            Infeasible: If no network within the limits of the space was found.
        """
        if self.is_whole:
            return self._everywhere
        return _distinct([self._everywhere, *map(self._near, best)])

    @cached_property
    def _everywhere(self) -> Pool:
        """All networks of a small space, or the fixed sample of a large one."""
        space = self.describer.space
        if self.is_whole:
            return self._pool(filter(space.feasible, space.enumerate()))
        return self._pool(self.describer.reference)

    @cached_property
    def _neighbours(self) -> dict[tuple[tuple[str, int | str], ...], Pool]:
        return {}

    def _near(self, decisions: Decisions) -> Pool:
        """Return the neighbours of a network; remembered."""
        key, known = tuple(decisions.items()), self._neighbours
        pool = known.pop(key) if key in known else self._pool(self._steps(decisions))
        known[key] = pool  # the latest stands last
        if len(known) > KEPT:
            known.pop(next(iter(known)))
        return pool

    def _steps(self, decisions: Decisions) -> Iterator[Sample]:
        """Yield random neighbours one decision away, and some two away."""
        space, rng = self.describer.space, random.Random(f"near {sorted(decisions.items())}")
        share = min(1.0, OPERATORS / _size(space.replay(decisions)))
        for _ in range(round(ONE_STEP * share)):
            yield space.mutate(decisions, rng)
        for _ in range(round(TWO_STEPS * share)):
            yield space.mutate(space.mutate(decisions, rng).decisions, rng)

    def _pool(self, samples: Iterable[Sample]) -> Pool:
        decisions: list[Decisions] = []
        costs: list[list[float]] = []

        def each() -> Iterator[Sample]:
            # One after the other: the blocks of a network are remembered for a while only.
            for sample in filter(self.holds, samples):
                decisions.append(sample.decisions)
                known = self.costs_of(sample) if self.names else {}
                costs.append([known[name] for name in self.names])
                yield sample

        description = self.describer.describe(each())
        values = np.array(costs, dtype=np.float64).reshape(len(decisions), len(self.names))
        return _distinct([Pool(decisions=decisions, description=description, costs=values)])


def _size(sample: Sample) -> int:
    """Return how many operators and blocks a network comes down to."""
    return sample.lower().extent[0]


def _distinct(pools: Sequence[Pool]) -> Pool:
    """Return the candidates of several pools, each list of decisions once, where it comes first."""
    keys = list(chain.from_iterable(pool.keys for pool in pools))
    firsts = {key: row for row, key in reversed(list(enumerate(keys)))}
    rows = sorted(firsts.values())
    if len(pools) == 1 and len(rows) == len(keys):
        return pools[0]
    decisions = list(chain.from_iterable(pool.decisions for pool in pools))
    return Pool(
        decisions=[decisions[row] for row in rows],
        description=joined([pool.description for pool in pools])[rows],
        costs=np.concatenate([pool.costs for pool in pools])[rows],
    )
