"""A history as Optuna's samplers see it: a study in memory.

Nothing half-sampled reaches the real one so. Trials that failed or were stopped early count as bad as the
worst in every objective. Limits that only training can tell are Optuna's constraints. Trials that run stand
as running, so that samplers which know of a constant liar keep away from them.
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from archscape.spaces.values import LogOptions

from ..study.history import History, Record, distribution, parameter
from .nsga2 import Elite

if TYPE_CHECKING:
    from archscape.spaces import Sample, Space
    from archscape.spaces.values import Option

MEMORY = 400
"""How many complete trials a sampler of Optuna sees, the best and the latest: its cost grows with them."""


@dataclass(kw_only=True)
class OptunaMirror:
    """Makes studies in memory out of a growing history.

    Attributes:
        memory: How many complete trials they hold: an eighth of them the best, the others the latest.
        by_number: Whether complete trials stand in the order of their numbers; else the best come first.
    """

    memory: int = MEMORY
    by_number: bool = False
    _elite: Elite = field(init=False)

    def __post_init__(self) -> None:
        self._elite = Elite(size=self.memory // 8)

    def study(self, space: Space, history: History, sampler: optuna.samplers.BaseSampler) -> optuna.Study:
        """Return a study of a sampler that holds a history, of which one trial at least is complete."""
        complete = self._chosen(history)
        worst = [
            (min if way == "maximize" else max)(record.values[i] for record in complete if record.values)
            for i, way in enumerate(history.objectives.values())
        ]
        bad = [*history.failed[-self.memory // 4 :], *list(history.stopped.values())[-self.memory // 4 :]]
        beyond = _finite([record.violation for record in complete]) if history.limits else None
        spans = {path: distribution(options) for path, options in space.paths.items()}
        with silence_optuna():
            study = optuna.create_study(sampler=sampler, directions=list(history.objectives.values()))
        study.add_trials(
            _trial(record, spans, record.values, beyond[i] if beyond else None)
            for i, record in enumerate(complete)
        )
        study.add_trials(_trial(record, spans, worst, max(beyond) if beyond else None) for record in bad)
        study.add_trials(_trial(record, spans, None) for record in history.pending.values())
        return study

    def _chosen(self, history: History) -> list[Record]:
        best = self._elite.of(history.complete, history.objectives)
        known = {record.number for record in best}
        latest = [record for record in history.complete[-self.memory :] if record.number not in known]
        chosen = [*best, *latest[len(best) - self.memory :]]
        return sorted(chosen, key=attrgetter("number")) if self.by_number else chosen


def _finite(violations: Sequence[float]) -> list[float]:
    """Return violations, those without end as twice the largest other, which samplers of Optuna can model."""
    largest = max((each for each in violations if math.isfinite(each)), default=0.0) or 1.0
    return [min(each, 2 * largest) for each in violations]


def ask(study: optuna.Study, space: Space, *, keep: bool) -> Sample:
    """Return what the sampler of a study proposes next; it may be beyond the limits of the space.

    Args:
        study: Of `OptunaMirror`.
        space: Of the history.
        keep: Whether the trial stays in the study as one that runs, which the next proposal keeps away from.
    """
    trial = study.ask()

    def choose(path: str, options: Sequence[Option]) -> Option:
        span = distribution(options)
        if isinstance(options, LogOptions):
            return nearest(options, _suggested(trial, path, span))
        if isinstance(span, IntDistribution):
            return trial.suggest_int(path, span.low, span.high, step=span.step)
        index = list(map(str, options)).index(str(trial.suggest_categorical(path, list(options))))
        return options[index]

    sample = space.decide(choose)
    if not keep:
        study.tell(trial, state=TrialState.FAIL)
    return sample


def nearest(options: Sequence[Option], value: float) -> Option:
    """Return the number among options that is nearest to a value on a logarithmic scale.

    >>> nearest(LogOptions((16, 32, 64)), 24)
    32
    """
    return min(options, key=lambda option: abs(math.log(float(option) / value)))


def _suggested(trial: optuna.Trial, path: str, span: BaseDistribution) -> float:
    """Return the sampler's number within a logarithmic range."""
    if isinstance(span, IntDistribution):
        return trial.suggest_int(path, span.low, span.high, log=True)
    assert isinstance(span, FloatDistribution)
    return trial.suggest_float(path, span.low, span.high, log=True)


def _trial(
    record: Record,
    spans: Mapping[str, BaseDistribution],
    values: Sequence[float] | None,
    violation: float | None = None,
) -> FrozenTrial:
    return create_trial(
        state=TrialState.COMPLETE if values else TrialState.RUNNING,
        params={path: parameter(option, spans[path]) for path, option in record.decisions.items()},
        distributions={path: spans[path] for path in record.decisions},
        values=values,
        constraints=None if violation is None else {"limits": violation},
    )


@contextmanager
def silence_optuna() -> Iterator[None]:
    """Keep Optuna's log from telling of the studies and samplers that archscape makes for itself."""
    logger = logging.getLogger("optuna")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            warnings.simplefilter("ignore", FutureWarning)  # of settings that Optuna means to drop
            yield
    finally:
        logger.setLevel(level)
