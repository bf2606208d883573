"""Walks through a space: each trial takes the first point that is left."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

import pytest

from archscape.search.samplers import walk
from archscape.search.samplers.walk import Walk, WalkSampler
from archscape.search.study.history import History
from archscape.spaces import Sample, Space

SPACE = Space.from_yaml(
    "space: lines\ninput: 1x8x8\nlayers:\n  - conv: {width: {2, 4, 8, 16}}\n  - linear: {width: 10}\n"
)
SAMPLES = [*SPACE.enumerate()]


@dataclass(frozen=True, kw_only=True)
class Lines(WalkSampler):
    """From the narrowest to the widest, and over again where it is `endless`."""

    name: ClassVar[str] = "lines"
    endless: bool = False

    def walk(self, space: Space, seed: str) -> Walk:
        def point(place: int) -> Sample | None:
            return SAMPLES[place % 4] if self.endless or place < 4 else None

        return Walk(space=space, point=point)


def points(sampler: WalkSampler, space: Space, tried: set[str], count: int) -> Iterator[tuple[object, str]]:
    history = History(objectives={"accuracy": "maximize"}, hashes=tried)
    for each in islice(sampler.proposals(space, history, random.Random(0)), count):
        yield each.sample.decisions["conv.width"], each.reason


def test_what_was_tried_is_passed_over() -> None:
    tried = {SAMPLES[0].hash(), SAMPLES[2].hash()}
    assert [*points(Lines(), SPACE, tried, 2)] == [(4, "point 2 of the walk"), (16, "point 4 of the walk")]


def test_an_instance_that_has_seen_more_proposes_the_same() -> None:
    seasoned = Lines()
    for tried in ({each.hash() for each in SAMPLES[:3]}, set[str](), {SAMPLES[1].hash()}):
        assert [*points(seasoned, SPACE, tried, 1)] == [*points(Lines(), SPACE, tried, 1)]


def test_what_is_beyond_the_limits_is_passed_over() -> None:
    narrow = SPACE.tighten({"params": f"..{SAMPLES[1].totals.params}"})
    assert [*points(Lines(), narrow, set(), 2)] == [(2, "point 1 of the walk"), (4, "point 2 of the walk")]


@pytest.mark.parametrize("endless", [False, True])
def test_at_its_end_or_after_many_misses_samples_are_random(
    endless: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "MISSES", 20)
    tried = {each.hash() for each in SAMPLES}
    assert {reason for _, reason in points(Lines(endless=endless), SPACE, tried, 3)} == {
        "random, as the walk has ended"
    }
