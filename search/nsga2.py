"""NSGA-II over a space, one child at a time (Deb et al. 2002).

Optuna's own NSGA-II crosses over only the choices that all trials share; here the space crosses two decision
lists over, part by part. There are no generations: every proposal breeds from the best trials so far, so no
worker waits for another.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archscape.analysis.frontier import Objectives, crowding_distances, ranks

from .history import History, Record

if TYPE_CHECKING:
    from archscape.spaces import Sample, Space

CROSSOVER_RATE = 0.9


@dataclass(frozen=True, kw_only=True)
class Nsga2:
    """Binary tournaments among the best trials, crossover, and one mutated decision.

    Attributes:
        start: How many first proposals are random.
        population: How many of the best trials are parents.
    """

    start: int
    population: int = 20

    def propose(self, space: Space, history: History, rng: random.Random) -> Sample:
        """Return a child of two trials of the history."""
        if history.submitted < self.start or len(history.complete) < 2:
            return space.sample(rng)
        parents = best_first(history.complete, history.directions)[: self.population]
        mother, father = _tournament(parents, rng), _tournament(parents, rng)
        decisions = mother.decisions
        if rng.random() < CROSSOVER_RATE:
            decisions = space.crossover(mother.decisions, father.decisions, rng).decisions
        return space.mutate(decisions, rng)


def best_first(records: Sequence[Record], directions: Sequence[str]) -> list[Record]:
    """Return trials by frontier layer, those in less crowded places first within a layer."""
    rows = [record.values or () for record in records]
    names = [str(i) for i in range(len(directions))]
    ways: Objectives = {
        n: "maximize" if w == "maximize" else "minimize" for n, w in zip(names, directions, strict=True)
    }
    layers = ranks({n: [row[i] for row in rows] for i, n in enumerate(names)}, ways).tolist()
    crowding = [0.0] * len(rows)
    for layer in set(layers):
        members = [i for i, found in enumerate(layers) if found == layer]
        for i, distance in zip(members, crowding_distances([rows[i] for i in members]), strict=True):
            crowding[i] = distance
    order = sorted(range(len(rows)), key=lambda i: (layers[i], -crowding[i], records[i].number))
    return [records[i] for i in order]


def _tournament(ranked: Sequence[Record], rng: random.Random) -> Record:
    """Return the better of two drawn at random; the order is the rank."""
    return ranked[min(rng.randrange(len(ranked)), rng.randrange(len(ranked)))]
