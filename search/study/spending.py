"""Spending: what the trials of a study have spent of its budget, read change by change."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite
from statistics import median
from typing import Any

from sqlalchemy import Row

from archscape.analysis.limits import Limits, violation
from archscape.analysis.metrics import Objectives

from .budget import BUDGET, Spent
from .trial_rows import TrialRows


@dataclass(kw_only=True)
class _Running:
    """What a trial under way was trained, brought up to date by its new epochs.

    Attributes:
        latest: Number of the latest epoch that is in here.
        epochs: How many there are.
    """

    latest: int = -1
    epochs: int = 0
    _repeats: dict[float, float] = field(default_factory=dict)

    def add(self, rows: Mapping[int, Mapping[str, float]]) -> None:
        """Take in epochs by their numbers; the seconds of each are those since its repeat began."""
        for row in rows.values():
            repeat = row.get("repeat", 1)
            self._repeats[repeat] = max(self._repeats.get(repeat, 0.0), row.get("seconds", 0.0))
        self.epochs += len(rows)
        self.latest = max(rows, default=self.latest)

    @property
    def seconds(self) -> float:
        """For how long it was trained."""
        return sum(self._repeats.values())


@dataclass(kw_only=True)
class Spending:
    """What the trials of a study have spent, brought up to date by what changed.

    Attributes:
        seen: Place of the latest change that is in here.
    """

    objectives: Objectives
    limits: Limits = field(default_factory=dict)
    seen: int = -1
    _seconds: dict[int, float] = field(default_factory=dict)
    _lengths: dict[int, tuple[float, float]] = field(default_factory=dict)
    _cached_epochs: dict[int, int] = field(default_factory=dict)
    _running: dict[int, _Running] = field(default_factory=dict)
    _complete: set[int] = field(default_factory=set)
    _without_gain: set[int] = field(default_factory=set)
    _front: list[tuple[float, ...]] = field(default_factory=list)
    _violation: float = inf

    def read(self, rows: TrialRows, *, seconds: float) -> Spent:
        """Return what the study has spent; it was alive for these seconds."""
        changes = rows.changes(since=self.seen)
        if any(row.number in self._complete and row.state != "complete" for row in changes):  # it was dropped
            anew = Spending(objectives=self.objectives, limits=self.limits)
            vars(self).update(vars(anew))
            changes = rows.changes(since=-1)
        for row in changes:
            self._take(row)
        open_trials = [record.number for record in rows.in_states("running", "waiting")]
        self._running = {number: self._running.get(number, _Running()) for number in open_trials}
        for number, trial in self._running.items():
            trial.add(rows.epochs.numbered(number, since=trial.latest))
        typical_seconds = median([s for s, _ in self._lengths.values()] or [0.0])
        typical_epochs = median([n for _, n in self._lengths.values()] or [0.0])
        return Spent(
            seconds=seconds,
            device_seconds=sum(self._seconds.values()) + sum(t.seconds for t in self._running.values()),
            epochs=rows.epochs.count() - sum(self._cached_epochs.values()),
            without_gain=len(self._without_gain),
            typical_seconds=typical_seconds,
            typical_epochs=typical_epochs,
            reserved_seconds=sum(max(0.0, typical_seconds - t.seconds) for t in self._running.values()),
            reserved_epochs=sum(max(0.0, typical_epochs - t.epochs) for t in self._running.values()),
        )

    def _take(self, row: Row[*tuple[Any, ...]]) -> None:
        number, metrics = row.number, json.loads(row.metrics)
        self.seen = row.changed
        for known in (self._seconds, self._lengths, self._cached_epochs, self._running):
            known.pop(number, None)  # of one that is tried again, the epochs may begin anew
        self._without_gain.discard(number)
        if row.state in ("running", "waiting"):
            return
        if metrics.get("cached"):
            self._cached_epochs[number] = int(metrics.get("epochs", 0))
        elif seconds := metrics.get("seconds"):
            self._seconds[number] = seconds
            if row.state != "failed" and row.cause != BUDGET:
                self._lengths[number] = seconds, metrics.get("epochs", metrics.get("epoch", 0))
        if row.state == "complete":
            self._complete.add(number)
            self._compare(number, metrics)
        elif row.state in ("paused", "pruned") and row.cause != BUDGET:
            self._without_gain.add(number)

    def _compare(self, number: int, metrics: Mapping[str, float]) -> None:
        """Take in a complete trial: the hypervolume grows if none before is as good in all objectives.

        As long as none is within the limits, to come nearer to them is a gain.
        """
        beyond = violation(self.limits, metrics)
        ways = self.objectives.items()
        point = tuple(
            metrics.get(name, inf if way == "minimize" else -inf) * (1 if way == "maximize" else -1)
            for name, way in ways
        )
        if all(map(isfinite, point)) and beyond < self._violation:
            self._front, self._violation = [], beyond
        is_covered = beyond > self._violation or any(_covers(other, point) for other in self._front)
        if is_covered or not all(map(isfinite, point)):
            self._without_gain.add(number)
            return
        self._front = [other for other in self._front if not _covers(point, other)] + [point]
        self._without_gain.clear()


def _covers(point: Sequence[float], other: Sequence[float]) -> bool:
    return all(a >= b for a, b in zip(point, other, strict=True))
