"""Optuna's tree-structured Parzen estimator over a space (Bergstra et al. 2011; Watanabe 2023)."""

from __future__ import annotations

import random
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import optuna
from optuna.distributions import IntDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from .history import History, Record, distribution
from .storage import quiet

if TYPE_CHECKING:
    from archscape.spaces import Sample, Space
    from archscape.spaces.table.values import Option


@dataclass(frozen=True, kw_only=True)
class Tpe:
    """TPE on a copy of the history in memory, so that nothing half-sampled reaches the study.

    Choices are modelled together where trials share them (`group`), since the choices of a space depend on
    each other. Trials that run count as bad in their neighbourhood (`constant_liar`), trials that failed as
    bad as the worst in every objective.
    """

    start: int

    def propose(self, space: Space, history: History, rng: random.Random) -> Sample:
        """Return the estimator's proposal, moved by one decision if it breaks the limits of the space."""
        if history.submitted < self.start or not history.complete:
            return space.sample(rng)
        trial = _mirror(history, seed=rng.getrandbits(31)).ask()

        def choose(path: str, options: Sequence[Option]) -> Option:
            span = distribution(options)
            if isinstance(span, IntDistribution):
                return trial.suggest_int(path, span.low, span.high, step=span.step)
            index = list(map(str, options)).index(str(trial.suggest_categorical(path, list(options))))
            return options[index]

        sample = space.decide(choose)
        return sample if space.feasible(sample) else space.mutate(sample.decisions, rng)


def _mirror(history: History, *, seed: int) -> optuna.Study:
    """Return a study in memory that holds the history and samples by TPE."""
    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        single = (
            len(history.directions) == 1
        )  # with several objectives Optuna found independent choices better
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=0, multivariate=single, group=single)
        study = optuna.create_study(sampler=sampler, directions=list(history.directions))
    worst = [
        (min if way == "maximize" else max)(record.values[i] for record in history.complete if record.values)
        for i, way in enumerate(history.directions)
    ]
    study.add_trials(
        _trial(record, record.values or worst) for record in (*history.complete, *history.failed)
    )
    study.add_trials(_trial(record, None) for record in history.pending)
    return study


def _trial(record: Record, values: Sequence[float] | None) -> FrozenTrial:
    return create_trial(
        state=TrialState.COMPLETE if values else TrialState.RUNNING,
        params=dict(record.decisions),
        distributions=dict(record.options),
        values=values,
    )
