"""Asynchronous successive halving (Li et al. 2020) by Pareto rank, for one objective or several.

With one objective this is ASHA. With several, a rung ranks its trials as NSGA-II does (Deb et al. 2002): by
frontier layer, and within a layer those in less crowded places first; cf. MO-ASHA (Schmucker et al. 2021),
which thins a layer out by an epsilon-net to the same end. Two things are our own:

- The trial with the best first objective ranks first, so the top of that objective is never stopped.
- What goes on is the best share of a rung, not its frontier. Params and MACs are known from the start and the
  same at all rungs, so the cheapest network is on every frontier however little it learns, and a frontier may
  hold most of a rung. The share bounds what such networks take from the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log10
from typing import ClassVar

from archscape.analysis.statistics.frontier import Direction, crowding_distances, ranks

from .base import Decision, RungResult
from .settings import PrunerSettings, check_count, check_objectives, check_rungs, first_rung


@dataclass(frozen=True, kw_only=True)
class Halving(PrunerSettings):
    """Settings of successive halving.

    The rungs are `epochs`, `eta` times that, and so on, as long as `eta` times a rung is within the recipe
    (Li et al. 2020, section 3.1): to go on from the last one, too, is to train at least `eta` times as long.

    Attributes:
        eta: One in how many trials goes on from a rung.
        epochs: The first rung; None for a ninth of the recipe's epochs, at least 1.
    """

    name: ClassVar[str] = "halving"
    eta: int = 3
    epochs: int | None = None

    def __post_init__(self) -> None:
        check_count("eta", self.eta, 2)
        if self.epochs is not None:
            check_count("epochs", self.epochs, 1)

    def rule(self, objectives: Mapping[str, Direction], epochs: int) -> HalvingPruner:
        """Return the rule for a study's objectives and the epochs of its recipe.

        Raises:
            JobError: If there is nothing to decide.
        """
        check_objectives(self.name, objectives, several=True)
        rungs, rung = [], self.epochs or first_rung(epochs)
        while rung * self.eta <= epochs:
            rungs.append(rung)
            rung *= self.eta
        check_rungs(tuple(rungs), least=rung * self.eta, epochs=epochs)
        return HalvingPruner(name=self.name, objectives=objectives, rungs=tuple(rungs), eta=self.eta)


@dataclass(frozen=True, kw_only=True)
class Asha(Halving):
    """Settings of successive halving by exactly one objective, under the name that it is known by."""

    name: ClassVar[str] = "asha"

    def rule(self, objectives: Mapping[str, Direction], epochs: int) -> HalvingPruner:
        """Return the rule for a study's objective and the epochs of its recipe.

        Raises:
            JobError: If there are several objectives, or nothing to decide.
        """
        check_objectives(self.name, objectives, several=False)
        return super().rule(objectives, epochs)


@dataclass(frozen=True, kw_only=True)
class HalvingPruner:
    """Lets the best of every `eta` trials go on from each rung.

    Attributes:
        name: `halving` or `asha`.
        objectives: Direction of each objective, the most important first.
        rungs: Epochs after which it decides.
        eta: One in how many trials goes on.
    """

    name: str
    objectives: Mapping[str, Direction]
    rungs: tuple[int, ...]
    eta: int

    def verdict(self, rung: int, mine: RungResult, marks: Sequence[RungResult]) -> Decision:
        """Say whether a trial goes on: whether it is among the best of its rung so far."""
        order = [mark.number for mark in best_first(marks, self.objectives)]
        place, share = 1 + order.index(mine.number), self._share(marks)
        best = "the best one goes on" if share == 1 else f"the best {share} go on"
        return Decision(
            promote=place <= share, reason=f"rank {place} of {len(order)} at epoch {rung}; {best}"
        )

    def promotable(self, rung: int, marks: Sequence[RungResult]) -> int | None:
        """Return the best trial that was stopped at a rung and is now among those that go on, if any is."""
        order = best_first(marks, self.objectives)[: self._share(marks)]
        return next((mark.number for mark in order if not mark.passed), None)

    def _share(self, marks: Sequence[RungResult]) -> int:
        """Return how many of a rung go on: one in eta, rounded up."""
        return -(-len(marks) // self.eta)


def best_first(marks: Sequence[RungResult], objectives: Mapping[str, Direction]) -> list[RungResult]:
    """Return marks by rank: the best first objective, then by frontier layer, the less crowded first.

    >>> points = {0: (0.9, 300), 1: (0.5, 100), 2: (0.4, 200), 3: (0.8, 200)}
    >>> marks = [RungResult(number=number, values=values, passed=False) for number, values in points.items()]
    >>> [m.number for m in best_first(marks, {"accuracy": "maximize", "macs": "minimize"})]
    [0, 1, 3, 2]
    """
    marks = sorted(marks, key=lambda mark: mark.number)
    layers = _layers(marks, objectives)
    crowding = _crowding(marks, layers, objectives)
    order = sorted(range(len(marks)), key=lambda i: (layers[i], -crowding[i], i))
    sign = -1 if next(iter(objectives.values())) == "maximize" else 1
    top = min(order, key=lambda i: sign * marks[i].values[0], default=None)
    return [marks[i] for i in sorted(order, key=lambda i: i != top)]


def _layers(marks: Sequence[RungResult], objectives: Mapping[str, Direction]) -> list[int]:
    table = {name: [mark.values[i] for mark in marks] for i, name in enumerate(objectives)}
    layers: list[int] = ranks(table, objectives).tolist()
    return layers


def _crowding(
    marks: Sequence[RungResult], layers: Sequence[int], objectives: Mapping[str, Direction]
) -> list[float]:
    """Return how far each mark's neighbours in its layer are apart; equal marks are in one place."""
    points = _points(marks, objectives)
    crowding = [0.0] * len(marks)
    for layer in set(layers):
        members = [i for i, found in enumerate(layers) if found == layer]
        places = list(dict.fromkeys(points[i] for i in members))
        distances = dict(zip(places, crowding_distances(places), strict=True))
        for i in members:
            crowding[i] = distances[points[i]]
    return crowding


def _points(marks: Sequence[RungResult], objectives: Mapping[str, Direction]) -> list[tuple[float, ...]]:
    """Return the marks' values, with what is minimised in decades: costs span orders of magnitude."""
    columns = []
    for values, way in zip(
        zip(*(mark.values for mark in marks), strict=True), objectives.values(), strict=False
    ):
        decades = way == "minimize" and min(values) > 0
        columns.append([log10(value) for value in values] if decades else values)
    return list(zip(*columns, strict=True))
