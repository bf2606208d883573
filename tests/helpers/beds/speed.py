"""How long a suggestion takes with many records: CPU time, by sampler."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from random import Random
from statistics import median

from archscape.analysis.metrics import count_costs
from archscape.search.samplers import make_sampler
from archscape.search.samplers.base import propose_unique
from archscape.search.study.history import History, Record
from archscape.spaces import Sample

from .bed import Bed, Outcome

SUGGESTIONS = 9
"""How many suggestions are timed; each is told its result before the next."""


@dataclass(frozen=True, kw_only=True)
class Speed:
    """CPU milliseconds of a suggestion: the first of a new sampler, and those after it."""

    first: float
    later: float


def first_objective(bed: Bed) -> Bed:
    """Return a bed that knows of its first objective alone."""

    def train(sample: Sample, seed: int) -> Outcome:
        outcome = bed.train(sample, seed)
        return replace(outcome, values=outcome.values and outcome.values[:1], truth=outcome.truth[:1])

    name, way = next(iter(bed.objectives.items()))
    return replace(bed, objectives={name: way}, train=train)


def records(bed: Bed, number: int) -> list[Record]:
    """Return the records of random networks of a bed, all different."""
    rng, hashes, result = Random("speed"), set[str](), list[Record]()
    while len(result) < number:
        sample = bed.space.sample(rng)
        if sample.hash() not in hashes:
            hashes.add(sample.hash())
            result.append(record(bed, sample, len(result)))
    return result


def record(bed: Bed, sample: Sample, number: int) -> Record:
    """Return the record of a network that was trained."""
    values = bed.train(sample, 0).values
    assert values is not None  # no bed that is timed has failures
    metrics = count_costs(sample.totals) | dict(zip(bed.objectives, values, strict=True))
    return Record(
        number=number, decisions=sample.decisions, values=values, hash=sample.hash(), metrics=metrics
    )


def time_sampler(name: str, bed: Bed, known: list[Record]) -> Speed:
    """Return how long a sampler takes with these records."""
    history = History(
        objectives=bed.objectives,
        complete=list(known),
        hashes={each.hash for each in known},
        next_number=len(known),
    )
    sampler, milliseconds = make_sampler(name), []
    for number in range(len(known), len(known) + 1 + SUGGESTIONS):
        started = time.process_time()
        sample = propose_unique(sampler, bed.space, history, Random(f"0:{number}")).sample
        milliseconds.append(1e3 * (time.process_time() - started))
        history.complete.append(record(bed, sample, number))
        history.hashes.add(sample.hash())
        history.next_number = number + 1
    return Speed(first=milliseconds[0], later=median(milliseconds[1:]))
