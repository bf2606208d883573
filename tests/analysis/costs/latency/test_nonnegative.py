"""Least squares without negative solutions: as SciPy has them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import nnls

from archscape.analysis.costs.latency.nonnegative import nonnegative_least_squares


@pytest.mark.parametrize("seed", range(40))
def test_solutions_are_those_of_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = int(rng.integers(3, 60)), int(rng.integers(1, 7))
    matrix = rng.random((rows, columns)) * 10 ** rng.uniform(-3, 3, columns)
    target = matrix @ rng.normal(size=columns) + rng.normal(size=rows)
    ours = nonnegative_least_squares(matrix, target)
    theirs, residual = nnls(matrix, target)
    assert (ours >= 0).all()
    assert np.linalg.norm(matrix @ ours - target) == pytest.approx(residual, rel=1e-9)
    if rows > columns:
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9 * np.abs(theirs).max())


def test_columns_of_zeros_and_equal_ones_end_too() -> None:
    matrix = np.array([[1.0, 1.0, 0.0], [2.0, 2.0, 0.0], [3.0, 3.0, 0.0]])
    solution = nonnegative_least_squares(matrix, np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(matrix @ solution, [1.0, 2.0, 3.0])
