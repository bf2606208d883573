"""NSGA-II over a space, one child at a time (Deb et al. 2002).

Optuna's own NSGA-II crosses over only the choices that all trials share; here the space crosses two decision
lists over, part by part. There are no generations: every sample is bred from the best trials so far, so no
worker waits for another. Trials beyond limits that only training can tell are worse than all within, and of
two such trials the one nearer to the limits is better.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, ClassVar

from archscape.analysis.metrics import Objectives
from archscape.analysis.statistics.frontier import crowded_order, frontier, ranks
from archscape.spaces.kinds import whole

from .base import STARTUP, Sampler

if TYPE_CHECKING:
    from archscape.spaces import Sample, Space

    from ..study.history import History, Record

CROSSOVER_RATE = 0.9


@dataclass(kw_only=True)
class Elite:
    """The best of a growing list of trials: each new one enters, and the worst leaves.

    Attributes:
        size: How many stay.
    """

    size: int
    _best: list[Record] = field(default_factory=list)
    _last: list[Record] = field(default_factory=list)
    _taken: int = 0
    _newest: list[Record] = field(default_factory=list)

    def of(self, records: Sequence[Record], objectives: Objectives) -> list[Record]:
        """Return the best of the list, best first; what was seen before is not looked at again.

        If one that was seen has left the list, all are.
        """
        if records[self._taken - 1 : self._taken] != self._newest:  # one of them was dropped: all have moved
            self._best, self._taken = [], 0
        for record in records[self._taken :]:
            # One that is alone behind the last layer would be the one that leaves.
            if len(self._best) < self.size or not any(
                dominates(other, record, objectives) for other in self._last
            ):
                kept = best_first([*self._best, record], objectives)[: self.size]
                self._best = best_first(kept, objectives)
                self._last = _last_layer(self._best, objectives)
        self._taken, self._newest = len(records), list(records[-1:])
        return self._best


@dataclass(frozen=True, kw_only=True)
class Nsga2Sampler(Sampler):
    """NSGA-II: binary tournaments among the best trials, crossover, and one mutated decision.

    Attributes:
        startup: How many first samples are random.
        population: How many of the best trials are parents.
    """

    name: ClassVar[str] = "nsga2"
    startup: Annotated[int, whole(0)] = STARTUP
    population: Annotated[int, whole(2)] = 20

    @cached_property
    def _elite(self) -> Elite:
        return Elite(size=self.population)

    def sample(self, space: Space, history: History, rng: random.Random) -> Sample:
        """Return a child of two trials of the history."""
        parents = self._elite.of(history.complete, history.objectives)
        if len(parents) < self.population:
            parents = [*parents, *furthest_first(history.stopped.values(), history.objectives)]
            parents = parents[: self.population]
        if history.submitted < self.startup or len(parents) < 2:
            return space.sample(rng)
        mother, father = _tournament(parents, rng), _tournament(parents, rng)
        decisions = mother.decisions
        if rng.random() < CROSSOVER_RATE:
            decisions = space.crossover(mother.decisions, father.decisions, rng).decisions
        return space.mutate(decisions, rng)


def dominates(record: Record, other: Record, objectives: Objectives) -> bool:
    """Return whether a trial is nearer to the limits than another, or as near, as good, and somewhere better.

    This is the constrained domination of Deb et al. (2002, section VI).
    """
    if record.violation != other.violation:
        return record.violation < other.violation
    signs = [1 if way == "maximize" else -1 for way in objectives.values()]
    gaps = [s * (a - b) for s, a, b in zip(signs, record.values or (), other.values or (), strict=True)]
    return min(gaps) >= 0 < max(gaps)


def first_layer(records: Sequence[Record], objectives: Objectives) -> list[Record]:
    """Return the trials that no other one dominates; of one objective all the best."""
    on_front = frontier(_columns(records, objectives), objectives, [record.violation for record in records])
    return [record for record, best in zip(records, on_front, strict=True) if best]


def _columns(records: Sequence[Record], objectives: Objectives) -> dict[str, list[float]]:
    return {name: [(record.values or ())[i] for record in records] for i, name in enumerate(objectives)}


def _last_layer(records: Sequence[Record], objectives: Objectives) -> list[Record]:
    layers = ranks(_columns(records, objectives), objectives, [record.violation for record in records])
    return [record for record, layer in zip(records, layers, strict=True) if layer == layers.max()]


def best_first(records: Sequence[Record], objectives: Objectives) -> list[Record]:
    """Return trials by frontier layer, those in less crowded places first within a layer.

    The order in which they are given makes no difference, also among equal ones.
    """
    records = sorted(records, key=lambda record: record.number)
    beyond = [record.violation for record in records]
    order = crowded_order([record.values or () for record in records], objectives, violations=beyond)
    return [records[i] for i in order]


def furthest_first(stopped: Iterable[Record], objectives: Objectives) -> list[Record]:
    """Return the latest trials that were stopped early, those of the highest rung first."""
    rungs: dict[int, list[Record]] = {}
    for record in stopped:
        rungs.setdefault(record.rung or 0, []).append(record)
    return [
        record for rung in sorted(rungs, reverse=True) for record in best_first(rungs[rung][-50:], objectives)
    ]


def _tournament(ranked: Sequence[Record], rng: random.Random) -> Record:
    """Return the better of two drawn at random; the order is the rank."""
    return ranked[min(rng.randrange(len(ranked)), rng.randrange(len(ranked)))]
