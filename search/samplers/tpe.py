"""Optuna's tree-structured Parzen estimator over a space (Bergstra et al. 2011; Watanabe 2023)."""

from __future__ import annotations

import logging
import math
import random
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from sys import float_info
from typing import TYPE_CHECKING, Annotated, ClassVar

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from archscape.analysis.metrics import Direction
from archscape.spaces.kinds import whole
from archscape.spaces.values import LogOptions

from ..study.history import History, Record, distribution, parameter
from .base import STARTUP, Sampler
from .nsga2 import Elite

if TYPE_CHECKING:
    from archscape.spaces import Sample, Space
    from archscape.spaces.values import Option


MEMORY = 400
"""How many trials the estimator sees, the best and the latest: its cost grows with their number, and of all
trials only the best 25 form its model of the good ones."""


@dataclass(frozen=True, kw_only=True)
class TpeSampler(Sampler):
    """Optuna's tree-structured Parzen estimator.

    It samples on a copy of the history in memory, so that nothing half-sampled reaches the study.

    Choices are modelled together where trials share them (`group`), since the choices of a space depend on
    each other. Trials that run count as bad in their neighbourhood (`constant_liar`), trials that failed or
    were stopped early as bad as the worst in every objective. Limits that only training can tell are Optuna's
    constraints: trials within them come first, then the nearest to them.

    Attributes:
        startup: How many first samples are random.
    """

    name: ClassVar[str] = "tpe"
    startup: Annotated[int, whole(0)] = STARTUP

    @cached_property
    def _elite(self) -> Elite:
        return Elite(size=MEMORY // 8)

    def sample(self, space: Space, history: History, rng: random.Random) -> Sample:
        """Return the estimator's sample, moved by one decision if it breaks the limits of the space."""
        if history.submitted < self.startup or not history.complete:
            return space.sample(rng)
        trial = self._optuna_study(space, history, seed=rng.getrandbits(31)).ask()

        def choose(path: str, options: Sequence[Option]) -> Option:
            span = distribution(options)
            if isinstance(options, LogOptions):
                return nearest(options, _suggested(trial, path, span))
            if isinstance(span, IntDistribution):
                return trial.suggest_int(path, span.low, span.high, step=span.step)
            index = list(map(str, options)).index(str(trial.suggest_categorical(path, list(options))))
            return options[index]

        sample = space.decide(choose)
        return sample if space.feasible(sample) else space.mutate(sample.decisions, rng)

    def _optuna_study(self, space: Space, history: History, *, seed: int) -> optuna.Study:
        """Return a study in memory that holds the best and the latest of the history and samples by TPE."""
        complete = self._chosen(history)
        worst = [
            (min if way == "maximize" else max)(record.values[i] for record in complete if record.values)
            for i, way in enumerate(history.objectives.values())
        ]
        bad = [*history.failed[-MEMORY // 4 :], *list(history.stopped.values())[-MEMORY // 4 :]]
        furthest = max(record.violation for record in complete)
        study = _empty(list(history.objectives.values()), seed)
        study.add_trials(_trial(record, space, record.values, record.violation) for record in complete)
        study.add_trials(_trial(record, space, worst, furthest) for record in bad)
        study.add_trials(_trial(record, space, None) for record in history.pending.values())
        return study

    def _chosen(self, history: History) -> list[Record]:
        best = self._elite.of(history.complete, history.objectives)
        known = {record.number for record in best}
        latest = [record for record in history.complete[-MEMORY:] if record.number not in known]
        return [*best, *latest[len(best) - MEMORY :]]


def nearest(options: Sequence[Option], value: float) -> Option:
    """Return the number among options that is nearest to a value on a logarithmic scale.

    >>> nearest(LogOptions((16, 32, 64)), 24)
    32
    """
    return min(options, key=lambda option: abs(math.log(float(option) / value)))


def _suggested(trial: optuna.Trial, path: str, span: BaseDistribution) -> float:
    """Return the estimator's number within a logarithmic range."""
    if isinstance(span, IntDistribution):
        return trial.suggest_int(path, span.low, span.high, log=True)
    assert isinstance(span, FloatDistribution)
    return trial.suggest_float(path, span.low, span.high, log=True)


def _empty(directions: Sequence[Direction], seed: int) -> optuna.Study:
    single = len(directions) == 1  # with several objectives Optuna found independent choices better
    with silence_optuna(), warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=0, multivariate=single, group=single)
        return optuna.create_study(sampler=sampler, directions=list(directions))


def _trial(
    record: Record, space: Space, values: Sequence[float] | None, violation: float = 0.0
) -> FrozenTrial:
    spans = {path: distribution(space.paths[path]) for path in record.decisions}
    return create_trial(
        state=TrialState.COMPLETE if values else TrialState.RUNNING,
        params={path: parameter(option, spans[path]) for path, option in record.decisions.items()},
        distributions=spans,
        values=values,
        constraints={"limits": min(violation, float_info.max)} if violation else None,
    )


@contextmanager
def silence_optuna() -> Iterator[None]:
    """Keep Optuna's log from telling of the studies that archscape makes for itself."""
    logger = logging.getLogger("optuna")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
