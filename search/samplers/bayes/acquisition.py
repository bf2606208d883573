"""Acquisition: how much a candidate is expected to improve on what was tried, from its posterior.

Improvement is measured from the model's own posterior means of the tried networks, never from observations:
with ranks as target the best observation stands far above any mean, and the variance alone would decide.

Where an objective is set against costs that are known before training, the hypervolume between the tried
networks and a reference cost is a staircase: over costs c, its height is the highest mean m of a tried
network that costs no more. A candidate of cost c(x) can raise it over all costs above, so the expected
improvement of the hypervolume is a sum over the cells of the staircase,

    a(x) = sum_cells |cell above c(x)| EI(x; m_cell),

in closed form.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from .kernels import Floats

MOST_STEPS = {1: 64, 2: 16, 3: 6}
"""Networks of the front, by the number of costs; the cells are that many to the power of the costs."""
FEWEST_STEPS = 4


def expected_improvement(mean: Floats, deviation: Floats, level: Floats | float) -> Floats:
    """Return E[max(0, f - level)] of a normal f (Jones et al. 1998); the arguments broadcast."""
    excess = mean - level
    scaled = excess / deviation
    density = np.exp(-0.5 * scaled * scaled) / math.sqrt(2.0 * math.pi)
    improvement: Floats = excess * ndtr(scaled) + deviation * density
    return np.maximum(improvement, 0.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Staircase:
    """The best posterior mean of a tried network over what it may cost.

    Attributes:
        edges: By cost, where the cells begin, ascending and first -inf, and last where they end.
        levels: The heights that occur.
        cells: Which height each cell has, (cells of the first cost, cells of the second, ...).
    """

    edges: Sequence[Floats]
    levels: Floats
    cells: NDArray[np.int64]

    @classmethod
    def of(cls, means: Floats, costs: Floats, reference: Floats, floor: float) -> Staircase:
        """Return the staircase of tried networks.

        Args:
            means: Posterior mean of each, (tried,).
            costs: What each costs, (tried, costs); less is better.
            reference: The costs at which the hypervolume ends, (costs,).
            floor: The height where nothing was tried.
        """
        front = _thinned(_front(means, costs, reference, floor), means, costs.shape[1])
        edges = [np.concatenate([[-np.inf], np.unique(costs[front, j]), [reference[j]]])
                 for j in range(costs.shape[1])]  # fmt: skip
        levels = np.concatenate([[floor], means[front]])
        grid = np.stack(np.meshgrid(*[edge[:-1] for edge in edges], indexing="ij"), axis=-1)
        within = (costs[front] <= grid[..., None, :]).all(axis=-1)
        reached = np.where(within, means[front], -np.inf)
        first = np.full((*grid.shape[:-1], 1), floor)
        return cls(
            edges=edges, levels=levels, cells=np.concatenate([first, reached], axis=-1).argmax(axis=-1)
        )

    def expected_improvement(self, mean: Floats, deviation: Floats, costs: Floats) -> Floats:
        """Return the expected improvement of the hypervolume by each candidate, (candidates,)."""
        used = np.unique(self.cells)
        cells = np.searchsorted(used, self.cells)
        gains = expected_improvement(mean[:, None], deviation[:, None], self.levels[used])
        widths = [
            np.maximum(edge[1:] - np.maximum(edge[:-1], costs[:, j : j + 1]), 0.0)
            for j, edge in enumerate(self.edges)
        ]
        return _integral(gains, cells, widths)


def _integral(gains: Floats, cells: NDArray[np.int64], widths: Sequence[Floats]) -> Floats:
    """Return the sum over cells of their width along each cost times the gain at their level."""
    if len(widths) == 1:
        total: Floats = np.einsum("ck,ck->c", gains[:, cells], widths[0])
        return total
    parts = [widths[0][:, i] * _integral(gains, inner, widths[1:]) for i, inner in enumerate(cells)]
    return sum(parts, start=np.zeros(len(gains)))


def _front(means: Floats, costs: Floats, reference: Floats, floor: float) -> NDArray[np.int64]:
    """Return the tried networks that none as cheap exceeds, the best first."""
    front: list[int] = []
    for i in sorted(range(len(means)), key=lambda i: (-means[i], *costs[i], i)):
        is_above = means[i] > floor and (costs[i] < reference).all()
        if is_above and not (front and (costs[front] <= costs[i]).all(axis=1).any()):
            front.append(i)
    return np.array(front, dtype=np.int64)


def _thinned(front: NDArray[np.int64], means: Floats, costs: int) -> NDArray[np.int64]:
    """Return at most so many steps as cells can be afforded, evenly from the best to the cheapest."""
    most = MOST_STEPS.get(costs, FEWEST_STEPS)
    if len(front) <= most:
        return front
    return front[np.linspace(0, len(front) - 1, most).round().astype(np.int64)]
