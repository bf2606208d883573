"""The state of a study as the page shows it, kept in memory and updated by what changed."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import takewhile
from operator import itemgetter

from archscape.analysis.metrics import METRICS, Objectives, cost_axes, score_of
from archscape.analysis.reports.format import NONE, label, span, value
from archscape.analysis.results import FINAL

from .frontier import FrontierState
from .queries import ChangedTrial, RunningTrial, StudyChanges

RECENT_SECONDS = 3600.0
"""The speed of a search is that of the latest trials within this time."""

RECENT = 100

EXTRA = (*(name for name, metric in METRICS.items() if metric.is_quality), "epochs")
"""Values beside the objectives and the costs."""

Tile = tuple[str, str, str]


@dataclass(kw_only=True)
class DashboardState:
    """The state of a study as the page shows it.

    Attributes:
        objectives: Direction of each objective.
        rows: Trials by number, in the order of their latest changes.
        running: Running trials.
        frontier: Its frontier and hypervolume.
        trials: How many trials the study was asked to hold; 0 if it does not say.
        should_stop: Whether the workers were asked to stop.
    """

    objectives: Objectives
    rows: dict[int, ChangedTrial] = field(default_factory=dict)
    running: tuple[RunningTrial, ...] = ()
    trials: int = 0
    should_stop: bool = False
    frontier: FrontierState = field(init=False)
    _states: Counter[str] = field(default_factory=Counter)
    _causes: Counter[str] = field(default_factory=Counter)
    _ends: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    _began: float = math.inf
    _best: tuple[tuple[float, float], ChangedTrial] | None = None

    def __post_init__(self) -> None:
        self.frontier = FrontierState(objectives=self.objectives)

    @property
    def latest_change(self) -> int:
        """Place of the latest change that the state includes."""
        return next(reversed(self.rows.values())).changed if self.rows else -1

    @cached_property
    def score(self) -> str:
        """The value on the upright axis."""
        return score_of(self.objectives)

    @cached_property
    def costs(self) -> tuple[str, ...]:
        """The values offered for the level axis, the first being the default."""
        return cost_axes(self.objectives, self.score)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The values that the page has of each trial."""
        return tuple(dict.fromkeys([*self.objectives, *EXTRA, *self.costs]))

    @property
    def planned(self) -> int:
        """How many trials there will be, as far as is known."""
        return max(self.trials, len(self.rows))

    def update(self, changes: StudyChanges) -> None:
        """Take in what a poll of the study read."""
        self.running, self.trials = changes.running, changes.trials
        self.should_stop = changes.should_stop
        for row in changes.changed:
            self._update(row)

    def _update(self, row: ChangedTrial) -> None:
        before = self.rows.pop(row.number, None)
        self.rows[row.number] = row
        if before is not None:
            self._states[before.state] -= 1
        self._states[row.state] += 1
        self._began = min(self._began, _seconds(row.started))
        if row.state in FINAL:
            self._ends.append(_seconds(row.finished))
        if row.state == "failed":
            self._causes[row.cause] += 1
        elif row.state == "complete":
            self.frontier.add(row.number, row.values, ended=self.count(*FINAL))
            ranked = (self._rank(row), row)
            self._best = min(self._best or ranked, ranked, key=itemgetter(0))

    def _rank(self, row: ChangedTrial) -> tuple[float, float]:
        """Return what is lowest for the best trial: its score turned so, then its first cost."""
        score, cost = (row.values.get(name, math.nan) for name in (self.score, self.costs[0]))
        if not math.isfinite(score):
            return math.inf, cost
        return -score if self.objectives.get(self.score) != "minimize" else score, cost

    def count(self, *states: str) -> int:
        """Return how many trials are in these states."""
        return sum(self._states[state] for state in states)

    def since(self, change: int) -> list[ChangedTrial]:
        """Return the trials that changed after a change, in the order of changes."""
        return list(takewhile(lambda row: row.changed > change, reversed(self.rows.values())))[::-1]

    def per_hour(self, now: float) -> float:
        """Return how many trials end in an hour, by the latest ones; 0 if none ended lately or none runs.

        Args:
            now: Seconds since 1970.
        """
        recent = [moment for moment in self._ends if now - moment < RECENT_SECONDS]
        if not recent or not self.running:
            return 0.0
        is_all = len(recent) == self.count(*FINAL)
        begin = max(self._began if is_all else recent[0], now - RECENT_SECONDS)
        return 3600.0 * (len(recent) - (not is_all)) / max(now - begin, 1.0)

    def tiles(self, now: float) -> list[Tile]:
        """Return the numbers on top of the page: what it is, the number, a few words on it.

        Args:
            now: Seconds since 1970.
        """
        ended, speed = self.count(*FINAL), self.per_hour(now)
        complete = _many(self.count("complete"), "complete")
        about = ", ".join(filter(None, [f"of {self.planned:,}", complete, self._state()]))
        causes = [f"{count:,} {cause.replace('_', ' ')}" for cause, count in self._causes.most_common()]
        early = self.count("paused")
        return [
            ("Trials ended", f"{ended:,}", about),
            (
                "Running",
                f"{self.count('running'):,}",
                _many(self.count("waiting"), "waiting for a worker"),
            ),
            ("Failed", f"{self.count('failed'):,}", ", ".join(causes)),
            ("Stopped early", f"{self.count('pruned') + early:,}", _many(early, "may still go on")),
            self._best_tile(),
            self._volume_tile(),
            ("Trials per hour", f"{speed:,.3g}" if speed else NONE, ""),
            self._time_tile(speed),
        ]

    def _state(self) -> str:
        if self.trials and self.count(*FINAL) >= self.trials:
            return "the search has ended"
        if self.should_stop:
            return "the workers were asked to stop"
        return "" if self.running else "nobody works on it now"

    def _time_tile(self, speed: float) -> Tile:
        ended = self.count(*FINAL)
        if ended and ended >= self.planned:
            return "Time", span(max(self._ends) - self._began), "from the first start to the last end"
        if not speed:
            return "Time left", NONE, ""
        return "Time left", span((self.planned - ended) / speed * 3600.0), "at this speed"

    def _best_tile(self) -> Tile:
        name = f"Best {label(self.score)}"
        if self._best is None:
            return name, NONE, "no trial is complete"
        best = self._best[1]
        return name, value(self.score, float(best.values.get(self.score, math.nan))), f"trial {best.number}"

    def _volume_tile(self) -> Tile:
        front = f"{len(self.frontier.front):,} on the frontier"
        if len(self.objectives) == 1:
            return "Networks", f"{len(self.rows):,}", front
        curve = self.frontier.curve()
        corner = ", ".join(value(name, at) for name, at in self.frontier.reference().items())
        about = f"{front}; reference {corner}" if curve else front
        return "Hypervolume", f"{curve[-1][1]:.4g}" if curve else NONE, about


def as_list(row: ChangedTrial, columns: Sequence[str]) -> list[object]:
    """Return a trial as the page takes it: without names, since there may be a hundred thousand of them."""
    facts = (row.number, row.state, row.cause, row.worker, row.rung)
    return [*facts, *numbers(row.values, columns)]


def numbers(values: Mapping[str, float], columns: Iterable[str]) -> list[float | None]:
    """Return values in the order of columns, to six digits; None for what is unknown or not finite."""
    known = (values.get(name) for name in columns)
    return [_short(number) if number is not None else None for number in known]


def _short(number: float) -> float | None:
    if isinstance(number, int):
        return number
    return float(f"{number:.6g}") if math.isfinite(number) else None


def _many(count: int, words: str) -> str:
    return f"{count:,} {words}" if count else ""


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp() if moment else 0.0
