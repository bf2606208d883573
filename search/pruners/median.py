"""The median stopping rule, for one objective (Golovin et al. 2017, section 3.2.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import ClassVar

from archscape.analysis.statistics.frontier import Direction

from .base import Decision, RungResult
from .settings import PrunerSettings, check_count, check_objectives, check_rungs, first_rung


@dataclass(frozen=True, kw_only=True)
class Median(PrunerSettings):
    """Settings of the median stopping rule.

    Attributes:
        trials: Nothing is stopped at an epoch before this many other trials have reached it.
        epochs: The first epoch after which it decides; None for a ninth of the recipe's, at least 1.
    """

    name: ClassVar[str] = "median"
    trials: int = 5
    epochs: int | None = None

    def __post_init__(self) -> None:
        check_count("trials", self.trials, 1)
        if self.epochs is not None:
            check_count("epochs", self.epochs, 1)

    def rule(self, objectives: Mapping[str, Direction], epochs: int) -> MedianPruner:
        """Return the rule for a study's objectives and the epochs of its recipe.

        Raises:
            JobError: If there are several objectives, or nothing to decide.
        """
        check_objectives(self.name, objectives, several=False)
        first = self.epochs or first_rung(epochs)
        rungs = tuple(range(first, epochs))
        check_rungs(rungs, least=first + 1, epochs=epochs)
        ((objective, way),) = objectives.items()
        return MedianPruner(objective=objective, way=way, rungs=rungs, trials=self.trials)


@dataclass(frozen=True, kw_only=True)
class MedianPruner:
    """Stops a trial that is worse after an epoch than half of the others were after the same epoch.

    The paper compares a trial's best value with the running averages of completed trials. With one schedule
    for all trials, as here, what they had come to after the same epoch is the nearer comparison, and those
    that were stopped there count as well: else every stop would raise the bar for the next.

    Attributes:
        objective: What it compares by.
        way: `maximize` or `minimize`.
        rungs: Epochs after which it decides.
        trials: How many others must have reached an epoch.
    """

    name: ClassVar[str] = "median"
    objective: str
    way: Direction
    rungs: tuple[int, ...]
    trials: int

    def verdict(self, rung: int, mine: RungResult, marks: Sequence[RungResult]) -> Decision:
        """Say whether a trial that reached a rung goes on."""
        others = [mark.values[0] for mark in marks if mark.number != mine.number]
        if len(others) < self.trials:
            return Decision(
                promote=True, reason=f"{len(others)} other trials at epoch {rung}, too few to compare with"
            )
        middle, value = median(others), mine.values[0]
        promote = value >= middle if self.way == "maximize" else value <= middle
        compared = f"{'no worse' if promote else 'worse'} than the median {middle:g} of {len(others)} others"
        return Decision(promote=promote, reason=f"{self.objective} {value:g} at epoch {rung} is {compared}")

    def promotable(self, rung: int, marks: Sequence[RungResult]) -> int | None:
        """Return None: what this rule stops stays stopped."""
        return None
