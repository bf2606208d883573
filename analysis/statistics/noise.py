"""How much of a frontier is luck: the chance of each network, given its spread over repeated trainings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..metrics import Objectives
from .frontier import Floats, Table, frontier

DRAWS = 1000
"""How often the values are drawn anew; a chance is then exact to 0.016 (one standard error) at worst."""


def frontier_chance(
    table: Table,
    objectives: Objectives,
    errors: Mapping[str, NDArray[np.float64]],
    *,
    violations: Sequence[float] | Floats | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Floats:
    """Return for each row the chance that it is on the frontier of the true means.

    The estimator: each mean is drawn from a normal distribution around the one that was measured, as wide as
    its standard error, all at the same time and apart from each other; the chance is the share of the draws
    in which no other row dominates the row. Without an error it is 1 on the frontier and 0 elsewhere.

    Args:
        table: Columns by name, with the means over repeated trainings.
        objectives: Direction of each column that counts.
        errors: Standard error of the mean, row by row, for the columns that have one; NaN counts as 0.
        violations: By how much each row is beyond its limits; None without any.
        draws: How often to draw.
        seed: Of the draws.

    >>> nets = {"accuracy": [0.90, 0.90, 0.80], "macs": [100, 101, 102]}
    >>> aims: Objectives = {"accuracy": "maximize", "macs": "minimize"}
    >>> frontier_chance(nets, aims, {"accuracy": np.array([0.01, 0.01, 0.01])}).round(1).tolist()
    [1.0, 0.5, 0.0]
    """
    rng = np.random.default_rng(seed)
    means = {name: np.asarray(table[name], dtype=np.float64) for name in objectives}
    widths = {name: np.nan_to_num(errors[name]) for name in objectives if name in errors}
    counts = np.zeros(len(next(iter(means.values()))))
    for _ in range(draws if widths else 1):
        drawn = {
            name: mean + widths[name] * rng.standard_normal(len(mean)) if name in widths else mean
            for name, mean in means.items()
        }
        counts += frontier(drawn, objectives, violations)
    chance: Floats = counts / (draws if widths else 1)
    return chance
