"""Successive halving: who goes on from a rung, whatever the order in which the trials came."""

from __future__ import annotations

import doctest
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscape.analysis.metrics import WAYS, Direction
from archscape.analysis.statistics.frontier import ranks
from archscape.search.pruners import Pruner, RungResult, halving
from archscape.search.pruners.halving import Asha, Halving, HalvingPruner, best_first
from archscape.spaces.errors import JobError

BOTH: Mapping[str, Direction] = {"accuracy": "maximize", "macs": "minimize"}
EPOCHS = 9

# Few distinct values, so that ties are common; accuracies and costs as they come.
VALUES = st.sampled_from([-1.0, 0.0, 0.1, 0.5, 0.9, 1.0, 100.0, 1e6])


@st.composite
def rungs(draw: st.DrawFn, *, axes: int | None = None) -> tuple[HalvingPruner, list[RungResult]]:
    """A rule and the results at a rung; some of the trials went on before."""
    count = axes or draw(st.integers(1, 3))
    objectives = {f"o{i}": draw(st.sampled_from(WAYS)) for i in range(count)}
    points = draw(st.lists(st.tuples(*[VALUES] * count), min_size=1, max_size=14))
    results = [
        RungResult(number=i, values=point, passed=draw(st.booleans())) for i, point in enumerate(points)
    ]
    return Halving(eta=draw(st.integers(2, 5))).pruner(objectives, EPOCHS), results


def gain(rule: HalvingPruner, result: RungResult) -> float:
    """Return the first objective, more being better."""
    way = next(iter(rule.objectives.values()))
    return result.values[0] if way == "maximize" else -result.values[0]


def going(rule: Pruner, results: Sequence[RungResult]) -> set[int]:
    return {result.number for result in results if rule.decide(1, result, results).promote}


def test_trials_within_the_limits_go_on_before_those_nearer_to_them() -> None:
    rule = Halving(eta=2).pruner(BOTH, EPOCHS)
    points = [((0.9, 100.0), 0.5), ((0.8, 100.0), 0.2), ((0.3, 900.0), 0.0), ((0.4, 800.0), 0.0)]
    results = [
        RungResult(number=i, values=values, passed=False, violation=beyond)
        for i, (values, beyond) in enumerate(points)
    ]
    assert [each.number for each in best_first(results, BOTH)] == [3, 2, 1, 0]
    assert going(rule, results) == {2, 3}
    assert going(rule, results[:2]) == {1}


@given(rungs())
def test_the_best_share_goes_on_and_no_more(case: tuple[HalvingPruner, list[RungResult]]) -> None:
    rule, results = case
    assert len(going(rule, results)) == -(-len(results) // rule.eta)


@pytest.mark.slow
@given(rungs())
def test_the_top_of_the_first_objective_is_never_stopped(
    case: tuple[HalvingPruner, list[RungResult]],
) -> None:
    rule, results = case
    best = max(gain(rule, result) for result in results)
    assert any(gain(rule, result) == best for result in results if result.number in going(rule, results))
    alone = [result for result in results if gain(rule, result) == best]
    if len(alone) == 1:
        assert alone[0].number in going(rule, results)


@pytest.mark.slow
@given(rungs(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(
    case: tuple[HalvingPruner, list[RungResult]], shuffler: random.Random
) -> None:
    rule, results = case
    mixed = shuffler.sample(results, len(results))
    assert [rule.decide(1, result, mixed) for result in results] == [
        rule.decide(1, m, results) for m in results
    ]
    assert rule.promotable(1, mixed) == rule.promotable(1, results)


@given(rungs())
def test_a_trial_is_promoted_when_it_is_among_the_best_and_never_twice(
    case: tuple[HalvingPruner, list[RungResult]],
) -> None:
    rule, results = case
    waiting = {result.number for result in results if not result.passed}
    promoted: list[int] = []
    while (number := rule.promotable(1, results)) is not None:
        promoted.append(number)
        results = [replace(result, passed=result.passed or result.number == number) for result in results]
    assert set(promoted) == waiting & going(rule, results)
    assert len(promoted) == len(set(promoted))


@given(rungs())
def test_no_layer_but_the_top_of_the_first_objective_goes_before_a_better_one(
    case: tuple[HalvingPruner, list[RungResult]],
) -> None:
    rule, results = case
    table = {name: [result.values[i] for result in results] for i, name in enumerate(rule.objectives)}
    layers = ranks(table, rule.objectives)
    order = [int(layers[result.number]) for result in best_first(results, rule.objectives)]
    assert order[1:] == sorted(order[1:])


@given(rungs(axes=1))
def test_with_one_objective_it_is_asha(case: tuple[HalvingPruner, list[RungResult]]) -> None:
    rule, results = case
    order = sorted(results, key=lambda result: (-gain(rule, result), result.number))
    top = order[: -(-len(results) // rule.eta)]  # Li et al. 2020, algorithm 2, get_job
    assert going(rule, results) == {result.number for result in top}
    left = [result.number for result in top if not result.passed]
    assert rule.promotable(1, results) == (left[0] if left else None)


def marks_at(points: Sequence[tuple[float, ...]]) -> list[RungResult]:
    return [RungResult(number=i, values=point, passed=False) for i, point in enumerate(points)]


def test_the_first_trial_goes_on_and_the_reason_says_why() -> None:
    rule = Halving().pruner(BOTH, EPOCHS)
    results = marks_at([(0.1, 1000)])
    decision = rule.decide(1, results[0], results)
    assert (decision.promote, decision.reason) == (True, "rank 1 of 1 at epoch 1; the best one goes on")
    results = marks_at([(0.9, 100), (0.8, 200), (0.7, 300), (0.6, 400), (0.5, 500), (0.4, 600)])
    decision = rule.decide(3, results[2], results)
    assert (decision.promote, decision.reason) == (False, "rank 3 of 6 at epoch 3; the best 2 go on")


def test_within_a_layer_those_in_empty_places_go_first() -> None:
    # All on one frontier; by decades, the third is farther from its neighbours than the second.
    results = marks_at([(0.9, 1_000_000), (0.88, 900_000), (0.5, 30_000), (0.1, 1_000)])
    assert [result.number for result in best_first(results, BOTH)] == [0, 3, 2, 1]


def test_cheap_networks_that_learn_nothing_take_no_more_than_the_share() -> None:
    cheap = [(0.1, 100.0 - i) for i in range(50)]  # each the cheapest when it came, and on the frontier
    good = [(0.5 + i / 100, 10_000.0) for i in range(10)]
    results = marks_at([*cheap, *good])
    rule = Halving().pruner(BOTH, EPOCHS)
    assert len(going(rule, results)) == 20
    assert 59 in going(rule, results)


def test_nobody_waits_at_an_empty_rung() -> None:
    assert Halving().pruner(BOTH, EPOCHS).promotable(1, []) is None


def test_equal_trials_are_taken_by_number() -> None:
    results = marks_at([(0.5, 100)] * 6)
    assert going(Halving().pruner(BOTH, EPOCHS), results) == {0, 1}


@pytest.mark.parametrize(
    ("eta", "first", "epochs", "expected"),
    [
        (3, 1, 9, (1, 3)),
        (3, 1, 10, (1, 3)),
        (3, 1, 26, (1, 3)),
        (3, 1, 27, (1, 3, 9)),
        (2, 3, 24, (3, 6, 12)),
        (4, 2, 8, (2,)),
        (3, None, 3, (1,)),
        (3, None, 9, (1, 3)),
        (2, None, 9, (1, 2, 4)),
        (3, None, 120, (13, 39)),
    ],
)
def test_from_every_rung_it_is_at_least_eta_times_as_long_to_the_end(
    eta: int, first: int | None, epochs: int, expected: tuple[int, ...]
) -> None:
    assert Halving(eta=eta, epochs=first).pruner(BOTH, epochs).rungs == expected


@pytest.mark.parametrize(("eta", "first", "epochs"), [(3, 1, 2), (3, None, 2), (3, 4, 11), (2, 9, 9)])
def test_a_rule_without_a_rung_is_refused(eta: int, first: int | None, epochs: int) -> None:
    with pytest.raises(JobError, match=f"at least {eta * (first or 1)} epochs, and it has {epochs}"):
        Halving(eta=eta, epochs=first).pruner(BOTH, epochs)


def test_asha_is_halving_under_its_own_name() -> None:
    objectives: Mapping[str, Direction] = {"accuracy": "maximize"}
    assert Asha().pruner(objectives, EPOCHS) == replace(Halving().pruner(objectives, EPOCHS), name="asha")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("workers", "eta"), [(1, 2), (1, 3), (4, 3)])
def test_a_search_ends_with_the_best_of_every_rung_beyond_it(seed: int, workers: int, eta: int) -> None:
    """Many trials, run side by side: none is stopped at the end that would not be stopped by all results."""
    rng = random.Random(seed)
    rule = Halving(eta=eta).pruner(BOTH, EPOCHS)
    cost = {number: rng.uniform(1e3, 1e6) for number in range(40)}
    final = {number: rng.random() for number in cost}
    results: dict[int, dict[int, RungResult]] = {rung: {} for rung in rule.rungs}
    new, running, complete = list(cost), list[tuple[int, int]](), set[int]()

    def next_job() -> tuple[int, int] | None:
        for rung in reversed(rule.rungs):
            number = rule.promotable(rung, list(results[rung].values()))
            if number is not None:
                results[rung][number] = replace(results[rung][number], passed=True)
                return number, rung
        return (new.pop(0), 0) if new else None

    while True:
        while len(running) < workers and (job := next_job()):
            running.append(job)
        if not running:
            break
        number, epoch = running.pop(rng.randrange(len(running)))
        rung = next((rung for rung in rule.rungs if rung > epoch), None)
        if rung is None:
            complete.add(number)
            continue
        accuracy = final[number] * rung / EPOCHS + rng.gauss(0, 0.05)
        mine = RungResult(number=number, values=(accuracy, cost[number]), passed=False)
        results[rung][number] = mine
        if rule.decide(rung, mine, list(results[rung].values())).promote:
            results[rung][number] = replace(mine, passed=True)
            running.append((number, rung))
    for rung in rule.rungs:
        there = list(results[rung].values())
        assert going(rule, there) <= {result.number for result in there if result.passed}
    assert {result.number for result in results[rule.rungs[-1]].values() if result.passed} == complete
    assert len(results[rule.rungs[0]]) == len(cost)


def test_worked_example_holds() -> None:
    assert doctest.testmod(halving) == (0, 3)
