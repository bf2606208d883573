"""The contract of samplers can be broken: each law catches the fault that it is there for."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

import pytest

from archscape.search.samplers.base import Prediction, Proposal, Sampler
from archscape.search.samplers.random import RandomSampler
from archscape.search.samplers.testing import (
    Law,
    check,
    check_determinism,
    check_failures,
    check_many_trials,
    check_measured_limits,
    check_objectives,
    check_pending,
    check_proposals,
    check_recommendation,
    check_seed,
    check_settings,
    check_spaces,
)
from archscape.search.study.history import History, Record
from archscape.spaces import Sample, Space
from archscape.spaces.kinds import whole


@dataclass(frozen=True, kw_only=True)
class Faulty(Sampler):
    """Draws at random, and is the start of samplers that have a fault."""

    name: ClassVar[str] = "faulty"

    def sample(self, space: Space, history: History, rng: random.Random) -> Sample:
        return space.sample(rng)


@dataclass(frozen=True, kw_only=True)
class Unchecked(Faulty):
    """Has a setting of no kind."""

    width: int = 3


@dataclass(frozen=True, kw_only=True)
class Renamed(Faulty):
    """Writes another setting than it has."""

    width: Annotated[int, whole(1)] = 3

    def to_dict(self) -> dict[str, str | int | float]:
        return {"rule": "faulty", "wide": self.width}


@dataclass(frozen=True, kw_only=True)
class Infeasible(Faulty):
    """Takes the largest network, whatever the limits."""

    def sample(self, space: Space, history: History, rng: random.Random) -> Sample:
        return space.decide(lambda _, options: options[-1])


@dataclass(frozen=True, kw_only=True)
class Talkative(Faulty):
    """Predicts what nobody asked for."""

    def proposals(self, space: Space, history: History, rng: random.Random) -> Iterator[Proposal]:
        predicted = {"beauty": Prediction(mean=1.0, deviation=1.0, incumbent=0.0)}
        yield Proposal(sample=space.sample(rng), predicted=predicted)


@dataclass(frozen=True, kw_only=True)
class Unsure(Faulty):
    """Predicts with no deviation that is a number."""

    def proposals(self, space: Space, history: History, rng: random.Random) -> Iterator[Proposal]:
        predicted = {"accuracy": Prediction(mean=1.0, deviation=float("nan"), incumbent=0.0)}
        yield Proposal(sample=space.sample(rng), predicted=predicted)


@dataclass(frozen=True, kw_only=True)
class Forgetful(Faulty):
    """Draws from the source that the whole process shares."""

    def sample(self, space: Space, history: History, rng: random.Random) -> Sample:
        return space.sample(random.Random(random.random()))


@dataclass(frozen=True, kw_only=True)
class Counting(Faulty):
    """Draws otherwise the more often it is asked."""

    calls: list[int] = field(default_factory=list, compare=False)

    def sample(self, space: Space, history: History, rng: random.Random) -> Sample:
        self.calls.append(0)
        return space.sample(random.Random(f"{rng.random()}:{len(self.calls)}"))


@dataclass(frozen=True, kw_only=True)
class Unordered(Faulty):
    """Begins with whatever hash a set has first."""

    def sample(self, space: Space, history: History, rng: random.Random) -> Sample:
        return space.sample(random.Random(f"{rng.random()}:{next(iter(history.hashes), '')}"))


@dataclass(frozen=True, kw_only=True)
class Meddling(Faulty):
    """Sorts what it is shown."""

    def sample(self, space: Space, history: History, rng: random.Random) -> Sample:
        history.complete.sort(key=lambda record: record.values or ())
        return space.sample(rng)


@dataclass(frozen=True, kw_only=True)
class Stubborn(Faulty):
    """Draws a number and forgets it."""

    def sample(self, space: Space, history: History, rng: random.Random) -> Sample:
        rng.random()
        return space.sample(random.Random(0))


@dataclass(frozen=True, kw_only=True)
class Hasty(Faulty):
    """Takes it that a trial has ended well."""

    def sample(self, space: Space, history: History, rng: random.Random) -> Sample:
        best = max(history.complete, key=lambda record: record.values or ())
        return space.mutate(best.decisions, rng)


@dataclass(frozen=True, kw_only=True)
class Narrow(Faulty):
    """Knows two objectives, and limits that are met."""

    def sample(self, space: Space, history: History, rng: random.Random) -> Sample:
        assert all(len(record.values or ()) == 2 for record in history.complete), "two objectives"
        assert all(record.violation < 9 for record in history.complete), "limits are measured"
        return space.sample(rng)


@dataclass(frozen=True, kw_only=True)
class Shallow(Faulty):
    """Knows whole numbers alone as options."""

    def sample(self, space: Space, history: History, rng: random.Random) -> Sample:
        sample = space.sample(rng)
        assert not any("recipe" in path for path in sample.decisions), "training is a choice too"
        return sample


@dataclass(frozen=True, kw_only=True)
class Slow(Faulty):
    """Takes a few trials alone."""

    def sample(self, space: Space, history: History, rng: random.Random) -> Sample:
        assert len(history.complete) < 1000, "too many trials"
        return space.sample(rng)


@dataclass(frozen=True, kw_only=True)
class Proud(Faulty):
    """Recommends the network that it likes, tried or not."""

    def recommend(self, space: Space, history: History) -> Record | None:
        return Record(number=0, decisions={}, values=(1.0, 1.0))


@dataclass(frozen=True, kw_only=True)
class Daring(Faulty):
    """Recommends the best network, whatever the limits."""

    def recommend(self, space: Space, history: History) -> Record | None:
        return max(history.complete, key=lambda record: record.violation, default=None)


FAULTS: list[tuple[type[Sampler], Law, str]] = [
    (Unchecked, check_settings, r"\['width'\] have no kind"),
    (Renamed, check_settings, "got an unexpected keyword argument 'wide'"),
    (Infeasible, check_proposals, "beyond the limits"),
    (Talkative, check_proposals, r"predicts \['beauty'\], not asked for"),
    (Unsure, check_proposals, "of accuracy it predicts"),
    (Forgetful, check_determinism, "the same search, another sample"),
    (Counting, check_determinism, "the same search, another sample"),
    (Unordered, check_determinism, "the same search, another sample"),
    (Meddling, check_proposals, "faulty changes the history"),
    (Stubborn, check_seed, "whatever the seed"),
    (Hasty, check_pending, "max()"),
    (Hasty, check_failures, "max()"),
    (Narrow, check_objectives, "two objectives"),
    (Narrow, check_measured_limits, "limits are measured"),
    (Shallow, check_spaces, "training is a choice too"),
    (Proud, check_recommendation, "an untried one"),
    (Daring, check_recommendation, "some are within"),
    pytest.param(Slow, check_many_trials, "too many trials", marks=pytest.mark.slow),  # type: ignore[list-item]
]


@pytest.mark.parametrize(("sampler", "law", "message"), FAULTS)
def test_a_law_catches_its_fault(sampler: type[Sampler], law: Law, message: str) -> None:
    with pytest.raises((AssertionError, ValueError, TypeError), match=message):
        law(sampler())


def test_a_sampler_without_fault_passes() -> None:
    check(RandomSampler())
    check(Faulty())
