"""Expected improvement, of one objective and of the hypervolume over known costs, against draws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri

from archscape.analysis.metrics import Objectives
from archscape.analysis.statistics.frontier import hypervolume
from archscape.search.samplers.bayes.acquisition import Staircase, expected_improvement

DRAWS = ndtri((np.arange(200) + 0.5) / 200)
"""Draws from a standard normal, evenly."""


def test_expected_improvement_is_the_mean_over_the_posterior() -> None:
    mean, deviation = np.array([-1.0, 0.0, 1.5]), np.array([0.5, 1.0, 0.1])
    draws = mean + deviation * DRAWS[:, None]
    expected = np.maximum(0, draws - 0.8).mean(axis=0)
    np.testing.assert_allclose(expected_improvement(mean, deviation, 0.8), expected, atol=0.01)
    assert (expected_improvement(np.array([-50.0]), np.array([0.1]), 0.0) >= 0).all()


@pytest.mark.parametrize("costs", [1, 2, 3])
def test_improvement_over_costs_is_that_of_the_hypervolume(costs: int) -> None:
    rng = np.random.default_rng(costs)
    tried, means = rng.uniform(1, 4, (6, costs)), rng.normal(size=6)
    floor, reference = float(means.min()) - 0.5, np.full(costs, 5.0)
    candidates, mean, deviation = rng.uniform(1, 5, (4, costs)), rng.normal(size=4), rng.uniform(0.2, 1, 4)
    stairs = Staircase.of(means, tried, reference, floor)
    names = [f"cost{i}" for i in range(costs)]
    directions: Objectives = {"gain": "maximize", **dict.fromkeys(names, "minimize")}

    def volume(gains: list[float], points: list[list[float]]) -> float:
        table = {"gain": gains, **{name: [p[i] for p in points] for i, name in enumerate(names)}}
        corner = {"gain": floor, **dict.fromkeys(names, 5.0)}
        return hypervolume(table, directions, corner)

    before = volume(means.tolist(), tried.tolist())
    for i in range(4):
        draws = mean[i] + deviation[i] * DRAWS[:800]
        after = [volume([*means, draw], [*tried, candidates[i]]) for draw in draws]
        actual = stairs.expected_improvement(mean[i : i + 1], deviation[i : i + 1], candidates[i : i + 1])
        assert actual[0] == pytest.approx(np.mean(after) - before, rel=0.01, abs=5e-3)


def test_a_network_that_costs_as_much_as_the_reference_improves_nothing() -> None:
    stairs = Staircase.of(np.array([0.0]), np.array([[2.0]]), np.array([4.0]), -1.0)
    assert stairs.expected_improvement(np.array([9.0]), np.array([1.0]), np.array([[4.0]])) == 0


def test_with_nothing_above_the_floor_every_cell_is_open() -> None:
    stairs = Staircase.of(np.array([0.0]), np.array([[4.0]]), np.array([4.0]), 0.0)
    gain = stairs.expected_improvement(np.array([1.0]), np.array([1e-9]), np.array([[1.0]]))
    assert gain[0] == pytest.approx(3.0)  # one above the floor, over costs from 1 to 4


def test_a_long_front_keeps_its_ends() -> None:
    costs = np.linspace(1, 2, 200)[:, None]
    stairs = Staircase.of(costs[:, 0], costs, np.array([3.0]), 0.0)
    assert len(stairs.levels) < 70
    assert stairs.levels.max() == 2
    assert stairs.edges[0][1] == 1
