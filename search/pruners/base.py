"""What a pruner is asked and answers, and the settings from which it follows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Protocol

from archscape.analysis.metrics import KNOWN_BEFORE_TRAINING, Direction
from archscape.spaces.errors import JobError
from archscape.spaces.kinds import optional, whole
from archscape.spaces.language.settings import RuleSettings


@dataclass(frozen=True, kw_only=True)
class RungResult:
    """What a trial had come to at a rung.

    Attributes:
        number: Number of the trial.
        values: Its objectives after the rung's epoch, in the order of the study; finite.
        passed: Whether it was promoted there.
        violation: By how much it was beyond the limits of the study after that epoch; 0 within.
    """

    number: int
    values: tuple[float, ...]
    passed: bool
    violation: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Whether a trial is promoted, and why, in a sentence for the records."""

    promote: bool
    reason: str


class Pruner(Protocol):
    """Decides at its rungs which trials are promoted."""

    @property
    def name(self) -> str:
        """The word for it in a job, and the cause of the trials that it stopped."""

    @property
    def rungs(self) -> tuple[int, ...]:
        """Epochs after which it decides, ascending, all before the last."""

    def decide(self, rung: int, result: RungResult, results: Sequence[RungResult]) -> Decision:
        """Decide whether a trial that reached a rung is promoted, or pruned.

        Args:
            rung: The epoch.
            result: The trial's.
            results: Those of all trials that reached the rung, with this one.
        """

    def promotable(self, rung: int, results: Sequence[RungResult]) -> int | None:
        """Return the number of the best trial that was stopped at a rung and is promotable now; or None."""


@dataclass(frozen=True, kw_only=True)
class PrunerSettings(RuleSettings, ABC):
    """Settings from which a pruner follows once the objectives and the epochs of a study are known.

    Attributes:
        epochs: The first rung; none for a ninth of the recipe's epochs, at least 1.
    """

    ranks_by_several: ClassVar[bool] = False
    """Whether it goes by several objectives."""
    epochs: Annotated[int | None, optional(whole(1))] = None

    def pruner(self, objectives: Mapping[str, Direction], epochs: int) -> Pruner:
        """Return the pruner.

        There is a rung as long as the next one would be within the recipe: to go on from the last one, too,
        is to train that long.

        Args:
            objectives: Direction of each objective of the study, the most important first.
            epochs: Of the recipe.

        Raises:
            JobError: If it cannot work with these, or would never stop anything.
        """
        names = ", ".join(objectives)
        if len(objectives) > 1 and not self.ranks_by_several:
            raise JobError(
                f"{self.name} goes by one objective, but the job has {names}; `halving` ranks by several"
            )
        if set(objectives) <= KNOWN_BEFORE_TRAINING:
            raise JobError(
                f"early stopping goes by what shows while a network trains, such as accuracy, but {names} "
                f"can be told before"
            )
        rungs, rung = list[int](), self.epochs or max(1, epochs // 9)
        while self.next_rung(rung) <= epochs:
            rungs.append(rung)
            rung = self.next_rung(rung)
        if not rungs:
            raise JobError(
                f"nothing would be stopped: this rule needs a recipe of at least {self.next_rung(rung)} "
                f"epochs, and it has {epochs}; raise those, or lower the rule's own `epochs:`"
            )
        return self.with_rungs(objectives, tuple(rungs))

    @abstractmethod
    def next_rung(self, rung: int) -> int:
        """Return the epoch of the rung after another."""

    @abstractmethod
    def with_rungs(self, objectives: Mapping[str, Direction], rungs: tuple[int, ...]) -> Pruner:
        """Return the pruner for objectives that it can go by, and its rungs."""
