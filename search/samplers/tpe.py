"""Optuna's tree-structured Parzen estimator over a space (Bergstra et al. 2011; Watanabe 2023)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, ClassVar

from optuna.samplers import TPESampler

from archscape.spaces.kinds import whole

from .base import ASKS, STARTUP, Proposal, Sampler
from .optuna_mirror import OptunaMirror, ask, silence_optuna
from .start import random_start

if TYPE_CHECKING:
    from archscape.spaces import Space

    from ..study.history import History


@dataclass(frozen=True, kw_only=True)
class TpeSampler(Sampler):
    """Optuna's tree-structured Parzen estimator.

    Choices are modelled together where trials share them (`group`), since the choices of a space depend on
    each other. Trials that run count as bad in their neighbourhood (`constant_liar`). Limits that only
    training can tell are Optuna's constraints: trials within them come first, then the nearest to them.

    Attributes:
        startup: How many first samples are random.
    """

    name: ClassVar[str] = "tpe"
    startup: Annotated[int, whole(0)] = STARTUP

    @cached_property
    def _mirror(self) -> OptunaMirror:
        return OptunaMirror()

    def proposals(self, space: Space, history: History, rng: random.Random) -> Iterator[Proposal]:
        """Yield the estimator's samples, each moved by one decision if it breaks the limits of the space."""
        if history.submitted < self.startup or not history.complete:
            yield from random_start(space, history, rng, self.startup)
            return
        estimator = _estimator(len(history.objectives), seed=rng.getrandbits(31))
        study = self._mirror.study(space, history, estimator)
        for _ in range(ASKS):
            sample = ask(study, space, keep=False)  # a neighbourhood is not worse for having been proposed
            if not space.feasible(sample):
                sample = space.mutate(sample.decisions, rng)
            yield Proposal(sample=sample, reason="where good trials are likelier than bad ones")


def _estimator(objectives: int, *, seed: int) -> TPESampler:
    single = objectives == 1  # with several objectives Optuna found independent choices better
    with silence_optuna():
        return TPESampler(seed=seed, n_startup_trials=0, multivariate=single, group=single)
