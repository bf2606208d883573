"""The settings of a rule of early stopping, as the `stop:` of a job, and the laws they share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import ClassVar

from archscape.analysis.metrics import KNOWN_BEFORE_TRAINING
from archscape.analysis.statistics.frontier import Direction
from archscape.spaces.errors import JobError

from .base import Pruner


@dataclass(frozen=True, kw_only=True)
class PrunerSettings(ABC):
    """Settings from which a rule follows once the objectives and the epochs of a study are known."""

    name: ClassVar[str]

    @abstractmethod
    def rule(self, objectives: Mapping[str, Direction], epochs: int) -> Pruner:
        """Return the rule.

        Args:
            objectives: Direction of each objective of the study, the most important first.
            epochs: Of the recipe.

        Raises:
            JobError: If the rule cannot work with these, or would never stop anything.
        """

    def to_dict(self) -> dict[str, str | int]:
        """Return the settings in plain types; as the `stop` of a job they read back as the same settings."""
        return {"rule": self.name, **{key: value for key, value in asdict(self).items() if value is not None}}


def check_count(name: str, value: object, low: int) -> None:
    """Check a setting of a rule.

    Raises:
        JobError: If it is not a whole number from `low`.
    """
    if type(value) is not int or value < low:
        raise JobError(f"{name} is a whole number from {low}, but got {value!r}")


def check_objectives(name: str, objectives: Mapping[str, Direction], *, several: bool) -> None:
    """Check that a rule can go by the objectives of a study.

    Raises:
        JobError: If there are several for a rule that goes by one, or all can be told before training.
    """
    given = ", ".join(objectives)
    if len(objectives) > 1 and not several:
        raise JobError(f"{name} goes by one objective, but the job has {given}; `halving` ranks by several")
    if set(objectives) <= KNOWN_BEFORE_TRAINING:
        raise JobError(
            f"early stopping goes by what shows while a network trains, such as accuracy, but {given} can be "
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
