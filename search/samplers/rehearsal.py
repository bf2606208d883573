"""A search without training: networks are scored by a formula, so that tests of samplers take no time.

The formula knows the space alone: whoever takes later options scores higher, and deeper networks too, which
have more of them. So every space has a known best, and costs stand against it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import TYPE_CHECKING, Literal, TypeAlias

from archscape.analysis.limits import violation

from ..study.history import History, Record
from .base import Proposal, Sampler, propose_unique

if TYPE_CHECKING:
    from archscape.spaces import Sample, Space

End: TypeAlias = Literal["complete", "failed", "stopped", "pending"]

Metrics: TypeAlias = dict[str, float]
Score: TypeAlias = "Callable[[Sample], Metrics]"

RUNGS = (1, 3)
"""The epochs after which trials are compared; who is stopped early is stopped at the first."""


def rank_score(sample: Sample) -> Metrics:
    """Return what training gives in a rehearsal.

    `accuracy` is the mean rank of the options among their choices, 0 of those that are not asked for; `loss`
    is least where the ranks are in the middle, and so stands against it.
    """
    space = sample.space
    ranks = [
        space.paths[path].index(option) / (len(space.paths[path]) - 1)
        for path, option in sample.decisions.items()
    ]
    paths = len(space.paths)
    return {"accuracy": sum(ranks) / paths, "loss": sum(abs(rank - 0.5) for rank in ranks) / paths}


@dataclass(kw_only=True)
class Rehearsal:
    """A search that trains nothing.

    Attributes:
        space: Where its networks come from.
        history: What was tried so far.
        score: What training would give of a network, by metric.
        samples: What was tried, in its order.
    """

    space: Space
    history: History
    score: Score = rank_score
    samples: list[Sample] = field(default_factory=list)

    def propose(self, sampler: Sampler, *, seed: int = 0) -> Proposal:
        """Return what a search would try next.

        Raises:
            Exhausted: If there is nothing left.
        """
        rng = random.Random(f"{seed}:{self.history.next_number}")
        return propose_unique(sampler, self.space, self.history, rng)

    def run(
        self, sampler: Sampler, trials: int, *, seed: int = 0, ends: Sequence[End] = ("complete",)
    ) -> list[Proposal]:
        """Try what a sampler proposes, and return that; the trials end in turns as `ends` has it."""
        proposals = []
        for end in islice(cycle(ends), trials):
            proposals.append(self.propose(sampler, seed=seed))
            self.add(proposals[-1].sample, end)
        return proposals

    def fill(self, trials: int, *, seed: int = 0, ends: Sequence[End] = ("complete",)) -> Rehearsal:
        """Try random networks that differ, and return the search."""
        rng, turns, last = random.Random(seed), cycle(ends), len(self.samples) + trials
        while len(self.samples) < last:
            sample = self.space.sample(rng)
            digest = sample.hash()
            if digest not in self.history.hashes:
                self.add(sample, next(turns), digest=digest)
        return self

    def add(self, sample: Sample, end: End = "complete", *, digest: str = "") -> None:
        """Try a network, whose trial ends in this way; its hash need not be computed where it is known."""
        number = self.history.next_number
        self._keep(record_of(self.history, number, sample, end, self.score(sample), digest=digest), end)
        self.history.next_number += 1
        self.samples.append(sample)

    def end(self, number: int, end: End = "complete") -> None:
        """End a trial that is pending in this way."""
        sample = self.samples[number]
        digest = self.history.pending.pop(number).hash
        self._keep(record_of(self.history, number, sample, end, self.score(sample), digest=digest), end)

    def _keep(self, record: Record, end: End) -> None:
        if end == "complete":
            self.history.complete.append(record)
        elif end == "failed":
            self.history.failed.append(record)
        else:
            trials = self.history.stopped if end == "stopped" else self.history.pending
            trials[record.number] = record
        self.history.hashes.add(record.hash)


def record_of(
    history: History, number: int, sample: Sample, end: End, measured: Metrics, *, digest: str = ""
) -> Record:
    """Return the trial of a number, of a network that is measured so, ended in this way."""
    costs = history.costs_of(sample)
    metrics = costs | (measured if end in ("complete", "stopped") else {})
    reached = {"complete": RUNGS, "stopped": RUNGS[:1], "pending": RUNGS[:1], "failed": ()}[end]
    views = {epoch: _values(history, costs | after(measured, epoch)) for epoch in reached}
    if end == "stopped":
        metrics |= after(measured, RUNGS[0])
    has_values = end in ("complete", "stopped")
    return Record(
        number=number,
        decisions=sample.decisions,
        values=_values(history, metrics) if has_values else None,
        rung=RUNGS[0] if end == "stopped" else None,
        violation=violation(history.limits, metrics) if has_values else 0.0,
        hash=digest or sample.hash(),
        metrics=metrics,
        views=views,
    )


def _values(history: History, metrics: Metrics) -> tuple[float, ...]:
    return tuple(float(metrics[name]) for name in history.objectives)


def after(measured: Metrics, epoch: int) -> Metrics:
    """Return what is measured after an epoch: it nears the end, and keeps the order."""
    return {name: value * (1 - 0.5**epoch) for name, value in measured.items()}
