"""What a study asks for, in numbers: which objectives are modelled, which are costs, which limits hold."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

from archscape.analysis.limits import Limits, MetricLimit
from archscape.analysis.statistics.frontier import ranks

from .kernels import Floats

if TYPE_CHECKING:
    from ...study.history import History, Record


SUCCESS = "success"
"""The metric that is 1 of a training that ended with a result and 0 of one that failed."""
SUCCEEDS = MetricLimit(low=0.5)
FEWEST = 6
"""Results below which there is no model."""
ENOUGH = 100
"""Whole trainings from which on early results are not looked at."""
MORE = 1.5
"""Early results to each whole training, below which they tell too little more."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A history as a model reads it.

    Attributes:
        history: What was tried.
        rung: The epoch after which results are looked at; None for those of whole trainings.
    """

    history: History
    rung: int | None = None

    @property
    def when(self) -> str:
        """When results were taken, in words."""
        return "at the end" if self.rung is None else f"after epoch {self.rung}"

    @cached_property
    def below(self) -> Problem | None:
        """The problem by earlier results, those of the rung that the most trials reached; None if no help."""
        if self.rung is not None or len(self.results) >= ENOUGH:
            return None
        counts = Counter(chain.from_iterable(record.views for record in self._records))
        if not counts:
            return None
        rung = max(counts, key=lambda epoch: (counts[epoch], epoch))
        below = Problem(history=self.history, rung=rung)
        return below if len(below.results) >= max(FEWEST, MORE * len(self.results)) else None

    @property
    def _records(self) -> Iterator[Record]:
        history = self.history
        return chain(history.complete, history.stopped.values(), history.pending.values())

    @cached_property
    def measured(self) -> tuple[str, ...]:
        """The objectives that only training tells; the first one, where all are known before."""
        names = [name for name in self.history.objectives if not self.history.is_known(name)]
        return tuple(names or list(self.history.objectives)[:1])

    @property
    def has_measured(self) -> bool:
        """Whether the first objective is one that only training tells."""
        return not self.history.is_known(next(iter(self.history.objectives)))

    @cached_property
    def costs(self) -> tuple[str, ...]:
        """The other objectives, known of every network."""
        return tuple([name for name in self.history.objectives if name not in self.measured])

    @cached_property
    def limits(self) -> Limits:
        """The limits that only training tells."""
        return {n: limit for n, limit in self.history.limits.items() if not self.history.is_known(n)}

    @cached_property
    def conditions(self) -> Limits:
        """What must be likely of a candidate: the limits of which some trial tells, and a result."""
        if self.rung is not None:
            return {}
        limits = {name: limit for name, limit in self.limits.items() if self.trials(name)}
        return limits | ({SUCCESS: SUCCEEDS} if self.history.failed else {})

    @cached_property
    def known_limits(self) -> Limits:
        """The limits that are known before training and that the space does not know."""
        return {n: limit for n, limit in self.history.limits.items() if self.history.is_known(n)}

    def sign(self, name: str) -> int:
        """Return -1 of an objective that is minimised, else 1."""
        return -1 if self.history.objectives.get(name) == "minimize" else 1

    @cached_property
    def results(self) -> list[Record]:
        """The trials with results as they ended; at a rung, in the order of their numbers."""
        if self.rung is None:
            return [record for record in self.history.complete if record.values is not None]
        reached = [record for record in self._records if self.rung in record.views]
        return sorted(reached, key=attrgetter("number"))

    @cached_property
    def modelled(self) -> tuple[str, ...]:
        """All metrics that are modelled: the objectives, then limits of which some trial tells."""
        return (*self.measured, *[name for name in self.conditions if name not in self.measured])

    @cached_property
    def pending(self) -> list[Record]:
        """The trials that have no result yet, the earliest first."""
        stopped = [] if self.below else self.history.stopped.values()
        running = [r for r in (*self.history.pending.values(), *stopped) if self.rung not in r.views]
        return sorted(running, key=attrgetter("number"))

    def trials(self, name: str) -> list[Record]:
        """Return the trials that tell of an objective or of a metric with a limit."""
        if name in self.history.objectives:
            return self.results
        if name == SUCCESS:
            history = self.history
            ended = chain(history.complete, history.stopped.values(), history.failed)
            return sorted(ended, key=attrgetter("number"))
        return [record for record in self.results if math.isfinite(record.metrics.get(name, math.nan))]

    def value(self, name: str, record: Record) -> float:
        """Return what a trial came to, more being better; what is no number is the worst there can be."""
        if name == SUCCESS:
            return float(record.values is not None)
        if name not in self.history.objectives:
            return float(record.metrics[name])
        values = (record.values if self.rung is None else record.views[self.rung]) or ()
        value = self.sign(name) * values[self._columns[name]]
        return -math.inf if math.isnan(value) else value

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {name: column for column, name in enumerate(self.history.objectives)}

    def noise(self, name: str, records: Sequence[Record]) -> float:
        """Return the standard deviation of a result, as repeated trainings tell it; 0 if none do."""
        spread = f"{name}_std"
        variances = [
            record.metrics[spread] ** 2 / record.metrics["repeats"]
            for record in records
            if record.metrics.get("repeats", 0) > 1 and math.isfinite(record.metrics.get(spread, math.nan))
        ]
        return math.sqrt(sum(variances) / len(variances)) if variances else 0.0

    def best_first(self, records: Sequence[Record]) -> list[int]:
        """Return the places of trials in the order of their worth, the nearest to the limits first."""
        if self.rung is None and any(record.values is None for record in records):  # of `SUCCESS`
            return sorted(range(len(records)), key=lambda place: records[place].values is not None)
        names = list(self.history.objectives)
        values = np.array([[self.value(name, record) for name in names] for record in records])
        if len(names) <= 2:
            worth = -ranks({n: values[:, i] for i, n in enumerate(names)}, dict.fromkeys(names, "maximize"))
        else:
            worth = rankdata(values, axis=0).sum(axis=1)
        beyond = np.array([record.violation for record in records])
        order: list[int] = np.lexsort((-worth, beyond)).tolist()
        return order

    def costs_of(self, records: Sequence[Record]) -> Floats:
        """Return the costs of trials, (trials, costs), less being better."""
        rows = [[-self.value(name, record) for name in self.costs] for record in records]
        return np.array(rows, dtype=np.float64).reshape(len(records), len(self.costs))
