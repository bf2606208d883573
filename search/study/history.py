"""History of a study: what was tried and what is being tried, as samplers read it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from sqlalchemy import Row

from archscape.analysis.limits import Limits, violation
from archscape.analysis.metrics import KNOWN_BEFORE_TRAINING, Objectives, count_costs
from archscape.analysis.results import STOPPED_EARLY
from archscape.spaces.values import LogOptions

from .views import News, Views

if TYPE_CHECKING:
    from archscape.spaces import Sample
    from archscape.spaces.values import Option

    from ..costs.asked import AskedCosts
    from .rung_rows import RungRows

Change: TypeAlias = Row[*tuple[Any, ...]]
"""The row of a trial that changed."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """A trial that is running or has ended.

    Attributes:
        number: Number of the trial.
        decisions: The choices that made its network, by path.
        values: One number per objective, in the order of the study; None if it runs or failed.
        rung: Epoch at which it was stopped early and its values were taken; None if it was not.
        violation: By how much it is beyond the limits that only training can tell; 0 within.
        hash: What tells the trial from others.
        metrics: All numbers known of it: its costs, and what training gave so far.
        views: Its objectives after the epoch of each rung that it reached, as `values` has them, ascending.
    """

    number: int
    decisions: Mapping[str, int | str]
    values: tuple[float, ...] | None = None
    rung: int | None = None
    violation: float = 0.0
    hash: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    views: Mapping[int, tuple[float, ...]] = field(default_factory=dict)


@dataclass(kw_only=True)
class History:
    """What was tried and what is being tried, kept up to date from the changes of a study.

    Attributes:
        objectives: The direction of each objective, in the order of the values.
        limits: Those on metrics that no space knows, by name.
        asked: What the search asks of a network beyond its totals, before training; None for nothing.
        trials: How many trials the study may hold; 0 where that is not known.
        epochs: Of a whole training; 0 where that is not known.
        complete: Trials with values, in the order in which they ended.
        failed: Trials that ended without.
        stopped: Trials that were stopped early, with values at their rung, by number.
        pending: Trials that are running or waiting, by number.
        hashes: Canonical hashes of all their networks.
        next_number: Number of the next trial.
        seen: Place of the latest change of a study that is in here.
    """

    objectives: Objectives
    limits: Limits = field(default_factory=dict)
    asked: AskedCosts | None = None
    trials: int = 0
    epochs: int = 0
    complete: list[Record] = field(default_factory=list)
    failed: list[Record] = field(default_factory=list)
    stopped: dict[int, Record] = field(default_factory=dict)
    pending: dict[int, Record] = field(default_factory=dict)
    hashes: set[str] = field(default_factory=set)
    next_number: int = 0
    seen: int = -1
    _failures: set[int] = field(default_factory=set)
    _costs: dict[int, Mapping[str, float]] = field(default_factory=dict)
    _views: Views = field(default_factory=Views)

    @property
    def submitted(self) -> int:
        """How many trials there are."""
        return len(self.hashes)

    def is_known(self, name: str) -> bool:
        """Return whether an objective or a metric with a limit is known of a network before its training."""
        return name in KNOWN_BEFORE_TRAINING or (self.asked is not None and name in self.asked.functions)

    def costs_of(self, sample: Sample) -> dict[str, float]:
        """Return every metric of a sample that is known before training.

        Raises:
            ShapeError: If the network cannot be built.
        """
        return count_costs(sample.totals) | (self.asked.of(sample.network) if self.asked else {})

    def fits(self, sample: Sample) -> bool:
        """Return whether a sample is new, and within the limits that are known before training.

        Those of its space are not looked at: samples are drawn within them.
        """
        if sample.hash() in self.hashes:
            return False
        return self.asked is None or not self.asked.is_limited or self.asked.holds(sample.network)

    def has_settled(self, bound: int) -> bool:
        """Return whether all trials below a number have ended, or were stopped early."""
        return all(number >= bound for number in self.pending)

    def until(self, bound: int) -> History:
        """Return how the trials below a number ended, as if all later ones were still running."""

        def ended(records: Iterable[Record]) -> list[Record]:
            return sorted((r for r in records if r.number < bound), key=attrgetter("number"))

        everything = (*self.complete, *self.failed, *self.stopped.values(), *self.pending.values())
        later = sorted((r for r in everything if r.number >= bound), key=attrgetter("number"))
        return replace(
            self,
            complete=ended(self.complete),
            failed=ended(self.failed),
            stopped={record.number: record for record in ended(self.stopped.values())},
            pending={r.number: self._as_running(r) for r in later},
        )

    def _as_running(self, record: Record) -> Record:
        """Return what is known of a trial while it runs: neither results nor views."""
        costs = self._costs.get(record.number, {})
        return Record(number=record.number, decisions=record.decisions, hash=record.hash, metrics=costs)

    def news(self, changes: Iterable[Change], rows: RungRows) -> News:
        """Return what is new at the rungs of early stopping, given the trials that changed."""
        return self._views.read(rows, [change.number for change in changes])

    def take(self, changes: Iterable[Change], news: News | None = None) -> None:
        """Take in the changes of trials, in their order, and what is new at the rungs."""
        arrived = self._views.take(news) if news else ()
        for change in changes:
            self.seen = change.changed
            self.hashes.add(change.hash)
            self.next_number = max(self.next_number, change.number + 1)
            self.stopped.pop(change.number, None)
            self.pending.pop(change.number, None)
            if change.state == "dropped":
                self.complete = [record for record in self.complete if record.number != change.number]
            if change.number in self._failures:  # it is tried again
                self._failures.remove(change.number)
                self.failed = [record for record in self.failed if record.number != change.number]
            if change.state != "dropped":
                self._place(change)
        for number in self.pending.keys() & arrived:
            self.pending[number] = replace(self.pending[number], views=self._views.of(number))

    def _place(self, change: Change) -> None:
        metrics = json.loads(change.metrics)
        costs = self._costs.setdefault(change.number, json.loads(change.costs))
        has_values = change.state in ("complete", "paused", "pruned") and all(
            name in metrics for name in self.objectives
        )
        record = Record(
            number=change.number,
            decisions=json.loads(change.decisions),
            values=tuple(float(metrics[name]) for name in self.objectives) if has_values else None,
            rung=change.rung if change.state in STOPPED_EARLY else None,
            violation=violation(self.limits, metrics) if has_values else 0.0,
            hash=change.hash,
            metrics={**costs, **metrics},
            views=self._views.of(change.number),
        )
        if change.state == "complete":
            self.complete.append(record)
        elif change.state == "failed" or (change.state == "pruned" and record.values is None):
            self.failed.append(record)
            self._failures.add(record.number)
        elif record.rung is not None:
            self.stopped[record.number] = record
        else:
            self.pending[record.number] = record


def distribution(options: Sequence[Option]) -> BaseDistribution:
    """Return Optuna's form of the options of a choice: a range for numbers in equal steps or ratios.

    >>> distribution((3, 5, 7))
    IntDistribution(high=7, log=False, low=3, step=2)
    >>> distribution(LogOptions((0.01, "0.1", 1)))
    FloatDistribution(high=1.0, log=True, low=0.01, step=None)
    >>> distribution(("none", "1/4"))
    CategoricalDistribution(choices=('none', '1/4'))
    """
    if isinstance(options, LogOptions):
        low, high = options[0], options[-1]
        if isinstance(low, int) and isinstance(high, int):
            return IntDistribution(low, high, log=True)
        return FloatDistribution(float(low), float(high), log=True)
    numbers = [option for option in options if isinstance(option, int)]
    steps = {high - low for low, high in pairwise(numbers)}
    if len(numbers) == len(options) and len(steps) == 1 and min(steps) > 0:
        return IntDistribution(numbers[0], numbers[-1], step=steps.pop())
    return CategoricalDistribution(tuple(options))


def parameter(option: Option, span: BaseDistribution) -> int | float | str:
    """Return an option as Optuna has it: a number within a logarithmic range may be a text."""
    return float(option) if isinstance(span, FloatDistribution) else option
