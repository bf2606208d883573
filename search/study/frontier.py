"""The frontier and hypervolume of a search, updated trial by trial.

A new trial is compared with the frontier alone, so the thousandth costs what the hundredth does. The
hypervolume after each trial can be computed anew for another reference point from the few trials that were
once on the frontier: any other added nothing, whatever the point.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from archscape.analysis.metrics import Objectives
from archscape.analysis.statistics.frontier import Floats, hypervolume_curve, reference_point

MANY = 300
"""So many steps of a frontier in three or more dimensions take longer than a poll may."""


@dataclass(kw_only=True)
class FrontierState:
    """The frontier of the complete trials of a search.

    Attributes:
        front: Numbers of the trials that no other dominates.
        violation: By how much these are beyond the limits of the search: the least so far.
    """

    objectives: Objectives
    front: list[int] = field(default_factory=list)
    violation: float = math.inf
    _gains: Floats = field(init=False)
    _extremes: Floats = field(init=False)
    _steps: list[tuple[int, Floats]] = field(default_factory=list)
    _curve: list[tuple[int, float]] | None = None

    def __post_init__(self) -> None:
        size = len(self.objectives)
        self._gains = np.empty((0, size))
        self._extremes = np.outer([np.inf, -np.inf], np.ones(size))

    def add(self, number: int, values: Mapping[str, float], *, ended: int, violation: float = 0.0) -> None:
        """Add a complete trial by what it cost and gave; with it so many had ended.

        One that is beyond the limits enters as long as none is less so, and adds nothing to the hypervolume.
        """
        point = np.array([float(values.get(name, math.nan)) for name in self.objectives])
        if not np.isfinite(point).all() or violation > self.violation:
            return
        if violation < self.violation:
            self.front, self._gains = [], self._gains[:0]
            self.violation = violation
        if not violation:
            self._extend(point)
        gain = point * [1.0 if way == "maximize" else -1.0 for way in self.objectives.values()]
        if _dominates(self._gains, gain).any():
            return
        kept = ~_dominates(-self._gains, -gain)
        self.front = [front for front, is_kept in zip(self.front, kept, strict=True) if is_kept] + [number]
        self._gains = np.vstack([self._gains[kept], gain])
        if not violation:
            self._steps.append((ended, point))
            self._curve = None

    def _extend(self, point: Floats) -> None:
        """Take the extremes of the objectives from one more trial."""
        extremes = np.array([np.minimum(self._extremes[0], point), np.maximum(self._extremes[1], point)])
        if (extremes != self._extremes).any():
            self._extremes, self._curve = extremes, None

    def reference(self) -> dict[str, float]:
        """Return the corner that the hypervolume is measured from, the one of the report."""
        return reference_point(dict(zip(self.objectives, self._extremes.T, strict=True)), self.objectives)

    def log(self) -> tuple[str, ...]:
        """Return the objectives that the hypervolume measures in decades."""
        lowest = zip(self.objectives.items(), self._extremes[0], strict=True)
        return tuple(name for (name, way), low in lowest if way == "minimize" and low > 0)

    def curve(self) -> list[tuple[int, float]]:
        """Return the hypervolume after so many ended trials, where it rose.

        With a single objective it is the best value; empty where it would take too long.
        """
        if len(self.objectives) == 1:
            return [(ended, float(point[0])) for ended, point in self._steps]
        if len(self.objectives) > 2 and len(self._steps) > MANY:
            return []
        if self._curve is None:
            table = {name: [p[i] for _, p in self._steps] for i, name in enumerate(self.objectives)}
            volumes = hypervolume_curve(table, self.objectives, self.reference(), log=self.log())
            self._curve = [(ended, float(v)) for (ended, _), v in zip(self._steps, volumes, strict=True)]
        return self._curve


def _dominates(points: Floats, point: Floats) -> NDArray[np.bool_]:
    """Return which points dominate a point: at least as good in all objectives, and better in one."""
    return np.asarray((points >= point).all(axis=1) & (points > point).any(axis=1))
