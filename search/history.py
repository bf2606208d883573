"""What a study has seen so far, as the proposers read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState

from archscape.analysis.frontier import Direction

if TYPE_CHECKING:
    from archscape.spaces import Sample
    from archscape.spaces.table.values import Option


@dataclass(frozen=True, kw_only=True)
class Record:
    """A trial that is running or has ended.

    Attributes:
        number: Number of the trial.
        decisions: The choices that made its network, by path.
        options: What each choice was made from.
        values: One number per objective, in the order of the study; None if it runs or failed.
    """

    number: int
    decisions: Mapping[str, int | str]
    options: Mapping[str, BaseDistribution]
    values: tuple[float, ...] | None


@dataclass(frozen=True, kw_only=True)
class History:
    """What was tried and what is being tried.

    Attributes:
        directions: `maximize` or `minimize` for each objective.
        complete: Trials with values, by number.
        failed: Trials that ended without.
        pending: Trials that are running or waiting.
        hashes: Canonical hashes of all their networks.
    """

    directions: tuple[Direction, ...]
    complete: tuple[Record, ...] = ()
    failed: tuple[Record, ...] = ()
    pending: tuple[Record, ...] = ()
    hashes: frozenset[str] = frozenset()

    @property
    def submitted(self) -> int:
        """How many trials there are."""
        return len(self.complete) + len(self.failed) + len(self.pending)


def read_history(
    trials: Sequence[FrozenTrial], *, directions: tuple[Direction, ...], hashes: frozenset[str]
) -> History:
    """Return the history that Optuna's trials hold."""
    ended = [trial for trial in trials if trial.state.is_finished()]
    return History(
        directions=directions,
        complete=_records(trial for trial in ended if trial.state == TrialState.COMPLETE),
        failed=_records(trial for trial in ended if trial.state != TrialState.COMPLETE),
        pending=_records(trial for trial in trials if not trial.state.is_finished()),
        hashes=hashes,
    )


def _records(trials: Iterable[FrozenTrial]) -> tuple[Record, ...]:
    return tuple(
        Record(
            number=trial.number,
            decisions=trial.params,
            options=trial.distributions,
            values=tuple(trial.values) if trial.state == TrialState.COMPLETE else None,
        )
        for trial in trials
    )


def distribution(options: Sequence[Option]) -> BaseDistribution:
    """Return Optuna's form of the options of a choice: a range where they are evenly spaced numbers.

    >>> distribution((3, 5, 7))
    IntDistribution(high=7, log=False, low=3, step=2)
    >>> distribution(("none", "1/4"))
    CategoricalDistribution(choices=('none', '1/4'))
    """
    numbers = [option for option in options if isinstance(option, int)]
    steps = {high - low for low, high in pairwise(numbers)}
    if len(numbers) == len(options) and len(steps) == 1 and min(steps) > 0:
        return IntDistribution(numbers[0], numbers[-1], step=steps.pop())
    return CategoricalDistribution(tuple(options))


def distributions(sample: Sample) -> dict[str, BaseDistribution]:
    """Return what each decision of a sample was made from, in the order in which it was made."""
    return {path: distribution(sample.space.paths[path]) for path in sample.decisions}
