"""StudyState: a study while it runs, in numbers: counts, best, frontier, speed; updated by what changed."""

from __future__ import annotations

import json
import math
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from itertools import takewhile

from archscape.analysis.limits import Limits, violation
from archscape.analysis.metrics import METRICS, Metric, Objectives, cost_axes, score_of
from archscape.analysis.results import FINAL

from .changes import ChangedTrial, RunningTrial, StudyChanges
from .frontier import FrontierState

RECENT_SECONDS = 3600.0
"""The speed of a search is that of the latest trials within this time."""

RECENT = 100


@dataclass(kw_only=True)
class StudyState:
    """The state of a study, which the terminal and the live page show.

    Attributes:
        rows: Trials by number, in the order of their latest changes.
        metrics: Those that its trials may have, by name.
        asked: Those of them that are computed before training for this study.
        limits: What a metric of training may be, by its name.
        infeasible: Numbers of the complete trials that are beyond them.
        at_work: Numbers of the trials in the state `running`.
        best: The complete trial with the best first objective, and the one with the best score, by the name
            of that; the cheapest of equals. One within the limits is better than any beyond them.
        trials: How many trials the study was asked to hold; 0 where no number ends it, or it does not say.
        began: When the first trial was submitted, in seconds since 1970.
        ends: When the latest trials ended, likewise.
        paths: The decisions that some trial was asked, by path, in the order in which they were met.
    """

    objectives: Objectives
    metrics: Mapping[str, Metric] = field(default_factory=lambda: METRICS)
    asked: tuple[str, ...] = ()
    limits: Limits = field(default_factory=dict)
    infeasible: set[int] = field(default_factory=set)
    rows: dict[int, ChangedTrial] = field(default_factory=dict)
    running: tuple[RunningTrial, ...] = ()
    at_work: set[int] = field(default_factory=set)
    trials: int = 0
    should_stop: bool = False
    frontier: FrontierState = field(init=False)
    best: dict[str, ChangedTrial] = field(default_factory=dict)
    began: float = math.inf
    ends: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    paths: dict[str, int] = field(default_factory=dict)
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.frontier = FrontierState(objectives=self.objectives)

    @property
    def latest_change(self) -> int:
        """Place of the latest change that the state includes."""
        return next(reversed(self.rows.values())).changed if self.rows else -1

    @cached_property
    def score(self) -> str:
        """The value that a figure shows on its upright axis."""
        return score_of(self.objectives, self.metrics)

    @cached_property
    def costs(self) -> tuple[str, ...]:
        """The values offered for the level axis, the first being the default."""
        return cost_axes(self.objectives, self.score, self.asked)

    @property
    def planned(self) -> int:
        """How many trials there will be, as far as is known."""
        return max(self.trials, len(self.rows))

    @property
    def ended(self) -> int:
        """How many trials have ended."""
        return self.count(*FINAL)

    def count(self, *states: str) -> int:
        """Return how many trials are in these states."""
        return sum(count for (state, _), count in self._counts.items() if state in states)

    def causes(self) -> Counter[str]:
        """Return how many trials failed, by cause."""
        return Counter({cause: count for (state, cause), count in self._counts.items() if state == "failed"})

    def since(self, change: int) -> list[ChangedTrial]:
        """Return the trials that changed after a change, in the order of changes."""
        return list(takewhile(lambda row: row.changed > change, reversed(self.rows.values())))[::-1]

    def update(self, changes: StudyChanges) -> None:
        """Take in what was read of the study."""
        self.running, self.should_stop = changes.running, changes.should_stop
        self.trials = changes.trials or self.trials
        for row in changes.changed:
            self._update(row)

    def end(self, number: int, state: str, values: Mapping[str, float]) -> None:
        """Take in the end of a trial before the study is read again."""
        self._update(ChangedTrial(number=number, changed=self.latest_change, state=state, values=values))

    def _update(self, row: ChangedTrial) -> None:
        before = self.rows.pop(row.number, None)
        self.rows[row.number] = row
        if before is not None:
            self._counts[before.state, before.cause] -= 1
        else:
            for path in json.loads(row.decisions):
                self.paths.setdefault(path, len(self.paths))
        self._counts[row.state, row.cause] += 1
        (self.at_work.add if row.state == "running" else self.at_work.discard)(row.number)
        if row.started:
            self.began = min(self.began, _seconds(row.started))
        if row.finished:
            self.ends.append(_seconds(row.finished))
        if row.state == "complete" and (before is None or before.state != "complete"):
            self._add_complete(row, self.ended)
        elif before is not None and before.state == "complete" != row.state:
            self.infeasible.discard(row.number)
            self.frontier, self.best = FrontierState(objectives=self.objectives), {}
            finals = (other for other in self.rows.values() if other.state in FINAL)
            for ended, other in enumerate(finals, start=1):
                if other.state == "complete":
                    self._add_complete(other, ended)

    def _add_complete(self, row: ChangedTrial, ended: int) -> None:
        """Add a complete trial; with it so many had ended."""
        beyond = violation(self.limits, row.values)
        if beyond:
            self.infeasible.add(row.number)
        self.frontier.add(row.number, row.values, ended=ended, violation=beyond)
        for name in (next(iter(self.objectives)), self.score):
            self.best[name] = min(self.best.get(name, row), row, key=partial(self._rank, name))

    def _rank(self, name: str, row: ChangedTrial) -> tuple[float, float, float]:
        """Return what is lowest for the best trial: its violation, the value turned so, its first cost."""
        beyond = violation(self.limits, row.values)
        number, cost = (row.values.get(column, math.nan) for column in (name, self.costs[0]))
        if not math.isfinite(number):
            return beyond, math.inf, cost
        return beyond, -number if self.objectives.get(name) != "minimize" else number, cost

    def per_hour(self, now: float) -> float:
        """Return how many trials end in an hour, by the latest ones until now, in seconds since 1970.

        It is 0 if none ended lately or none runs.
        """
        recent = [moment for moment in self.ends if now - moment < RECENT_SECONDS]
        if not recent or not self.running:
            return 0.0
        is_all = len(recent) == self.ended
        begin = max(self.began if is_all else recent[0], now - RECENT_SECONDS)
        return 3600.0 * (len(recent) - (not is_all)) / max(now - begin, 1.0)


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
