"""Expected improvement against draws; probabilities, also where they are too small for a number."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from archscape.search.samplers.bayes.acquisition import expected_improvement, log_probability

DRAWS = ndtri((np.arange(200) + 0.5) / 200)
"""Draws from a standard normal, evenly."""


def test_expected_improvement_is_the_mean_over_the_posterior() -> None:
    mean, deviation = np.array([-1.0, 0.0, 1.5]), np.array([0.5, 1.0, 0.1])
    draws = mean + deviation * DRAWS[:, None]
    expected = np.maximum(0, draws - 0.8).mean(axis=0)
    np.testing.assert_allclose(expected_improvement(mean, deviation, 0.8), expected, atol=0.01)
    assert (expected_improvement(np.array([-50.0]), np.array([0.1]), 0.0) >= 0).all()


def test_probabilities_are_those_of_a_normal() -> None:
    low, high = np.array([-1.0, 0.5, -np.inf, 2.0]), np.array([1.0, 0.7, 0.3, np.inf])
    np.testing.assert_allclose(np.exp(log_probability(low, high)), ndtr(high) - ndtr(low), rtol=1e-12)


def test_of_two_candidates_far_from_a_limit_the_nearer_is_likelier() -> None:
    far = np.array([10.0, 50.0, 1000.0])
    assert (np.diff(log_probability(far, np.inf)) < 0).all()
    np.testing.assert_array_equal(log_probability(far, np.inf), log_probability(-np.inf, -far))
    assert log_probability(far, far + 1)[0] < log_probability(far, np.inf)[0]
    assert log_probability(3.0, 3.0) == -np.inf
