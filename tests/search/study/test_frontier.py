"""The frontier of a search, trial by trial."""

from __future__ import annotations

import math
import random

import pytest
from helpers.dashboard import AIMS

from archscape.analysis.metrics import Direction
from archscape.analysis.statistics.frontier import frontier, hypervolume_curve, reference_point
from archscape.search.study.frontier import FrontierState


@pytest.mark.parametrize("aims", [AIMS, {**AIMS, "params": "minimize"}])
def test_frontier_is_that_of_the_report(aims: dict[str, Direction]) -> None:
    rng = random.Random(0)
    table = {name: [round(rng.uniform(1, 50)) / 10 for _ in range(120)] for name in aims}
    state = FrontierState(objectives=aims)
    for number in range(120):
        state.add(number, {name: table[name][number] for name in aims}, ended=number + 1)
    assert sorted(state.front) == frontier(table, aims).nonzero()[0].tolist()
    assert state.reference() == reference_point(table, aims)
    volumes = hypervolume_curve(table, aims, state.reference(), log=state.log())
    steps = dict(state.curve())
    assert steps == pytest.approx({ended: volumes[ended - 1] for ended in steps})
    rises = [i + 1 for i in range(120) if volumes[i] > (volumes[i - 1] if i else 0) + 1e-12]
    assert set(rises) <= set(steps)


def test_trials_beyond_the_limits_are_on_it_only_while_none_is_within() -> None:
    rng = random.Random(1)
    table = {name: [round(rng.uniform(1, 50)) / 10 for _ in range(60)] for name in AIMS}
    beyond = [0.5 * rng.randrange(1, 4) if number < 30 else 0.5 * rng.randrange(3) for number in range(60)]
    state = FrontierState(objectives=AIMS)
    for number in range(60):
        values = {name: table[name][number] for name in AIMS}
        state.add(number, values, ended=number + 1, violation=beyond[number])
        if number in (29, 59):
            rows = {name: column[: number + 1] for name, column in table.items()}
            on_front = frontier(rows, AIMS, beyond[: number + 1])
            assert sorted(state.front) == on_front.nonzero()[0].tolist()
            assert bool(state.curve()) == (0.0 in beyond[: number + 1])
    within = [number for number in range(60) if not beyond[number]]
    assert state.reference() == reference_point(
        {name: [column[number] for number in within] for name, column in table.items()}, AIMS
    )


def test_curve_of_one_objective_is_its_best_so_far() -> None:
    state = FrontierState(objectives={"loss": "minimize"})
    for number, loss in enumerate([3.0, 4.0, 2.0, math.nan, math.inf]):
        state.add(number, {"loss": loss}, ended=number + 1)
    assert state.curve() == [(1, 3.0), (3, 2.0)]
    assert state.front == [2]
