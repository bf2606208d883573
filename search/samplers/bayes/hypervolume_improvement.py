"""The expected improvement of the hypervolume: how much a candidate is expected to add to what a front holds.

Axes are objectives, more being better, each independent of the others: measured ones of which a model has a
distribution, and costs that are known. The space above the reference that a front leaves free is cut into
boxes, slab by slab along the last axis: between two neighbouring values of that axis, what is free is what
the points that reach the slab leave free along the other axes. A candidate y adds to a box from l to u

    prod_j E[min(y_j, u_j) - l_j]+ = prod_j (G_j(l_j) - G_j(u_j)),   G_j(l) = E[y_j - l]+,

the expected improvement over a level in one objective, so the sum over boxes is exact for any number of axes
(Yang et al. 2019, "Efficient computation of expected hypervolume improvement using box decomposition"). For
a cost G is max(0, y - l). With one measured objective and one cost it is the staircase of expected
improvements; without deviation it is the improvement of the hypervolume itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from archscape.analysis.metrics import Objectives
from archscape.analysis.statistics.frontier import frontier

Floats: TypeAlias = NDArray[np.float64]
Gain: TypeAlias = Callable[[Floats], Floats]
"""Returns how much each candidate is expected to exceed each of some levels; (levels, candidates)."""

MOST = {1: 1, 2: 64, 3: 32, 4: 16}
"""Points of a front by the number of axes, so that there are a few hundred boxes."""
FEWEST = 8


def known(values: Floats) -> Gain:
    """Return the gain of an objective that is known of each candidate, (candidates,)."""
    return lambda levels: np.maximum(values - levels[:, None], 0.0)


def front_of(points: Floats, reference: Floats) -> Floats:
    """Return the points that no other dominates, among those above the reference; (points, axes).

    Of very many, those stay that hold most of the volume.
    """
    above = np.unique(points[(points > reference).all(axis=1)], axis=0)
    axes: Objectives = {str(axis): "maximize" for axis in range(points.shape[1])}
    front: Floats = above[frontier({axis: above[:, int(axis)] for axis in axes}, axes)]
    most = MOST.get(len(axes), FEWEST)
    return front if len(front) <= most else _largest(front, reference, most)


def _largest(front: Floats, reference: Floats, most: int) -> Floats:
    """Return so many points of a front that hold much of its volume: each the one that adds most."""
    kept: list[int] = []
    axes = [known(values) for values in front.T]
    for _ in range(most):
        kept.append(int(hypervolume_improvement(front[kept], reference, axes).argmax()))
    return front[sorted(kept)]


def hypervolume_improvement(front: Floats, reference: Floats, gains: Sequence[Gain]) -> Floats:
    """Return by how much each candidate is expected to increase the hypervolume of a front, (candidates,).

    Args:
        front: Points above the reference, as `front_of` returns them; (points, axes).
        reference: The corner from which the volume is measured, (axes,).
        gains: The distribution of the candidates along each axis.
    """
    levels, places = zip(*[_levels(front[:, i], reference[i]) for i in range(len(reference))], strict=True)
    tables = [gain(level) for gain, level in zip(gains, levels, strict=True)]
    return _free(np.stack(places, axis=1), tables)


def _levels(values: Floats, least: float) -> tuple[Floats, NDArray[np.intp]]:
    """Return the levels of an axis, the reference first, and the place of each value among them."""
    levels, places = np.unique(np.append(values, least), return_inverse=True)
    return levels, places.reshape(-1)[:-1]


def _free(places: NDArray[np.intp], tables: Sequence[Floats]) -> Floats:
    """Return the expected volume of candidates in what points leave free.

    Args:
        places: The points, by the places of their values among the levels of each axis; (points, axes).
        tables: The gains at these levels, (levels, candidates).
    """
    *others, last = tables
    if not others:
        highest: Floats = last[places.max(initial=0)]
        return highest
    total = np.zeros(last.shape[1])
    ends = np.unique(places[:, -1])
    for low, high in zip([0, *ends], [*ends, None], strict=True):
        if high is None:
            total += last[low] * _free(places[:0, :-1], others)
        else:
            total += (last[low] - last[high]) * _free(places[places[:, -1] >= high, :-1], others)
    return total
