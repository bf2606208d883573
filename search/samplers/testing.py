"""The contract of a sampler: a pure function of space, history and randomness. For tests of your own too.

::

    from archscape.search.samplers.testing import check
    from my_sampler import Greedy

    def test_my_sampler() -> None:
        check(Greedy(startup=4))

Each law raises an AssertionError that says what differs. They are cheap: nothing is trained, and no history
but that of `check_many_trials` has more than some dozens of trials. `LAWS` has them one by one.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import fields, replace
from functools import cache
from itertools import islice
from typing import TypeAlias

import numpy as np

from archscape.analysis.limits import Limits, MetricLimit
from archscape.analysis.metrics import Objectives
from archscape.spaces import Space
from archscape.spaces.language.settings import RULE, kinds_of

from ..costs.asked import AskedCosts
from ..study.history import History
from ..training.choices.reading import read_any_recipe
from .base import Exhausted, Proposal, Sampler
from .rehearsal import End, Rehearsal
from .trial_space import trial_space

Law: TypeAlias = Callable[[Sampler], None]

SMALL = """\
space: small
input: 1x8x8
blocks:
  layer:
    identity:
    keep: {kernel: {1, 3}}
  keep(kernel):
    - conv: {width: $in, kernel: $kernel}
layers:
  - conv: {width: {4, 8}}
  - layer: {name: first}
  - layer: {name: second}
  - avgpool
  - linear: {width: 10}
"""
"""A choice that another opens, and 14 networks that differ among 18 lists of decisions."""

SINGLE = """\
space: single
input: 1x8x8
layers: [conv: {width: {4, 8}}, linear: {width: 10}]
within: {params: ..4k}
"""
"""A space of one network within its limits."""

BOTH: Objectives = {"accuracy": "maximize", "macs": "minimize"}

OBJECTIVES: tuple[Objectives, ...] = (
    {"accuracy": "maximize"},
    {"loss": "minimize"},
    {"macs": "minimize"},
    {"accuracy": "maximize", "loss": "minimize"},
    {"loss": "minimize", "params": "minimize", "accuracy": "maximize", "macs": "minimize"},
)

MANY = 5_000


def check(sampler: Sampler) -> None:
    """Check a sampler, with the settings that it has.

    Raises:
        AssertionError: At the first law that it breaks.
    """
    for law in LAWS:
        law(sampler)


def rehearsal(
    space: Space,
    objectives: Objectives = BOTH,
    *,
    limits: Limits | None = None,
    asked: AskedCosts | None = None,
) -> Rehearsal:
    """Return a search that has tried nothing yet."""
    history = History(objectives=objectives, limits=limits or {}, asked=asked, epochs=4)
    return Rehearsal(space=space, history=history)


def first(
    sampler: Sampler, space: Space, history: History, *, seed: int = 0, number: int = 3
) -> list[Proposal]:
    """Return the first proposals of a sampler, and check that it left the history as it was."""
    before = deepcopy(history)
    proposals = [*islice(sampler.proposals(space, history, random.Random(seed)), number)]
    assert history == before, f"{sampler.name} changes the history"
    return proposals


def check_settings(sampler: Sampler) -> None:
    """Check that its settings are those of a rule: each of a kind, each with a default, as a job has them."""
    cls = type(sampler)
    plain, kinds = {field.name for field in fields(cls)}, set(kinds_of(cls))
    assert plain == kinds, (
        f"{cls.__name__}: {sorted(plain - kinds)} have no kind, as in Annotated[int, whole(0)]"
    )
    assert cls() == cls(), f"{cls.__name__}: two of the same settings differ"
    assert replace(sampler) == sampler, f"{cls.__name__}: a copy differs"
    written = sampler.to_dict()
    assert written.pop(RULE) == cls.name, f"{cls.__name__}: its rule is not its name"
    assert cls(**written) == sampler, f"{cls.__name__}: {written} does not give it again"


def check_proposals(sampler: Sampler) -> None:
    """Check that what it proposes is within the limits of the space, with a reason and sound numbers."""
    search = rehearsal(_digits())
    for number in range(20):
        for proposal in first(sampler, search.space, search.history, seed=number):
            _check_proposal(sampler, search, proposal)
        proposal = search.propose(sampler)
        assert proposal.sampler, f"{sampler.name}: a proposal names no sampler"
        search.add(proposal.sample)


def _check_proposal(sampler: Sampler, search: Rehearsal, proposal: Proposal) -> None:
    within = search.space.contains(proposal.sample.decisions)
    assert within, f"{sampler.name} proposes what is beyond the limits: {proposal.sample.decisions}"
    assert "\n" not in proposal.reason, f"{sampler.name}: a reason is one line, but {proposal.reason!r}"
    known = {*search.history.objectives, *search.history.limits}
    assert {*proposal.predicted} <= known, f"{sampler.name} predicts {[*proposal.predicted]}, not asked for"
    for name, prediction in proposal.predicted.items():
        sound = all(map(math.isfinite, prediction)) and prediction.deviation >= 0
        assert sound, f"{sampler.name}: of {name} it predicts {prediction}"


def check_determinism(sampler: Sampler) -> None:
    """Check that proposals follow from space, history and seed.

    Neither from the global sources of randomness, nor from the order of a set, which differs from one process
    to another, nor from what an instance has seen before: another search, or this one before a trial was
    dropped.
    """
    seasoned, search = replace(sampler), rehearsal(_digits())
    search.run(seasoned, 22, ends=("complete", "complete", "stopped", "complete", "failed"))
    other = rehearsal(_digits(), {"loss": "minimize"}).fill(24, seed=1)
    histories = [search.history, search.history.until(15), _without(search.history, 3), other.history]
    for history in histories:
        proposals = first(seasoned, search.space, history)
        again = replace(history, hashes=_reordered(history.hashes))
        with _other_global_seeds():
            _check_same(sampler, first(replace(sampler), search.space, again), proposals)


def _without(history: History, place: int) -> History:
    complete = [record for i, record in enumerate(history.complete) if i != place]
    return replace(history, complete=complete, hashes=history.hashes - {history.complete[place].hash})


def _reordered(hashes: set[str]) -> set[str]:
    """Return the same set, which is walked through in another order."""
    padding = [str(number) for number in range(20 * len(hashes))]
    reordered = hashes.union(padding)
    for each in padding:  # one by one, which leaves the others where the larger set had them
        reordered.discard(each)
    return reordered


@contextmanager
def _other_global_seeds() -> Iterator[None]:
    """Set the sources of randomness that all of a process share, which no sampler may draw from."""
    states = random.getstate(), np.random.get_state()
    random.seed(7)
    np.random.seed(7)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])


def _check_same(sampler: Sampler, proposals: Sequence[Proposal], others: Sequence[Proposal]) -> None:
    for proposal, other in zip(proposals, others, strict=True):
        for what in ("reason", "predicted"):
            values = getattr(proposal, what), getattr(other, what)
            assert values[0] == values[1], f"{sampler.name}: the same search, another {what}: {values}"
        decisions = proposal.sample.decisions, other.sample.decisions
        assert decisions[0] == decisions[1], f"{sampler.name}: the same search, another sample: {decisions}"


def check_seed(sampler: Sampler) -> None:
    """Check that another seed gives another search, unless nothing is drawn at random."""
    search, rng = rehearsal(_digits()).fill(12), random.Random(0)
    before = rng.getstate()
    proposals = [*islice(sampler.proposals(search.space, search.history, rng), 3)]
    others = [first(sampler, search.space, search.history, seed=seed) for seed in range(1, 9)]
    same = all(_decisions(each) == _decisions(proposals) for each in others)
    assert not same or rng.getstate() == before, f"{sampler.name} proposes the same, whatever the seed"


def _decisions(proposals: Sequence[Proposal]) -> list[Mapping[str, object]]:
    return [proposal.sample.decisions for proposal in proposals]


def check_pending(sampler: Sampler) -> None:
    """Check that many workers ask one after the other, and none of their trials has ended, or few."""
    for complete in (0, 12):
        search = rehearsal(_digits()).fill(complete)
        search.run(sampler, 12, ends=("pending",))
        _check_distinct(sampler, search)


def check_failures(sampler: Sampler) -> None:
    """Check that a search goes on where all trials fail, or are stopped early, or some end in each way."""
    ways: list[tuple[End, ...]] = [("failed",), ("stopped",), ("pending", "failed", "stopped", "complete")]
    for ends in ways:
        search = rehearsal(_digits())
        search.run(sampler, 18, ends=ends)
        _check_distinct(sampler, search)


def check_limits(sampler: Sampler) -> None:
    """Check that no trial is beyond limits that the job alone has, which are known before training."""
    asked = AskedCosts(names=("receptive_field",), limits={"receptive_field": MetricLimit(low=8, high=24)})
    search = rehearsal(_digits(), asked=asked)
    search.run(sampler, 16)
    _check_distinct(sampler, search)
    assert all(asked.holds(sample.network) for sample in search.samples), f"{sampler.name} passes limits over"


def check_measured_limits(sampler: Sampler) -> None:
    """Check that limits which only training tells are lived with, also where no trial meets them."""
    for low in (0.3, 2.0):
        limits = {"accuracy": MetricLimit(low=low)}
        search = rehearsal(_digits(), {"loss": "minimize", "macs": "minimize"}, limits=limits).fill(14)
        search.history.complete[0] = replace(search.history.complete[0], violation=math.inf)  # not measured
        search.run(sampler, 4)
        _check_distinct(sampler, search)


def check_objectives(sampler: Sampler) -> None:
    """Check that one or several objectives are taken, in either direction, measured or known before training.

    Values may all be equal, and one may be far from all others.
    """
    for objectives in OBJECTIVES:
        for spread in (1.0, 0.0):
            search = rehearsal(_digits(), objectives).fill(14)
            records = search.history.complete
            far = tuple(1e9 * value + 1e9 for value in records[0].values or ())
            flat = [replace(r, values=tuple(spread * v for v in r.values or ())) for r in records]
            search.history.complete = [replace(flat[0], values=far), *flat[1:]] if spread else flat
            search.run(sampler, 2)
            _check_distinct(sampler, search)


def check_spaces(sampler: Sampler) -> None:
    """Check spaces of every kind: choices that others open, of any depth, cells, settings of the training."""
    for space in (_digits(), Space.load("nas-bench-201"), _trainings()):
        search = rehearsal(space)
        search.run(sampler, 16)
        _check_distinct(sampler, search)


def check_exhaustion(sampler: Sampler) -> None:
    """Check that each network of a small space is tried once, and that there is none after the last."""
    for text, count in ((SMALL, 14), (SINGLE, 1)):
        search = rehearsal(Space.from_yaml(text))
        search.run(sampler, count)
        _check_distinct(sampler, search)
        try:
            sample = search.propose(sampler).sample
        except Exhausted:
            continue
        raise AssertionError(f"{sampler.name}: all {count} networks were tried, and yet {sample.decisions}")


def check_many_trials(sampler: Sampler) -> None:
    """Check a history without trials, with one, and with thousands."""
    for search in (rehearsal(_digits()), rehearsal(_digits()).fill(1), _many()):
        sample = search.propose(sampler).sample
        assert search.history.fits(sample), f"{sampler.name}: a network that was tried"


def check_long_search(sampler: Sampler) -> None:
    """Check that proposals follow from the history in a search of 80 trials, of which three run at a time."""
    seasoned, search = replace(sampler), rehearsal(_digits())
    for number in range(80):
        proposals = [search.propose(seasoned)]
        if number % 20 == 19:
            _check_same(sampler, [search.propose(replace(sampler))], proposals)
        search.add(proposals[0].sample, "pending")
        if number >= 3:
            search.end(number - 3, "failed" if number % 10 == 0 else "complete")


def check_recommendation(sampler: Sampler) -> None:
    """Check that it recommends a complete trial, one within the limits if there is any, and else none."""
    search = rehearsal(_digits(), limits={"accuracy": MetricLimit(low=0.4)})
    assert sampler.recommend(search.space, search.history) is None, (
        f"{sampler.name} recommends an untried one"
    )
    search.fill(8, ends=("failed", "pending", "stopped"))
    assert sampler.recommend(search.space, search.history) is None, f"{sampler.name}: no trial is complete"
    search.fill(16, seed=1)
    history = search.history
    before = deepcopy(history)
    record = sampler.recommend(search.space, history)
    assert history == before, f"{sampler.name} changes the history"
    assert record in history.complete, f"{sampler.name} recommends {record}, no complete trial"
    assert record is not None
    least = min(record.violation for record in history.complete)
    assert record.violation == least, (
        f"{sampler.name} recommends a trial beyond the limits, and some are within"
    )


LAWS: tuple[Law, ...] = (
    check_settings,
    check_proposals,
    check_determinism,
    check_seed,
    check_pending,
    check_failures,
    check_limits,
    check_measured_limits,
    check_objectives,
    check_spaces,
    check_exhaustion,
    check_recommendation,
    check_long_search,
    check_many_trials,
)
"""What `check` checks, the longest last."""


def _check_distinct(sampler: Sampler, search: Rehearsal) -> None:
    """Check that all trials differ, and that their networks are within the limits of the space."""
    hashes = [sample.hash() for sample in search.samples]
    assert len(hashes) == len({*hashes}), f"{sampler.name} proposes the same network twice"
    for sample in search.samples:
        within = search.space.contains(sample.decisions)
        assert within, f"{sampler.name} proposes what is beyond the limits: {sample.decisions}"


@cache
def _digits() -> Space:
    return Space.load("digits").tighten({"params": "..20k"})


@cache
def _trainings() -> Space:
    recipe = read_any_recipe({"rate": "0.01..0.1 log", "weight_decay": {"0": None, "0.1": None}})
    return trial_space(Space.load("digits"), recipe)


@cache
def _many() -> Rehearsal:
    return rehearsal(Space.load("digits")).fill(MANY)
