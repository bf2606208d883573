"""The settings of a rule of early stopping, as the `stop:` of a job, and the laws they share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import ClassVar

from archscape.analysis.frontier import Direction
from archscape.spaces.errors import JobError
from archscape.spaces.walk.limits import COSTS

from .rule import Rule


@dataclass(frozen=True, kw_only=True)
class Stop(ABC):
    """Settings from which a rule follows once the objectives and the epochs of a study are known."""

    name: ClassVar[str]

    @abstractmethod
    def rule(self, objectives: Mapping[str, Direction], epochs: int) -> Rule:
        """Return the rule.

        Args:
            objectives: Direction of each objective of the study, the most important first.
            epochs: Of the recipe.

        Raises:
            JobError: If the rule cannot work with these, or would never stop anything.
        """

    def to_dict(self) -> dict[str, str | int]:
        """Return the settings in plain types; as the `stop` of a job they read back as the same settings."""
        return {"rule": self.name, **asdict(self)}


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
    if set(objectives) <= set(COSTS):
        raise JobError(
            f"early stopping goes by what shows while a network trains, such as accuracy, but {given} can be "
            f"told before"
        )


def check_rungs(rungs: tuple[int, ...], *, first: int, epochs: int) -> None:
    """Check that a rule has something to decide.

    Raises:
        JobError: If the first rung is not below the recipe's epochs.
    """
    if not rungs:
        raise JobError(
            f"nothing would be stopped: the rule first decides after epoch {first}, and the recipe ends at "
            f"epoch {epochs}; the rule needs fewer `epochs:` than the recipe"
        )
