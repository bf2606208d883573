"""What a bed is: a space whose networks were all trained beforehand, or that a formula stands in for.

A search on a bed costs no training: a network's results are looked up. What is best is known, too, so the
score of a search is exact: its regret, or its share of the hypervolume that the whole table spans.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

from archscape.analysis.metrics import Objectives
from archscape.analysis.statistics.frontier import hypervolume, hypervolume_curve

if TYPE_CHECKING:
    from archscape.search.costs.asked import AskedCosts
    from archscape.search.pruners import Pruner
    from archscape.spaces import Sample, Space

Values: TypeAlias = tuple[float, ...]

TOP = 1000
"""The target of a regret is the best one in this many distinct networks."""

CHECKPOINTS = (5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 100)
"""After how many trainings the score of a search is kept."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What training a network comes to.

    Attributes:
        values: What the search sees, in the order of the objectives; None where the training fails.
        truth: What the network is worth: the same without noise.
        views: What the search sees after the epoch of each rung.
    """

    values: Values | None
    truth: Values
    views: Mapping[int, Values] = field(default_factory=dict)


class Score(Protocol):
    """How good a search is, from what the networks that it trained are worth."""

    @property
    def unit(self) -> str:
        """What is scored, in words."""

    @property
    def target(self) -> float:
        """What a search is timed to."""

    @property
    def is_regret(self) -> bool:
        """Whether less is better."""

    def curve(self, truths: Sequence[Values | None]) -> list[float]:
        """Return the score after each training, given in order; None is one that failed."""


@dataclass(frozen=True, kw_only=True)
class Regret:
    """By how much the best network so far falls short of the best of all.

    Attributes:
        best: The optimum of the first objective, which is maximised.
        target: The regret of the last network of the top 0.1%.
        worst: The regret of a search without a result.
    """

    best: float
    target: float
    worst: float
    unit: str = "regret (points)"
    is_regret: bool = True

    @classmethod
    def of(cls, accuracies: Sequence[float]) -> Regret:
        """Return the regret among distinct networks of these accuracies, in percent."""
        ordered = sorted(accuracies, reverse=True)
        top = ordered[-(-len(ordered) // TOP) - 1]
        return cls(best=ordered[0], target=ordered[0] - top, worst=ordered[0] - ordered[-1])

    def curve(self, truths: Sequence[Values | None]) -> list[float]:
        """Return the regret after each training."""
        regrets = [self.worst if truth is None else self.best - truth[0] for truth in truths]
        return np.minimum.accumulate(regrets).tolist() if regrets else []


@dataclass(frozen=True, kw_only=True)
class Volume:
    """The share of the hypervolume of all networks that those of a search span.

    Attributes:
        objectives: The direction of each, in the order of the values.
        reference: The corner that the volume is measured from, by objective.
        whole: The volume of all networks.
        log: The objectives that are measured in decades.
        target: The share that a search is timed to.
    """

    objectives: Objectives
    reference: Mapping[str, float]
    whole: float
    log: Sequence[str] = ()
    target: float = 0.98
    unit: str = "hypervolume (share)"
    is_regret: bool = False

    @classmethod
    def of(
        cls,
        points: Sequence[Values],
        objectives: Objectives,
        reference: Mapping[str, float],
        log: Sequence[str] = (),
    ) -> Volume:
        """Return the share of the volume that these points span."""
        whole = hypervolume(_table(points, objectives), objectives, reference, log=log)
        return cls(objectives=objectives, reference=reference, whole=whole, log=log)

    def curve(self, truths: Sequence[Values | None]) -> list[float]:
        """Return the share after each training."""
        nothing = tuple(self.reference[name] for name in self.objectives)
        points = [nothing if truth is None else truth for truth in truths]
        table = _table(points, self.objectives)
        volumes = hypervolume_curve(table, self.objectives, self.reference, log=self.log)
        return [float(volume / self.whole) for volume in volumes]


def _table(points: Sequence[Values], objectives: Objectives) -> dict[str, list[float]]:
    return {name: [point[i] for point in points] for i, name in enumerate(objectives)}


@dataclass(frozen=True, kw_only=True)
class Bed:
    """A space with the results of its networks.

    Attributes:
        name: What it is called on the command line.
        title: What it is, where it is from, and what is best, in a sentence or two.
        space: The networks, with the limits that are known before training.
        objectives: The direction of each.
        train: Returns what the training of a network with a seed comes to.
        score: How good a search is.
        trials: How many trainings a search has.
        costs: What is known of a network before training beyond its totals; None where nothing is.
        pruner: Decides after a view who is trained on; None where all are trained to the end.
        epochs: Of a whole training; 0 where the bed knows none.
        has_noise: Whether what the search sees is not what the network is worth, so that the network which
            it recommends is scored, not the best that it trained.
    """

    name: str
    title: str
    space: Space
    objectives: Objectives
    train: Callable[[Sample, int], Outcome]
    score: Score
    trials: int = 100
    costs: AskedCosts | None = None
    pruner: Pruner | None = None
    epochs: int = 0
    has_noise: bool = False

    @property
    def checkpoints(self) -> tuple[int, ...]:
        """After how many trainings its score is kept."""
        return tuple(number for number in CHECKPOINTS if number <= self.trials)

    def fingerprint(self) -> str:
        """Return eight digits that change when the bed answers otherwise.

        They follow from what it says of some networks, so a bed that is only written otherwise keeps them.
        """
        rng = Random("fingerprint")
        answers = [self.train(self.space.sample(rng), seed) for seed in range(16)]
        text = repr([(answer.values, answer.truth, dict(answer.views)) for answer in answers])
        text += repr((self.trials, self.has_noise, self.score, self.pruner))
        return f"{zlib.crc32(text.encode()):08x}"


def key_of(sample: Sample) -> tuple[object, ...]:
    """Return the options of a sample in the order of its decisions, by which tables are read."""
    return tuple(sample.decisions.values())


def noise(seed: int, sample: Sample, purpose: str = "") -> Random:
    """Return the randomness of training a network: the same for every sampler that has the same seed."""
    return Random(f"{seed}:{purpose}:{sorted(map(str, sample.decisions.items()))}")
