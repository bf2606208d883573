"""Least squares without negative solutions, by NumPy alone, which is all that a calibration needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import bool_, float64
    from numpy.typing import NDArray

    Floats = NDArray[float64]

STEPS_A_COLUMN = 10
"""Columns taken in before a solution counts as the best that rounding allows."""


def nonnegative_least_squares(matrix: Floats, target: Floats) -> Floats:
    """Return x >= 0 that minimises |matrix x - target| (Lawson and Hanson 1974, chapter 23).

    Args:
        matrix: (rows, columns).
        target: (rows,).

    >>> import numpy as np
    >>> nonnegative_least_squares(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([2.0, -1.0])).tolist()
    [2.0, 0.0]
    """
    import numpy as np

    rows, columns = matrix.shape
    solution, used = np.zeros(columns), np.zeros(columns, dtype=bool)
    tolerance = 10 * max(rows, columns) * np.spacing(1.0) * np.abs(matrix).sum(axis=0).max()
    for _ in range(STEPS_A_COLUMN * columns):
        slope = np.where(used, -np.inf, matrix.T @ (target - matrix @ solution))
        if slope.max() <= tolerance:
            break
        used[slope.argmax()] = True
        solution = _within(matrix, target, solution, used)
    return solution


def _within(matrix: Floats, target: Floats, solution: Floats, used: NDArray[bool_]) -> Floats:
    """Return the best solution of the columns in use, of which those that would be negative leave."""
    import numpy as np

    while True:
        best = np.zeros_like(solution)
        best[used] = np.linalg.lstsq(matrix[:, used], target, rcond=None)[0]
        falling = used & (best < 0)
        if not falling.any():
            return best
        way = (solution[falling] / (solution[falling] - best[falling])).min()
        solution = solution + way * (best - solution)
        used &= ~(falling & (solution <= np.spacing(np.abs(best).max())))
