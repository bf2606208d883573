"""The learning rate of each step, as a share of the recipe's peak.

`rungs` is for early stopping, which compares networks at some epochs, its rungs. Under one long cosine a
network that will be best at the end may look bad at a rung, where its rate is still high. Here the rate falls
along a cosine to nearly zero at every rung and then starts again from its warm-up, as in SGDR (Loshchilov and
Hutter 2016, section 3), so that every accuracy compared is one of an annealed network. Without rungs it is
`cosine`.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

PATIENCE = 5  # epochs without a better validation accuracy before a plateau schedule divides the rate
DIVISOR = 10.0


@dataclass(kw_only=True)
class Schedule:
    """A learning rate over a whole training.

    Attributes:
        name: `constant`, `linear`, `cosine`, `plateau` or `rungs`.
        warmup: Share of the steps in which the rate rises from zero along a line; of each cycle in `rungs`.
        steps: Steps of the whole training.
        rungs: Steps after which `rungs` begins another cycle, ascending.
    """

    name: str
    warmup: float
    steps: int
    rungs: tuple[int, ...] = ()
    _best: float = -math.inf
    _stale: int = 0
    _share: float = 1.0

    def at(self, step: int) -> float:
        """Return the share of the peak rate for a step, counted from 0; never zero.

        >>> schedule = Schedule(name="linear", warmup=0.5, steps=4)
        >>> [schedule.at(step) for step in range(4)]
        [0.5, 1.0, 1.0, 0.5]
        """
        start, end = self._cycle(step)
        rise = self.warmup * (end - start)
        if step + 1 - start < rise:
            return (step + 1 - start) / rise
        left = min(1.0, (end - step) / max(end - start - rise, 1))
        if self.name == "linear":
            return left
        if self.name in ("cosine", "rungs"):
            return math.sin(math.pi / 2 * left) ** 2
        return self._share

    def _cycle(self, step: int) -> tuple[int, int]:
        """Return the first step of the cycle that a step is in, and the first after it."""
        ends = (0, *self.rungs, self.steps) if self.name == "rungs" else (0, self.steps)
        i = bisect_right(ends, step)
        return ends[i - 1], ends[i]

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
