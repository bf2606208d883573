"""Which networks no other beats, and how much of the objective space they hold.

A table is anything that gives a column by its name: a pandas DataFrame, a dict of lists. Objectives are a
mapping from column to direction, `{"accuracy": "maximize", "macs": "minimize"}`, any number of them.

One row dominates another when it is at least as good in every objective and better in one; so equal rows do
not dominate each other and stay on the frontier together. A row with a NaN objective is never on it.

Where rows have limits to meet, too, each comes with its violation: by how much it is beyond them, 0 within.
Then domination is the constrained one of Deb et al. (2002): the smaller violation is better, and objectives
decide among equal ones. So while one row is within, none that is beyond is on the frontier.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from archscape.spaces.errors import InputError, suggest

from ..metrics import WAYS, Objectives

Floats: TypeAlias = NDArray[np.float64]


class Table(Protocol):
    """Columns by name."""

    def __getitem__(self, name: str, /) -> object:
        """Return one column."""


def frontier(
    table: Table, objectives: Objectives, violations: Sequence[float] | Floats | None = None
) -> NDArray[np.bool_]:
    """Return which rows no other row dominates, given the violation of each where there are limits.

    >>> nets = {"accuracy": [0.9, 0.8, 0.7], "macs": [300, 100, 200]}
    >>> frontier(nets, {"accuracy": "maximize", "macs": "minimize"}).tolist()
    [True, True, False]
    >>> frontier(nets, {"accuracy": "maximize", "macs": "minimize"}, [0.5, 0, 0]).tolist()
    [False, True, False]
    """
    gains = _gains(table, objectives)
    usable = ~np.isnan(gains).any(axis=1)
    if violations is not None and usable.any():
        beyond = np.asarray(violations, dtype=np.float64)
        usable &= beyond == beyond[usable].min()
    on_front = np.zeros(len(gains), dtype=np.bool_)
    on_front[usable] = _nondominated(gains[usable])
    return on_front


def ranks(
    table: Table, objectives: Objectives, violations: Sequence[float] | Floats | None = None
) -> NDArray[np.int64]:
    """Return each row's layer: 0 on the frontier, 1 on the frontier of the rest, and so on; -1 with a NaN."""
    gains = _gains(table, objectives)
    result = np.full(len(gains), -1, dtype=np.int64)
    usable = np.flatnonzero(~np.isnan(gains).any(axis=1))
    beyond = np.zeros(len(gains)) if violations is None else np.asarray(violations, dtype=np.float64)
    first = 0
    for amount in np.unique(beyond[usable]):
        rows = usable[beyond[usable] == amount]
        result[rows] = first + _ranks(gains[rows])
        first = int(result[rows].max()) + 1
    return result


def _ranks(gains: Floats) -> NDArray[np.int64]:
    """Return the layers of NaN-free points."""
    if gains.shape[1] <= 2:
        return _layers(gains)
    result = np.zeros(len(gains), dtype=np.int64)
    left, layer = np.arange(len(gains)), 0
    while len(left):
        front = _nondominated(gains[left])
        result[left[front]] = layer
        left = left[~front]
        layer += 1
    return result


def crowding_distances(points: Sequence[Sequence[float]]) -> list[float]:
    """Return for each point half the perimeter of the box up to its neighbours, in units of the extent.

    >>> crowding_distances([(0, 4), (1, 2), (4, 0)])
    [inf, 2.0, inf]
    """
    distances = [0.0] * len(points)
    for axis in range(len(points[0])):
        order = sorted(range(len(points)), key=lambda i: points[i][axis])
        extent = points[order[-1]][axis] - points[order[0]][axis]
        distances[order[0]] = distances[order[-1]] = float("inf")
        for before, i, after in zip(order, order[1:], order[2:], strict=False):
            distances[i] += (points[after][axis] - points[before][axis]) / extent if extent else 0.0
    return distances


def crowded_order(
    rows: Sequence[Sequence[float]],
    objectives: Objectives,
    *,
    violations: Sequence[float] | None = None,
    places: Sequence[tuple[float, ...]] | None = None,
    crowding: Callable[[Sequence[tuple[float, ...]]], list[float]] = crowding_distances,
) -> list[int]:
    """Return the indices of rows by layer, in each the less crowded first (NSGA-II, Deb et al. 2002).

    >>> crowded_order([(1, 5), (2, 2), (5, 1), (6, 6)], {"macs": "minimize", "loss": "minimize"})
    [0, 2, 1, 3]

    Args:
        rows: The objectives of each, without NaN.
        objectives: Their directions, in the order of the values.
        violations: By how much each is beyond the limits.
        places: Where each lies among its neighbours; the rows themselves by default.
        crowding: Returns how far the neighbours of each place in a layer are.
    """
    table = {name: [row[i] for row in rows] for i, name in enumerate(objectives)}
    layers: list[int] = ranks(table, objectives, violations).tolist()
    places = places if places is not None else [tuple(row) for row in rows]
    distances = [0.0] * len(rows)
    for layer in set(layers):
        members = [i for i, other in enumerate(layers) if other == layer]
        for i, distance in zip(members, crowding([places[i] for i in members]), strict=True):
            distances[i] = distance
    return sorted(range(len(rows)), key=lambda i: (layers[i], -distances[i], i))


def reference_point(table: Table, objectives: Objectives) -> dict[str, float]:
    """Return a corner that every row beats, round enough to be the same in the next run.

    Maximised: 0, or the worst value where one is below 0. Minimised: the next power of ten above the worst
    value, or the worst value where none is above 0. Rows with a NaN or infinite objective do not count;
    without any row it is 0 for what is maximised and 1 for what is minimised.
    """
    columns = _columns(table, objectives)
    rows = columns[np.isfinite(columns).all(axis=1)]
    if not len(rows):
        return {name: 0.0 if way == "maximize" else 1.0 for name, way in objectives.items()}
    low, high = rows.min(axis=0), rows.max(axis=0)
    return {
        name: min(0.0, float(low[i])) if way == "maximize" else _round_up(float(high[i]))
        for i, (name, way) in enumerate(objectives.items())
    }


def hypervolume(
    table: Table, objectives: Objectives, reference: Mapping[str, float], *, log: Collection[str] = ()
) -> float:
    """Return the exact volume between the reference point and the frontier (Zitzler & Thiele 1998).

    Args:
        table: Columns by name.
        objectives: Direction of each column that counts.
        reference: The corner to measure from; rows that do not beat it in every objective add nothing.
        log: Objectives measured in decades (log10). Costs span orders of magnitude, and on a linear axis the
            gap between the costliest network and the reference is nearly all of the volume. With an accuracy
            and one such cost the unit is accuracy x decades.

    Raises:
        InputError: A value on a logarithmic axis is not above 0.
    """
    return _volume(_above(table, objectives, reference, log))


def hypervolume_curve(
    table: Table, objectives: Objectives, reference: Mapping[str, float], *, log: Collection[str] = ()
) -> Floats:
    """Return the hypervolume after each row, in the order in which they finished; see `hypervolume`.

    A new row adds the box it spans less what the frontier already holds of that box.
    """
    points = _above(table, objectives, reference, log)
    front = points[:0]
    curve = np.zeros(len(points))
    total = 0.0
    for i, point in enumerate(points):
        if (point > 0).all() and not (front >= point).all(axis=1).any():
            total += float(np.prod(point)) - _volume(np.minimum(front, point))
            front = np.vstack([front[~(front <= point).all(axis=1)], point])
        curve[i] = total
    return curve


def _columns(table: Table, objectives: Objectives) -> Floats:
    """Return the objectives as (rows, objectives)."""
    if not objectives:
        raise InputError("objectives: at least one is needed, but got none")
    for name, way in objectives.items():
        if way not in WAYS:
            raise InputError(f"objectives: {name} has the direction {way!r}{suggest(way, WAYS)}")
    return np.column_stack([np.asarray(table[name], dtype=np.float64) for name in objectives])


def _gains(table: Table, objectives: Objectives) -> Floats:
    """Return the objectives as (rows, objectives), larger being better in all."""
    gains: Floats = _columns(table, objectives) * _signs(objectives)
    return gains


def _signs(objectives: Objectives) -> Floats:
    return np.array([1.0 if way == "maximize" else -1.0 for way in objectives.values()])


def log10(values: Floats, name: str) -> Floats:
    """Return the logarithm of an objective.

    Raises:
        InputError: A value is not above 0.
    """
    if (values <= 0).any():
        raise InputError(f"a logarithmic axis needs values above 0, but {name} has {values.min()}")
    return np.log10(values)


def _above(
    table: Table, objectives: Objectives, reference: Mapping[str, float], log: Collection[str]
) -> Floats:
    """Return by how much each row beats the reference point; 0 or below where it does not, or is NaN."""
    values = np.vstack([_columns(table, objectives), [reference[name] for name in objectives]])
    for i, name in enumerate(objectives):
        if name in log:
            values[:, i] = log10(values[:, i], name)
    above: Floats = (values[:-1] - values[-1]) * _signs(objectives)
    return np.where(np.isnan(above), 0.0, above)


def _nondominated(gains: Floats) -> NDArray[np.bool_]:
    """Return which of the NaN-free points no other dominates; in two objectives one sweep, O(n log n)."""
    if not len(gains):
        return np.zeros(0, dtype=np.bool_)
    ascending, positions = np.unique(gains, axis=0, return_inverse=True)
    points = ascending[::-1]  # a point can only be dominated by one before it
    on_front = np.zeros(len(points), dtype=np.bool_)
    on_front[0] = True
    if gains.shape[1] == 2:
        on_front[1:] = points[1:, 1] > np.maximum.accumulate(points[:-1, 1])
    elif gains.shape[1] > 2:
        front = points[:1]
        for i, point in enumerate(points[1:], start=1):
            if not (front >= point).all(axis=1).any():
                on_front[i] = True
                front = np.vstack([front, point])
    result: NDArray[np.bool_] = on_front[::-1][positions.reshape(-1)]
    return result


def _layers(gains: Floats) -> NDArray[np.int64]:
    """Return the layers of NaN-free points in one or two objectives by one sweep, O(n log n).

    From the best first objective down, a point belongs to the first layer without one as good in the last.
    """
    points, positions = np.unique(gains, axis=0, return_inverse=True)
    tops: list[float] = []  # of each layer so far, the best last objective, negated; ascending
    layers = np.zeros(len(points), dtype=np.int64)
    for i, last in reversed(list(enumerate((-points[:, -1]).tolist()))):
        layers[i] = bisect_right(tops, last)
        tops[layers[i] : layers[i] + 1] = [last]
    return layers[positions.reshape(-1)]


def _volume(points: Floats) -> float:
    """Return the volume of the union of the boxes from 0 to each point.

    Two axes: a sweep. More: slabs between neighbouring values of the last axis, each of the volume that the
    points reaching it span in the other axes (hypervolume by slicing objectives, While et al. 2006).
    """
    points = points[(points > 0).all(axis=1)]
    if not len(points):
        return 0.0
    points = points[_nondominated(points)]
    points = points[np.argsort(-points[:, -1], kind="stable")]
    if points.shape[1] == 1:
        return float(points[0, 0])
    heights = points[:, -1] - np.append(points[1:, -1], 0.0)
    if points.shape[1] == 2:
        return float(heights @ np.maximum.accumulate(points[:, 0]))
    return float(
        sum(height * _volume(points[: i + 1, :-1]) for i, height in enumerate(heights) if height > 0)
    )


def _round_up(worst: float) -> float:
    """Return the next power of ten above a positive number, the number itself otherwise."""
    return float(10.0 ** (np.floor(np.log10(worst)) + 1)) if worst > 0 else worst
