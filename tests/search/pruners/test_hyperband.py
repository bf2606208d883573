"""Hyperband: which bracket a trial is in, where it may be stopped, and whom it is compared with."""

from __future__ import annotations

import doctest
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscape.analysis.metrics import Direction
from archscape.search.pruners import RungResult, hyperband
from archscape.search.pruners.halving import Halving
from archscape.search.pruners.hyperband import Hyperband, HyperbandPruner

ONE: Mapping[str, Direction] = {"accuracy": "maximize"}
BOTH: Mapping[str, Direction] = {"accuracy": "maximize", "macs": "minimize"}
RULE = Hyperband().pruner(ONE, 27)
assert isinstance(RULE, HyperbandPruner)


def numbers_of(bracket: int, count: int) -> list[int]:
    """Return the numbers of the first trials of a bracket."""
    assert isinstance(RULE, HyperbandPruner)
    return [number for number in range(1000) if RULE.bracket_of(number) == bracket][:count]


def rung_results(bracket: int, values: Sequence[float], *, passed: bool = False) -> list[RungResult]:
    numbers = numbers_of(bracket, len(values))
    return [
        RungResult(number=number, values=(value,), passed=passed)
        for number, value in zip(numbers, values, strict=True)
    ]


def test_rungs_are_those_of_halving() -> None:
    assert RULE.rungs == Halving().pruner(ONE, 27).rungs == (3, 9)
    assert Hyperband(eta=2, epochs=1).pruner(ONE, 9).rungs == (1, 2, 4)


def test_brackets_have_the_shares_of_the_paper() -> None:
    """With R = 9 and eta = 3 the paper's brackets begin with 9, 5 and 3 trials."""
    assert isinstance(RULE, HyperbandPruner)
    brackets = Counter(RULE.bracket_of(number) for number in range(17 * 5))
    assert brackets == {2: 9 * 5, 1: 5 * 5, 0: 3 * 5}


@pytest.mark.parametrize("eta", [2, 3, 4])
@pytest.mark.parametrize("epochs", [9, 27, 243])
def test_all_brackets_grow_evenly_from_the_first_trial_on(eta: int, epochs: int) -> None:
    rule = Hyperband(eta=eta, epochs=1).pruner(ONE, epochs)
    assert isinstance(rule, HyperbandPruner)
    sizes = [hyperband.bracket_size(bracket, len(rule.rungs), eta) for bracket in range(len(rule.rungs) + 1)]
    counts = [0] * len(sizes)
    for number in range(2 * sum(sizes)):
        counts[rule.bracket_of(number)] += 1
        for count, size in zip(counts, sizes, strict=True):
            assert abs(count - (number + 1) * size / sum(sizes)) <= len(sizes) / 2


def test_a_bracket_stops_trials_at_its_last_rungs_alone() -> None:
    def stops(bracket: int, rung: int) -> bool:
        worst = rung_results(bracket, [0.9, 0.8, 0.7, 0.1])
        return not RULE.decide(rung, worst[-1], worst).promote

    assert [[stops(bracket, rung) for rung in RULE.rungs] for bracket in (2, 1, 0)] == [
        [True, True],
        [False, True],
        [False, False],
    ]


def test_a_trial_is_compared_with_those_of_its_bracket_alone() -> None:
    strong, weak = rung_results(2, [0.9, 0.8, 0.7]), rung_results(1, [0.3, 0.2, 0.1])
    everyone = [*strong, *weak]
    assert [RULE.decide(9, each, everyone).promote for each in everyone] == [True, False, False] * 2
    assert RULE.decide(9, weak[0], everyone).reason == (
        "bracket 2 of 3: rank 1 of 3 at epoch 9; the best one goes on"
    )
    assert RULE.decide(3, weak[0], everyone).reason == "bracket 2 of 3 stops no trial at epoch 3"


def test_what_a_bracket_stopped_goes_on_when_it_is_among_the_best_of_the_bracket_later() -> None:
    first, second, *worse = rung_results(2, [0.9, 0.8, 0.2, 0.1])
    passed = RungResult(number=first.number, values=first.values, passed=True)
    assert RULE.promotable(3, [passed, second, worse[0]]) is None
    assert RULE.promotable(3, [passed, second, *worse]) == second.number


def test_several_objectives_are_ranked_as_halving_ranks_them() -> None:
    rule, halving = Hyperband().pruner(BOTH, 27), Halving().pruner(BOTH, 27)
    points = [(0.9, 900.0), (0.8, 100.0), (0.7, 950.0), (0.6, 990.0), (0.5, 999.0)]
    results = [
        RungResult(number=number, values=point, passed=False)
        for number, point in zip(numbers_of(2, len(points)), points, strict=True)
    ]
    assert [rule.decide(3, each, results).promote for each in results] == [
        halving.decide(3, each, results).promote for each in results
    ]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.sampled_from([2, 3]))
def test_of_every_bracket_the_best_share_goes_on(values: list[float], eta: int) -> None:
    rule = Hyperband(eta=eta).pruner(ONE, 27)
    assert isinstance(rule, HyperbandPruner)
    results = [RungResult(number=i, values=(value,), passed=False) for i, value in enumerate(values)]
    rung = rule.rungs[-1]
    going = Counter(rule.bracket_of(r.number) for r in results if rule.decide(rung, r, results).promote)
    sizes = Counter(rule.bracket_of(r.number) for r in results)
    assert going == {bracket: -(-size // eta) if bracket else size for bracket, size in sizes.items()}


def test_worked_example_holds() -> None:
    assert doctest.testmod(hyperband) == (0, 1)
