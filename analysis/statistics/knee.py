"""Which network of a frontier to take: the best within limits, or the one at the knee."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from archscape.spaces.errors import InputError

from ..metrics import Objectives
from .frontier import Table, frontier, log10


def knee(table: Table, objectives: Objectives, *, log: Collection[str] = ()) -> int | None:
    """Return the number of the row at the knee of a frontier in two objectives.

    The knee is the network of the frontier farthest above the straight line through the frontier's two ends,
    both objectives scaled to 0..1 between these ends (Das 1999; Branke et al. 2004). There the gain of one
    objective for the other begins to fall below the average. Costs that span orders of magnitude are measured
    in their logarithm (`log`); the knee depends on it, so say which.

    Returns:
        The row's number, from 0; None where no network lies above the line.

    Raises:
        InputError: If there are not two objectives, or a logarithmic one has a value not above 0.

    >>> nets = {"accuracy": [0.5, 0.8, 0.85, 0.9], "macs": [1, 2, 10, 20]}
    >>> knee(nets, {"accuracy": "maximize", "macs": "minimize"})
    1
    """
    if len(objectives) != 2:
        raise InputError(f"a knee needs two objectives, but got {len(objectives)}")
    columns = [np.asarray(table[name], dtype=np.float64) for name in objectives]
    finite = np.isfinite(np.column_stack(columns)).all(axis=1)
    rows = np.flatnonzero(finite & frontier(table, objectives))
    if len(rows) < 3:
        return None
    gains = []
    for (name, way), column in zip(objectives.items(), columns, strict=True):
        measured = log10(column[rows], name) if name in log else column[rows]
        if measured.max() == measured.min():  # equal networks, all of them one point
            return None
        share = (measured - measured.min()) / (measured.max() - measured.min())
        gains.append(share if way == "maximize" else 1 - share)
    above = sum(gains) - 1
    return int(rows[np.argmax(above)]) if above.max() > 1e-12 else None


def within(table: Table, limits: Mapping[str, tuple[float | None, float | None]]) -> NDArray[np.bool_]:
    """Return which rows meet every limit `(low, high)`, both included; a NaN meets none.

    Raises:
        InputError: If there is no limit.

    >>> within({"macs": [1e6, 5e6, 9e6]}, {"macs": (None, 5e6)}).tolist()
    [True, True, False]
    """
    masks = []
    for name, (low, high) in limits.items():
        column = np.asarray(table[name], dtype=np.float64)
        masks.append(~np.isnan(column))
        masks += [] if low is None else [column >= low]
        masks += [] if high is None else [column <= high]
    if not masks:
        raise InputError("within: at least one limit is needed, but got none")
    met: NDArray[np.bool_] = np.logical_and.reduce(masks)
    return met
