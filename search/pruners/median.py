"""The median stopping rule, for one objective (Golovin et al. 2017, section 3.2.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Annotated, ClassVar

from archscape.analysis.metrics import Direction
from archscape.spaces.kinds import whole

from .base import Decision, PrunerSettings, RungResult


@dataclass(frozen=True, kw_only=True)
class Median(PrunerSettings):
    """The median rule: stops a trial that is worse after an epoch than half of the others were.

    Attributes:
        trials: Nothing is stopped at an epoch before this many other trials have reached it.
    """

    name: ClassVar[str] = "median"
    trials: Annotated[int, whole(1)] = 5

    def next_rung(self, rung: int) -> int:
        """Return the next epoch."""
        return rung + 1

    def with_rungs(self, objectives: Mapping[str, Direction], rungs: tuple[int, ...]) -> MedianPruner:
        """Return the pruner."""
        ((objective, way),) = objectives.items()
        return MedianPruner(objective=objective, way=way, rungs=rungs, trials=self.trials)


@dataclass(frozen=True, kw_only=True)
class MedianPruner:
    """Stops a trial that is worse after an epoch than half of the others were after the same epoch.

    The paper compares a trial's best value with the running averages of completed trials. With one schedule
    for all trials, as here, what they had come to after the same epoch is the nearer comparison, and those
    that were stopped there count as well: else every stop would raise the bar for the next.
    """

    name: ClassVar[str] = "median"
    objective: str
    way: Direction
    rungs: tuple[int, ...]
    trials: int

    def decide(self, rung: int, result: RungResult, results: Sequence[RungResult]) -> Decision:
        """Decide whether a trial that reached a rung is promoted."""
        others = [other for other in results if other.number != result.number]
        if len(others) < self.trials:
            return Decision(
                promote=True, reason=f"{len(others)} other trials at epoch {rung}, too few to compare with"
            )
        if any(each.violation for each in (result, *others)):
            return self._decide_by_limits(rung, result, others)
        middle, value = median(other.values[0] for other in others), result.values[0]
        promote = value >= middle if self.way == "maximize" else value <= middle
        compared = f"{'no worse' if promote else 'worse'} than the median {middle:g} of {len(others)} others"
        return Decision(promote=promote, reason=f"{self.objective} {value:g} at epoch {rung} is {compared}")

    def _decide_by_limits(self, rung: int, result: RungResult, others: Sequence[RungResult]) -> Decision:
        """Decide where trials are beyond the limits: these are worse, and the more so the further beyond."""
        sign = -1 if self.way == "maximize" else 1

        def badness(each: RungResult) -> tuple[float, float]:
            return each.violation, sign * each.values[0]

        better = sum(badness(other) < badness(result) for other in others)
        reason = f"{better} of {len(others)} others are nearer to the limits or better at epoch {rung}"
        return Decision(promote=2 * better <= len(others), reason=reason)

    def promotable(self, rung: int, results: Sequence[RungResult]) -> int | None:
        """Return None: what this rule stops stays stopped."""
        return None
