"""What a rule of early stopping is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


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

    def verdict(self, rung: int, mine: RungResult, marks: Sequence[RungResult]) -> Decision:
        """Say whether a trial that reached a rung goes on.

        Args:
            rung: The epoch.
            mine: The trial's own mark.
            marks: Those of all trials that reached the rung, with its own.
        """

    def promotable(self, rung: int, marks: Sequence[RungResult]) -> int | None:
        """Return the number of a trial that was stopped at a rung and may now go on, the best one; or None.

        Args:
            rung: The epoch.
            marks: Those of all trials that reached the rung.
        """
