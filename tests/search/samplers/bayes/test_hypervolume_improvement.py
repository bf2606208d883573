"""The expected improvement of the hypervolume: against the hypervolume itself, and against many draws."""

from __future__ import annotations

import numpy as np
import pytest

from archscape.analysis.statistics.frontier import hypervolume
from archscape.search.samplers.bayes.acquisition import expected_improvement
from archscape.search.samplers.bayes.hypervolume_improvement import (
    MOST,
    Floats,
    Gain,
    front_of,
    hypervolume_improvement,
    known,
)


def normal(mean: Floats, deviation: Floats) -> Gain:
    """Return the gain of a normal objective."""

    return lambda levels: expected_improvement(mean, deviation, levels[:, None])


def volume(points: Floats, reference: Floats) -> float:
    names = [str(axis) for axis in range(len(reference))]
    table = {name: points[:, axis] for axis, name in enumerate(names)}
    corner = dict(zip(names, reference.tolist(), strict=True))
    return hypervolume(table, dict.fromkeys(names, "maximize"), corner)


def points_of(seed: int, number: int, axes: int) -> Floats:
    return np.random.default_rng(seed).normal(size=(number, axes))


@pytest.mark.parametrize("axes", [1, 2, 3, 4, 5])
def test_of_what_is_known_it_is_the_improvement_itself(axes: int) -> None:
    tried, candidates, reference = points_of(0, 4, axes), points_of(1, 30, axes), np.full(axes, -1.5)
    front = front_of(tried, reference)
    gains = [known(candidates[:, axis]) for axis in range(axes)]
    expected = [
        volume(np.vstack([tried, candidate]), reference) - volume(tried, reference)
        for candidate in candidates
    ]
    assert hypervolume_improvement(front, reference, gains) == pytest.approx(expected, abs=1e-12)
    assert max(expected) > 0


@pytest.mark.parametrize(("measured", "costs"), [(1, 1), (1, 2), (2, 0), (2, 1), (3, 0), (3, 1), (4, 0)])
def test_it_is_the_mean_over_many_draws(measured: int, costs: int) -> None:
    axes = measured + costs
    tried, mean, reference = points_of(2, 6, axes), points_of(3, 3, axes), np.full(axes, -2.0)
    deviation = np.random.default_rng(4).uniform(0.2, 1.2, size=(3, measured))
    gains = [normal(mean[:, axis], deviation[:, axis]) for axis in range(measured)]
    gains += [known(mean[:, axis]) for axis in range(measured, axes)]
    front, rng = front_of(tried, reference), np.random.default_rng(5)
    for i, expected in enumerate(hypervolume_improvement(front, reference, gains)):
        spread = np.append(deviation[i], np.zeros(costs))
        draws = mean[i] + spread * rng.normal(size=(100_000, axes))
        # Of what is known, it is the improvement itself: see above.
        improvements = hypervolume_improvement(front, reference, [known(column) for column in draws.T])
        error = improvements.std() / np.sqrt(len(draws))
        assert improvements.mean() == pytest.approx(expected, abs=4 * error)


def test_one_objective_and_one_cost_are_a_staircase_of_hypervolume_improvements() -> None:
    means, costs, reference = np.array([0.1, 0.6, 1.0]), np.array([1.0, 2.0, 4.0]), np.array([-1.0, -5.0])
    mean, deviation, cost = np.array([0.8]), np.array([0.5]), np.array([1.5])
    gain = normal(mean, deviation)
    steps = np.concatenate([[-np.inf], costs, [5.0]])
    levels = np.concatenate([[-1.0], means])
    widths = np.maximum(0, steps[1:] - np.maximum(steps[:-1], cost))
    front = front_of(np.stack([means, -costs], axis=1), reference)
    improvement = hypervolume_improvement(front, reference, [gain, known(-cost)])
    assert improvement == pytest.approx(widths @ gain(levels))


def test_before_anything_is_tried_all_above_the_reference_is_free() -> None:
    nothing, reference = np.empty((0, 2)), np.array([-1.0, 0.0])
    gains = [known(np.array([1.0, 5.0])), known(np.array([3.0, -1.0]))]
    assert hypervolume_improvement(front_of(nothing, reference), reference, gains).tolist() == [6.0, 0.0]


def test_a_front_is_what_nothing_dominates_above_the_reference() -> None:
    points = np.array([[1.0, 3.0], [2.0, 2.0], [1.0, 2.0], [9.0, 0.0], [1.0, 3.0]])
    assert front_of(points, np.array([0.0, 0.0])).tolist() == [[1.0, 3.0], [2.0, 2.0]]


@pytest.mark.parametrize("axes", [2, 3, 4])
def test_of_a_large_front_the_part_stays_that_holds_most_of_the_volume(axes: int) -> None:
    points = np.abs(points_of(6, 100, axes))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    reference = np.zeros(axes)
    front = front_of(points, reference)
    assert len(front) == MOST[axes]
    assert volume(front, reference) > {2: 0.99, 3: 0.95, 4: 0.8}[axes] * volume(points, reference)
