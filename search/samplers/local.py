"""Local search: hill climbing over networks one decision apart (White et al. 2021), with restarts.

A top is a trial that no tried neighbour beats. The search tries the untried neighbours of the best top, in
random order; the first one that is better is the top that it climbs on from. Where all were tried, which is a
local optimum, it starts again from the next best top, of the random start or of an earlier climb, and at last
from a random network. Nothing is kept of how far it has come: where it stands follows from the trials.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, ClassVar

from archscape.spaces.kinds import whole
from archscape.spaces.language.slots import uniform
from archscape.spaces.sampling.drawing import follow
from archscape.spaces.sampling.open_table import is_ordered

from .base import STARTUP, Proposal, Sampler
from .nsga2 import Elite, dominates, first_layer
from .start import random_start

if TYPE_CHECKING:
    from archscape.spaces import Sample, Space
    from archscape.spaces.values import Option

    from ..study.history import History, Record

TOPS = 100
"""Among how many of the best trials tops are looked for."""
REMEMBERED = 200_000
"""Neighbours whose hashes are remembered."""


@dataclass(frozen=True, kw_only=True)
class LocalSampler(Sampler):
    """Hill climbing: an untried neighbour of the best trial, and a new start at each local optimum.

    With several objectives it climbs from trials of the frontier, at random; one that is beyond limits which
    only training can tell is beaten by one nearer to them.

    Attributes:
        startup: How many first samples are random.
    """

    name: ClassVar[str] = "local"
    startup: Annotated[int, whole(0)] = STARTUP

    @cached_property
    def _elite(self) -> Elite:
        return Elite(size=TOPS)

    @cached_property
    def _hashes(self) -> dict[tuple[object, ...], str]:
        return {}

    def proposals(self, space: Space, history: History, rng: random.Random) -> Iterator[Proposal]:
        """Yield the untried neighbours of one top after the other, then random samples."""
        best = self._elite.of(history.complete, history.objectives)
        if history.submitted < self.startup or not best:
            yield from random_start(space, history, rng, self.startup)
        for top in _tops(best, history, rng):
            for neighbour in self._neighbours(space, top, history, rng):
                yield Proposal(sample=neighbour, reason=f"neighbour of trial {top.number}")
        while True:
            yield Proposal(sample=space.sample(rng), reason="random restart, as all near ones were tried")

    def _neighbours(
        self, space: Space, top: Record, history: History, rng: random.Random
    ) -> Iterator[Sample]:
        """Yield the neighbours that were not tried, in random order."""
        if len(self._hashes) > REMEMBERED:
            self._hashes.clear()
        steps = [
            (path, option)
            for path in top.decisions
            for option in near(space.paths[path], top.decisions[path])
        ]
        rng.shuffle(steps)
        for step in steps:
            key = (space, *top.decisions.items(), step)
            if self._hashes.get(key) in history.hashes:
                continue
            neighbour = moved(space, top.decisions, *step)
            if key not in self._hashes:
                self._hashes[key] = neighbour.hash() if space.feasible(neighbour) else ""
            if self._hashes[key] and history.fits(neighbour):
                yield neighbour


def near(options: Sequence[Option], taken: Option) -> Iterator[Option]:
    """Yield the options a step away from one: all others, of numbers those 1, 2, 4, 8, ... places away.

    >>> list(near(("none", "1/4", "1/16"), "1/4")), list(near(range(1, 20), 10))
    (['none', '1/16'], [2, 6, 8, 9, 11, 12, 14, 18])
    """
    at = options.index(taken)
    for i, option in enumerate(options):
        apart = abs(i - at)
        if apart and (not is_ordered(options) or apart & (apart - 1) == 0):
            yield option


def moved(space: Space, decisions: Mapping[str, Option], path: str, option: Option) -> Sample:
    """Return the sample with another option at a path; what it newly opens is always drawn alike."""
    fresh = uniform(random.Random(f"{[*decisions.items()]}:{path}:{option}"))
    return space.decide(follow({**decisions, path: option}, fresh))


def are_neighbours(first: Mapping[str, Option], second: Mapping[str, Option]) -> bool:
    """Return whether one decision leads from the one list to the other, with what it opens and closes."""
    return sum(path in second and second[path] != option for path, option in first.items()) == 1


def _tops(best: Sequence[Record], history: History, rng: random.Random) -> Iterator[Record]:
    """Yield the trials that no neighbour beats: those of the frontier at random, then the best first."""
    front = {record.number for record in first_layer(best, history.objectives)}
    first = [place for place, record in enumerate(best) if record.number in front]
    rng.shuffle(first)
    for place in (*first, *(place for place in range(len(best)) if place not in first)):
        record, better = best[place], best[:place]  # whoever beats it is before it
        if not any(
            are_neighbours(record.decisions, other.decisions) and dominates(other, record, history.objectives)
            for other in better
        ):
            yield record
