"""Samplers that walk through a space in an order of its own, whatever comes of the trials.

A walk is a sequence of decision lists. Each trial takes the first one on it that is within the limits and was
not tried, so nothing has to be kept of how far a search has come.
"""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, ClassVar

from .base import Proposal, Sampler

if TYPE_CHECKING:
    from archscape.spaces import Sample, Space

    from ..study.history import History

MISSES = 5_000
"""Points in a row that are tried or beyond the limits, after which a walk is given up."""


@dataclass(kw_only=True)
class Walk:
    """The points of a walk, whose hashes are remembered.

    Attributes:
        space: Through which it leads.
        point: Returns the sample at a place, from 0; None at the end.
    """

    space: Space
    point: Callable[[int], Sample | None]
    _hashes: list[str] = field(default_factory=list)

    def untried(self, tried: set[str]) -> Iterator[Proposal]:
        """Yield the samples within the limits whose hashes are not among those tried, in their order."""
        misses = 0
        for place in count():
            digest = self._hash(place)
            misses = 0 if digest and digest not in tried else misses + 1
            if digest is None or misses > MISSES:
                return
            sample = self.point(place) if misses == 0 else None
            if sample is not None:
                yield Proposal(sample=sample, reason=f"point {place + 1} of the walk")

    def _hash(self, place: int) -> str | None:
        """Return the hash of the sample at a place, "" if it is beyond the limits; None at the end."""
        if place == len(self._hashes):
            sample = self.point(place)
            if sample is None:
                return None
            self._hashes.append(sample.hash() if self.space.feasible(sample) else "")
        return self._hashes[place]


@dataclass(frozen=True, kw_only=True)
class WalkSampler(Sampler):
    """A sampler that walks through a space, and draws at random where the walk ends."""

    looks_back: ClassVar[bool] = False

    @abstractmethod
    def walk(self, space: Space, seed: str) -> Walk:
        """Return the walk through a space; the same for the same space and seed."""

    def seed(self, history: History) -> str | None:
        """Return what tells the walks of studies apart; None where a study is too young for one."""
        return ""

    @cached_property
    def _walks(self) -> dict[tuple[Space, str], Walk]:
        return {}

    def proposals(self, space: Space, history: History, rng: random.Random) -> Iterator[Proposal]:
        """Yield what is left of the walk, in its order."""
        seed = self.seed(history)
        if seed is not None:
            if (space, seed) not in self._walks:
                self._walks.clear()
                self._walks[space, seed] = self.walk(space, seed)
            yield from self._walks[space, seed].untried(history.hashes)
        reason = "random, as the first trial" if seed is None else "random, as the walk has ended"
        while True:
            yield Proposal(sample=space.sample(rng), reason=reason)
