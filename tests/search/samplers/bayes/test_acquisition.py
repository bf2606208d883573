"""Expected improvement against draws."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from archscape.search.samplers.bayes.acquisition import expected_improvement

DRAWS = ndtri((np.arange(200) + 0.5) / 200)
"""Draws from a standard normal, evenly."""


def test_expected_improvement_is_the_mean_over_the_posterior() -> None:
    mean, deviation = np.array([-1.0, 0.0, 1.5]), np.array([0.5, 1.0, 0.1])
    draws = mean + deviation * DRAWS[:, None]
    expected = np.maximum(0, draws - 0.8).mean(axis=0)
    np.testing.assert_allclose(expected_improvement(mean, deviation, 0.8), expected, atol=0.01)
    assert (expected_improvement(np.array([-50.0]), np.array([0.1]), 0.0) >= 0).all()
