"""The median stopping rule."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscape.analysis.metrics import Direction
from archscape.search.pruners import RungResult
from archscape.search.pruners.median import Median, MedianPruner
from archscape.spaces.errors import JobError


def rule(way: Direction = "maximize", *, trials: int = 3) -> MedianPruner:
    return Median(trials=trials).pruner({"accuracy": way}, 5)


def results(*values: float) -> list[RungResult]:
    return [RungResult(number=i, values=(value,), passed=True) for i, value in enumerate(values)]


def test_decides_after_every_epoch_but_the_last() -> None:
    assert rule().rungs == (1, 2, 3, 4)
    assert Median(epochs=3).pruner({"accuracy": "maximize"}, 5).rungs == (3, 4)
    assert Median().pruner({"accuracy": "maximize"}, 20).rungs == tuple(range(2, 20))
    with pytest.raises(JobError, match="at least 6 epochs, and it has 5"):
        Median(epochs=5).pruner({"accuracy": "maximize"}, 5)


def test_nothing_is_stopped_before_enough_others_were_there() -> None:
    few = results(0.9, 0.8, 0.1)
    decision = rule().decide(2, few[2], few)
    assert (decision.promote, decision.reason) == (True, "2 other trials at epoch 2, too few to compare with")
    assert not rule(trials=2).decide(2, few[2], few).promote


def test_what_is_worse_than_the_median_of_the_others_is_stopped() -> None:
    known = results(0.9, 0.5, 0.6, 0.7)
    assert [rule().decide(2, result, known).promote for result in known] == [True, False, False, True]
    assert [rule("minimize").decide(2, result, known).promote for result in known] == [
        False,
        True,
        True,
        False,
    ]
    reason = rule().decide(2, known[1], known).reason
    assert reason == "accuracy 0.5 at epoch 2 is worse than the median 0.7 of 3 others"


def test_equal_trials_all_go_on() -> None:
    same = results(*[0.5] * 6)
    assert all(rule().decide(1, result, same).promote for result in same)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.sampled_from(["maximize", "minimize"]))
def test_the_best_always_goes_on(values: list[float], way: Direction) -> None:
    known = results(*values)
    best = (max if way == "maximize" else min)(known, key=lambda result: result.values[0])
    assert rule(way).decide(1, best, known).promote


@pytest.mark.slow
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(values: list[float], shuffler: random.Random) -> None:
    known = results(*values)
    mixed = shuffler.sample(known, len(known))
    assert [rule().decide(1, m, mixed) for m in known] == [rule().decide(1, m, known) for m in known]


@pytest.mark.parametrize("passed", [True, False])
def test_what_is_stopped_stays_stopped(passed: bool) -> None:
    known = [RungResult(number=0, values=(0.9,), passed=passed), *results(0.1, 0.2)[1:]]
    assert rule(trials=1).promotable(1, known) is None


def test_trials_beyond_the_limits_are_worse_than_all_within() -> None:
    points = [(0.5, 0.0), (0.6, 0.0), (0.95, 0.3), (0.9, 0.1), (0.4, 0.0)]
    rung = [
        RungResult(number=i, values=(value,), passed=True, violation=beyond)
        for i, (value, beyond) in enumerate(points)
    ]
    assert [rule().decide(2, each, rung).promote for each in rung] == [True, True, False, False, True]
    assert rule().decide(2, rung[3], rung).reason == (
        "3 of 4 others are nearer to the limits or better at epoch 2"
    )
