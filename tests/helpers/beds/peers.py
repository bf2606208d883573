"""The peers: Optuna's samplers as their users call them, and regularised evolution as published.

They are driven by Optuna itself and not through the seam of archscape, so each is what one has without it.

- `optuna-tpe`, `optuna-nsga2`: `ask`, then `tell`, with default settings. An ask for a network that was asked
  for before counts as any other, and so does one beyond a limit, which is told with its constraint. A choice
  that is open only under another one is suggested where it is open (define by run). Optuna's TPE has 10
  random starts; the population of 50 of its NSGA-II makes the first 50 random.
- `optuna-gp`: GPSampler, more kindly: what was asked for before is told again, and what is beyond a limit
  is told as the worst so far with its constraint, neither of which counts; after four such asks in a row a
  random network takes the place. So its trainings are all of distinct networks within the limits, as ours
  are.
- `real-evolution`: aging evolution (Real et al. 2019) by one objective: a population of 25, tournaments of
  5, one mutated decision; its duplicates count. With several objectives it has no published form.

With a pruner or failures no plain call of Optuna does what a search here does: no peer runs there.
"""

from __future__ import annotations

import time
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, TPESampler
from optuna.trial import Trial, TrialState

from archscape.search.study.history import distribution, parameter
from archscape.spaces import Sample
from archscape.spaces.values import Option

from .bed import Bed, Outcome, Values
from .driver import Run

RETRIES = 4
POPULATION, TOURNAMENT = 25, 5


@dataclass(frozen=True, kw_only=True)
class OptunaPeer:
    """A sampler of Optuna.

    Attributes:
        make: Returns it for a seed; with constraints, whether the bed has limits.
        is_kind: Whether asks for what was tried, or is beyond a limit, do not count.
    """

    make: Callable[[int], BaseSampler]
    is_kind: bool = False

    def runs_on(self, bed: Bed) -> bool:
        """Return whether the peer can run on a bed."""
        return bed.pruner is None and bed.name != "macro-failing"

    def search(self, bed: Bed, seed: int) -> Run:
        """Search a bed."""
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            study = optuna.create_study(sampler=self.make(seed), directions=list(bed.objectives.values()))
            return _OptunaSearch(bed=bed, seed=seed, study=study, is_kind=self.is_kind).drive()


@dataclass(kw_only=True)
class _OptunaSearch:
    bed: Bed
    seed: int
    study: optuna.Study
    is_kind: bool

    def drive(self) -> Run:
        run, outcomes = Run(), dict[str, Outcome]()
        for number in range(self.bed.trials):
            started = time.process_time()
            trial, sample = self._next(outcomes, Random(f"{self.seed}:{number}"))
            run.milliseconds.append(1e3 * (time.process_time() - started))
            outcome = self.bed.train(sample, self.seed)
            outcomes[sample.hash()] = outcome
            is_within = self.bed.space.feasible(sample)
            self._tell(trial, sample, outcome.values)
            run.truths.append(outcome.truth if is_within else None)
            run.spent.append(number + 1)
            if self.bed.has_noise and number + 1 in self.bed.checkpoints:
                best = max(outcomes.values(), key=lambda outcome: outcome.values or ())
                run.recommended[number + 1] = best.truth
        return run

    def _next(self, outcomes: dict[str, Outcome], rng: Random) -> tuple[Trial | None, Sample]:
        """Return a trial to train, and its network; no trial for a network that was not asked for."""
        for _ in range(RETRIES):
            trial = self.study.ask()
            sample = ask(trial, self.bed)
            known = outcomes.get(sample.hash())
            is_within = self.bed.space.feasible(sample)
            if not self.is_kind or (known is None and is_within):
                return trial, sample
            worst = min((o.values for o in outcomes.values() if o.values), default=None)
            self._tell(trial, sample, known.values if known else worst)
        while True:
            sample = self.bed.space.sample(rng)
            if sample.hash() not in outcomes:
                return None, sample

    def _tell(self, trial: Trial | None, sample: Sample, values: Values | None) -> None:
        excess = _excess(self.bed, sample)
        if trial is None:
            spans = {path: distribution(self.bed.space.paths[path]) for path in sample.decisions}
            params = {path: parameter(option, spans[path]) for path, option in sample.decisions.items()}
            constraints = {"macs": excess} if excess is not None else None
            self.study.add_trial(
                optuna.trial.create_trial(
                    params=params, distributions=spans, values=values, constraints=constraints
                )
            )
            return
        if excess is not None:
            trial.set_constraint("macs", excess)
        if values is None:
            self.study.tell(trial, state=TrialState.FAIL)
        else:
            self.study.tell(trial, list(values))


def ask(trial: Trial, bed: Bed) -> Sample:
    """Return the network that a trial suggests."""

    def choose(path: str, options: Sequence[Option]) -> Option:
        span = distribution(options)
        if isinstance(span, IntDistribution):
            return trial.suggest_int(path, span.low, span.high, step=span.step)
        assert isinstance(span, CategoricalDistribution)  # no bed has a range in logarithms
        return options[list(span.choices).index(trial.suggest_categorical(path, span.choices))]

    return bed.space.decide(choose)


def _excess(bed: Bed, sample: Sample) -> float | None:
    """Return by how much a network is above the limit on MACs, as a share of it; None without one."""
    limit = bed.space.within.get("macs")
    return None if limit is None else sample.totals.macs / limit.high - 1


@dataclass(frozen=True, kw_only=True)
class RealEvolution:
    """Regularised evolution as published, its duplicates counted."""

    def runs_on(self, bed: Bed) -> bool:
        """Return whether the peer can run on a bed."""
        return bed.pruner is None and len(bed.objectives) == 1 and bed.name != "macro-failing"

    def search(self, bed: Bed, seed: int) -> Run:
        """Search a bed; children are drawn within its limits."""
        run, population = Run(), deque[tuple[Values, Sample]](maxlen=POPULATION)
        shown: list[tuple[Values, Values]] = []
        for number in range(bed.trials):
            rng = Random(f"{seed}:{number}")
            started = time.process_time()
            sample = self._child(bed, population, rng)
            run.milliseconds.append(1e3 * (time.process_time() - started))
            outcome = bed.train(sample, seed)
            assert outcome.values is not None  # it does not run where trainings fail
            population.append((outcome.values, sample))
            shown.append((outcome.values, outcome.truth))
            run.truths.append(outcome.truth)
            run.spent.append(number + 1)
            if bed.has_noise and number + 1 in bed.checkpoints:
                run.recommended[number + 1] = max(shown)[1]
        return run

    def _child(self, bed: Bed, population: deque[tuple[Values, Sample]], rng: Random) -> Sample:
        if len(population) < POPULATION:
            return bed.space.sample(rng)
        drawn = rng.sample(list(population), TOURNAMENT)
        return bed.space.mutate(max(drawn, key=lambda member: member[0])[1].decisions, rng)


PEERS: dict[str, Any] = {
    "optuna-tpe": OptunaPeer(make=lambda seed: TPESampler(seed=seed)),
    "optuna-nsga2": OptunaPeer(make=lambda seed: NSGAIISampler(seed=seed)),
    "optuna-gp": OptunaPeer(make=lambda seed: GPSampler(seed=seed), is_kind=True),
    "real-evolution": RealEvolution(),
}
"""What searches a bed by itself, by name."""
