"""What a pruner is asked and answers, the settings it is made from, and the laws that settings share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from archscape.analysis.metrics import KNOWN_BEFORE_TRAINING, Direction
from archscape.spaces.errors import JobError
from archscape.spaces.language.settings import RuleSettings


@dataclass(frozen=True, kw_only=True)
class RungResult:
    """What a trial had come to at a rung.

    Attributes:
        number: Number of the trial.
        values: Its objectives after the rung's epoch, in the order of the study; finite.
        passed: Whether it went on beyond the rung.
    """

    number: int
    values: tuple[float, ...]
    passed: bool


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Whether a trial goes on.

    Attributes:
        promote: Whether it does.
        reason: A sentence for the records.
    """

    promote: bool
    reason: str


class Pruner(Protocol):
    """Decides at its rungs which trials go on."""

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
            result: The trial's own.
            results: Those of all trials that reached the rung, with its own.
        """

    def promotable(self, rung: int, results: Sequence[RungResult]) -> int | None:
        """Return the number of a trial that was stopped at a rung and may now go on, the best one; or None.

        Args:
            rung: The epoch.
            results: Those of all trials that reached the rung.
        """


@dataclass(frozen=True, kw_only=True)
class PrunerSettings(RuleSettings, ABC):
    """Settings from which a pruner follows once the objectives and the epochs of a study are known."""

    @abstractmethod
    def pruner(self, objectives: Mapping[str, Direction], epochs: int) -> Pruner:
        """Return the pruner.

        Args:
            objectives: Direction of each objective of the study, the most important first.
            epochs: Of the recipe.

        Raises:
            JobError: If it cannot work with these, or would never stop anything.
        """


def check_objectives(name: str, objectives: Mapping[str, Direction], *, several: bool) -> None:
    """Check that a rule can go by the objectives of a study.

    Raises:
        JobError: If there are several for a rule that goes by one, or all can be told before training.
    """
    names = ", ".join(objectives)
    if len(objectives) > 1 and not several:
        raise JobError(f"{name} goes by one objective, but the job has {names}; `halving` ranks by several")
    if set(objectives) <= KNOWN_BEFORE_TRAINING:
        raise JobError(
            f"early stopping goes by what shows while a network trains, such as accuracy, but {names} can be "
            f"told before"
        )


def first_rung(epochs: int) -> int:
    """Return the first rung where none is given: a ninth of the recipe's epochs, at least 1."""
    return max(1, epochs // 9)


def check_rungs(rungs: tuple[int, ...], *, least: int, epochs: int) -> None:
    """Check that a rule has something to decide.

    Args:
        rungs: Epochs after which it decides.
        least: How many epochs of the recipe it would take for one.
        epochs: Those that it has.

    Raises:
        JobError: If there is no rung.
    """
    if not rungs:
        raise JobError(
            f"nothing would be stopped: this rule needs a recipe of at least {least} epochs, and it has "
            f"{epochs}; raise those, or lower the rule's own `epochs:`"
        )
