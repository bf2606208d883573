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

from .schedules import Progress, ScheduleSettings


@dataclass(kw_only=True)
class LearningRate:
    """What a schedule comes to in one training.

    Attributes:
        schedule: By which it falls.
        warmup: Share of the steps of each cycle in which the rate rises from zero along a line.
        steps: Steps of the whole training.
        per_epoch: Steps of an epoch.
        rungs: Steps after which a schedule that has cycles begins another, ascending.
    """

    schedule: ScheduleSettings
    warmup: float
    steps: int
    per_epoch: int = 1
    rungs: tuple[int, ...] = ()
    _best: float = -math.inf
    _stale: int = 0
    _share: float = 1.0

    def at(self, step: int) -> float:
        """Return the share of the peak rate for a step, counted from 0; never zero.

        >>> from archscape.search.training.schedules import Linear
        >>> rate = LearningRate(schedule=Linear(), warmup=0.5, steps=4)
        >>> [rate.at(step) for step in range(4)]
        [0.5, 1.0, 1.0, 0.5]
        """
        start, end = self._cycle(step)
        rise = self.warmup * (end - start)
        if step + 1 - start < rise and not self.schedule.rises:
            return (step + 1 - start) / rise
        progress = Progress(step=step - start, steps=end - start, rise=rise, per_epoch=self.per_epoch)
        return self.schedule.share(progress) * self._share

    def _cycle(self, step: int) -> tuple[int, int]:
        """Return the first step of the cycle that a step is in, and the first after it."""
        ends = (0, *self.rungs, self.steps) if self.schedule.has_cycles else (0, self.steps)
        i = bisect_right(ends, step)
        return ends[i - 1], ends[i]

    def state(self) -> dict[str, float]:
        """Return what the scores so far have come to."""
        return {"best": self._best, "stale": self._stale, "share": self._share}

    def restore(self, state: Mapping[str, float]) -> None:
        """Go on from the state of another training."""
        self._best, self._stale, self._share = state["best"], int(state["stale"]), state["share"]

    def epoch_ended(self, gain: float) -> None:
        """Take note of a score, of which more is better; some schedules go by when it stops rising."""
        self._stale = 0 if gain > self._best else self._stale + 1
        self._best = max(self._best, gain)
        divisor = self.schedule.divisor_at(self._stale)
        if divisor > 1:
            self._share /= divisor
            self._stale = 0
