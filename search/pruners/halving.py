"""Asynchronous successive halving (Li et al. 2020) by Pareto rank, for one objective or several.

With one objective this is ASHA. With several, a rung ranks its trials as NSGA-II does (Deb et al. 2002): by
frontier layer, and within a layer those in less crowded places first; cf. MO-ASHA (Schmucker et al. 2021),
which thins a layer out by an epsilon-net to the same end. Two things are our own:

- The trial with the best first objective ranks first, so the top of that objective is never stopped. With
  limits on what training gives, it is the best of those that are least beyond them, as in the domination of
  Deb et al. with constraints.
- What is promoted is the best share of a rung, not its frontier. Params and MACs are known from the start and
  the same at all rungs, so the cheapest network is on every frontier however little it learns, and a frontier
  may hold most of a rung. The share bounds what such networks take from the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log10
from typing import Annotated, ClassVar

from archscape.analysis.metrics import Direction
from archscape.analysis.statistics.frontier import crowded_order, crowding_distances
from archscape.spaces.kinds import whole

from .base import Decision, PrunerSettings, RungResult


@dataclass(frozen=True, kw_only=True)
class Halving(PrunerSettings):
    """Successive halving: one trial in `eta` is promoted from each rung, by Pareto rank.

    The rungs are `epochs`, `eta` times that, and so on (Li et al. 2020, section 3.1).

    Attributes:
        eta: One in how many trials is promoted from a rung.
    """

    name: ClassVar[str] = "halving"
    ranks_by_several: ClassVar[bool] = True
    eta: Annotated[int, whole(2)] = 3

    def next_rung(self, rung: int) -> int:
        """Return `eta` times the epoch."""
        return rung * self.eta

    def with_rungs(self, objectives: Mapping[str, Direction], rungs: tuple[int, ...]) -> HalvingPruner:
        """Return the pruner."""
        return HalvingPruner(name=self.name, objectives=objectives, rungs=rungs, eta=self.eta)


@dataclass(frozen=True, kw_only=True)
class Asha(Halving):
    """Successive halving by exactly one objective, under the name that it is known by."""

    name: ClassVar[str] = "asha"
    ranks_by_several: ClassVar[bool] = False


@dataclass(frozen=True, kw_only=True)
class HalvingPruner:
    """Promotes the best of every `eta` trials from each rung."""

    name: str
    objectives: Mapping[str, Direction]
    rungs: tuple[int, ...]
    eta: int

    def decide(self, rung: int, result: RungResult, results: Sequence[RungResult]) -> Decision:
        """Decide whether a trial is promoted: whether it is among the best of its rung so far."""
        order = [other.number for other in best_first(results, self.objectives)]
        rank, share = 1 + order.index(result.number), self._share(results)
        best = "the best one goes on" if share == 1 else f"the best {share} go on"
        return Decision(promote=rank <= share, reason=f"rank {rank} of {len(order)} at epoch {rung}; {best}")

    def promotable(self, rung: int, results: Sequence[RungResult]) -> int | None:
        """Return the best trial that was stopped at a rung and is among those promoted now, if any is."""
        order = best_first(results, self.objectives)[: self._share(results)]
        return next((result.number for result in order if not result.passed), None)

    def _share(self, results: Sequence[RungResult]) -> int:
        """Return how many of a rung are promoted: one in eta, rounded up."""
        return -(-len(results) // self.eta)


def best_first(results: Sequence[RungResult], objectives: Mapping[str, Direction]) -> list[RungResult]:
    """Return results by rank: the best first objective, then by frontier layer, the less crowded first.

    >>> points = {0: (0.9, 300), 1: (0.5, 100), 2: (0.4, 200), 3: (0.8, 200)}
    >>> results = [RungResult(number=i, values=values, passed=False) for i, values in points.items()]
    >>> [result.number for result in best_first(results, {"accuracy": "maximize", "macs": "minimize"})]
    [0, 1, 3, 2]
    """
    results = sorted(results, key=lambda result: result.number)
    rows = [result.values for result in results]
    beyond = [result.violation for result in results]
    order = crowded_order(
        rows,
        objectives,
        violations=beyond,
        places=_places(rows, objectives),
        crowding=_distinct_crowding,
    )
    sign = -1 if next(iter(objectives.values())) == "maximize" else 1
    top = min(order, key=lambda i: (beyond[i], sign * rows[i][0]), default=None)
    return [results[i] for i in sorted(order, key=lambda i: i != top)]


def _distinct_crowding(places: Sequence[tuple[float, ...]]) -> list[float]:
    """Return how far the neighbours of each place are apart; equal trials are in one place."""
    distinct = list(dict.fromkeys(places))
    distances = dict(zip(distinct, crowding_distances(distinct), strict=True))
    return [distances[place] for place in places]


def _places(
    rows: Sequence[tuple[float, ...]], objectives: Mapping[str, Direction]
) -> list[tuple[float, ...]]:
    """Return the values with what is minimised in decades: costs span orders of magnitude."""
    columns = []
    for values, way in zip(zip(*rows, strict=True), objectives.values(), strict=False):
        decades = way == "minimize" and min(values) > 0
        columns.append([log10(value) for value in values] if decades else values)
    return list(zip(*columns, strict=True))
