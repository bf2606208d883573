"""The learning rate of each step, as a share of the recipe's peak."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

PATIENCE = 5  # epochs without a better validation accuracy before a plateau schedule divides the rate
DIVISOR = 10.0


@dataclass(kw_only=True)
class Schedule:
    """A learning rate over a whole training.

    Attributes:
        name: `constant`, `linear`, `cosine` or `plateau`.
        warmup: Share of the steps in which the rate rises from zero along a line.
        steps: Steps of the whole training.
    """

    name: str
    warmup: float
    steps: int
    _best: float = -math.inf
    _stale: int = 0
    _share: float = 1.0

    def at(self, step: int) -> float:
        """Return the share of the peak rate for a step, counted from 0; never zero.

        >>> schedule = Schedule(name="linear", warmup=0.5, steps=4)
        >>> [schedule.at(step) for step in range(4)]
        [0.5, 1.0, 1.0, 0.5]
        """
        rise = self.warmup * self.steps
        if step + 1 < rise:
            return (step + 1) / rise
        left = min(1.0, (self.steps - step) / max(self.steps - rise, 1))
        if self.name == "linear":
            return left
        if self.name == "cosine":
            return math.sin(math.pi / 2 * left) ** 2
        return self._share

    def state(self) -> dict[str, float]:
        """Return what the accuracies so far have come to."""
        return {"best": self._best, "stale": self._stale, "share": self._share}

    def restore(self, state: Mapping[str, float]) -> None:
        """Go on from the state of another schedule."""
        self._best, self._stale, self._share = state["best"], int(state["stale"]), state["share"]

    def epoch_ended(self, accuracy: float) -> None:
        """Take note of a validation accuracy; a plateau schedule lowers the rate when it stops rising."""
        self._stale = 0 if accuracy > self._best else self._stale + 1
        self._best = max(self._best, accuracy)
        if self.name == "plateau" and self._stale == PATIENCE:
            self._share /= DIVISOR
            self._stale = 0
