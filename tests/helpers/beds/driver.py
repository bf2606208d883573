"""Runs a sampler on a bed as a search would run it, through the product's own seam; every ask counts.

The trial of a number is proposed with the randomness that a search has for it, from the history as workers
have it. Where a bed has a pruner, new trials begin with a view, and between two of them the pruner resumes
whom it promotes, as `Study.next_work` does.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from random import Random

from archscape.analysis.metrics import count_costs
from archscape.search.pruners import RungResult
from archscape.search.samplers import Sampler
from archscape.search.samplers.base import propose_unique
from archscape.search.study.history import History, Record
from archscape.spaces import Sample

from .bed import Bed, Outcome, Values


@dataclass(kw_only=True)
class Run:
    """A search on a bed.

    Attributes:
        truths: What the trained networks are worth, in the order in which they ended; None where one failed.
        spent: What had been spent when each ended, in whole trainings.
        milliseconds: CPU time of each suggestion.
        recommended: What the recommended network is worth after each checkpoint, on a bed with noise.
    """

    truths: list[Values | None] = field(default_factory=list)
    spent: list[float] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    recommended: dict[int, Values] = field(default_factory=dict)

    def curve(self, bed: Bed) -> list[float]:
        """Return the score after each whole training's worth, the first first.

        On a bed with noise it is known at the checkpoints alone, and up to the first of them.
        """
        if bed.has_noise and bed.score.is_regret:
            return _held(
                [bed.score.curve([truth])[0] for truth in self.recommended.values()], bed.checkpoints
            )
        scores = bed.score.curve(self.truths)
        none = bed.score.curve([None])[0]
        counts = [sum(spent <= worth + 1e-9 for spent in self.spent) for worth in range(1, bed.trials + 1)]
        return [scores[count - 1] if count else none for count in counts]


def _held(scores: Iterable[float], checkpoints: tuple[int, ...]) -> list[float]:
    """Return scores at checkpoints as a curve: each stands for all since the one before."""
    starts = (0, *checkpoints)
    return [
        score
        for score, start, end in zip(scores, starts, checkpoints, strict=False)
        for _ in range(start, end)
    ]


@dataclass(kw_only=True)
class Search:
    """A search under way.

    Attributes:
        pending: How many trials run at once; they end in the order in which they began.
    """

    bed: Bed
    sampler: Sampler
    seed: int
    pending: int = 1
    run: Run = field(default_factory=Run)
    history: History = field(init=False)
    samples: list[Sample] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    cost: float = 0.0
    _running: deque[int] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.history = History(
            objectives=self.bed.objectives,
            asked=self.bed.costs,
            trials=0 if self.bed.pruner else self.bed.trials,
            epochs=self.bed.epochs,
        )

    def drive(self) -> Run:
        """Search until the trainings of the bed are spent, or the space is."""
        if self.bed.pruner is not None:
            return self._drive_with_views()
        for _ in range(self.bed.trials):
            self.begin()
            if len(self._running) == self.pending:
                self._end_first()
        while self._running:
            self._end_first()
        return self.run

    def begin(self) -> int:
        """Begin a new trial and return its number."""
        number = self.history.next_number
        rng = Random(f"{self.seed}:{number}")
        started = time.process_time()
        sample = propose_unique(self.sampler, self.bed.space, self.history, rng).sample
        self.run.milliseconds.append(1e3 * (time.process_time() - started))
        self.samples.append(sample)
        self.outcomes.append(self.bed.train(sample, self.seed))
        self.history.pending[number] = self._record(number)
        self.history.hashes.add(sample.hash())
        self.history.next_number = number + 1
        self._running.append(number)
        return number

    def _record(self, number: int) -> Record:
        sample = self.samples[number]
        costs = count_costs(sample.totals)
        if self.bed.costs is not None:
            costs |= self.bed.costs.of(sample.network)
        return Record(number=number, decisions=sample.decisions, hash=sample.hash(), metrics=costs)

    def end(self, number: int) -> None:
        """End a trial that was trained as long as the recipe has it."""
        record = self.history.pending.pop(number, None) or self.history.stopped.pop(number)
        outcome = self.outcomes[number]
        if outcome.values is None:
            self.history.failed.append(record)
        else:
            metrics = {**record.metrics, **dict(zip(self.bed.objectives, outcome.values, strict=True))}
            self.history.complete.append(replace(record, values=outcome.values, rung=None, metrics=metrics))
        self.run.truths.append(outcome.truth if outcome.values is not None else None)

    def _end_first(self) -> None:
        number = self._running.popleft()
        self.end(number)
        self.cost += 1
        self.run.spent.append(self.cost)
        if self.bed.has_noise and len(self.run.truths) in self.bed.checkpoints:
            self._recommend()

    def _recommend(self) -> None:
        record = self.sampler.recommend(self.bed.space, self.history)
        assert record is not None  # some trial is complete
        self.run.recommended[len(self.run.truths)] = self.outcomes[record.number].truth

    def _drive_with_views(self) -> Run:
        pruner = self.bed.pruner
        assert pruner is not None
        ((rung),) = pruner.rungs
        share, results = rung / self.bed.epochs, dict[int, RungResult]()
        while True:
            number = pruner.promotable(rung, list(results.values()))
            price = share if number is None else 1 - share
            if self.cost + price > self.bed.trials + 1e-9:
                return self.run
            if number is None:
                number = self.begin()
                self._view(number, rung, results)
                self.cost += price
                decision = pruner.decide(rung, results[number], list(results.values()))
                if not decision.promote:
                    self._stop(number, rung)
                    continue
                if self.cost + 1 - share > self.bed.trials + 1e-9:
                    return self.run
                price = 1 - share
            results[number] = replace(results[number], passed=True)
            self.end(number)
            self.cost += price
            self.run.spent.append(self.cost)

    def _view(self, number: int, rung: int, results: dict[int, RungResult]) -> None:
        self._running.clear()
        values = self.outcomes[number].views[rung]
        results[number] = RungResult(number=number, values=values, passed=False)
        record = self.history.pending[number]
        self.history.pending[number] = replace(record, views={rung: values})

    def _stop(self, number: int, rung: int) -> None:
        record = self.history.pending.pop(number)
        values = record.views[rung]
        metrics = {**record.metrics, **dict(zip(self.bed.objectives, values, strict=True))}
        self.history.stopped[number] = replace(record, values=values, rung=rung, metrics=metrics)
