"""The target of a model: values as normal scores of their ranks, and back.

One network that learned nothing would stretch the scale for all others; ranks do not care. The scores are
those of Blom-like plotting positions, (rank - 1/2) / n, equal values sharing the mean of their ranks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from .kernels import Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class NormalScores:
    """Values on the scale of a standard normal.

    Attributes:
        values: The observations, more being better; (observations,).
    """

    values: Floats

    @cached_property
    def scores(self) -> Floats:
        """The score of each observation."""
        scores: Floats = ndtri((rankdata(self.values) - 0.5) / len(self.values))
        return scores

    @cached_property
    def _knots(self) -> tuple[Floats, Floats]:
        finite = np.isfinite(self.values)
        values, first = np.unique(self.values[finite], return_index=True)
        return self.scores[finite][first], values

    @cached_property
    def slope(self) -> float:
        """Units of value per unit of score, over the upper half; the scale beyond the best."""
        scores, values = self._knots
        if len(values) < 2:
            return 0.0
        middle = (len(values) - 1) // 2
        return float((values[-1] - values[middle]) / (scores[-1] - scores[middle]))

    def score_of(self, value: float) -> float:
        """Return where a value stands among the observations, on the scale of the scores."""
        scores, values = self._knots
        if len(values) < 2:
            return float(np.sign(value - values[0])) if len(values) else 0.0
        beyond = max(value - values[-1], 0.0) + min(value - values[0], 0.0)
        return float(np.interp(value, values, scores) + beyond / self.slope)

    def value_of(self, scores: Floats | float) -> Floats:
        """Return the values at some scores, between observations and, along the slope, beyond them."""
        known, values = self._knots
        scores = np.asarray(scores, dtype=np.float64)
        if not len(values):
            return np.full(scores.shape, np.nan)
        beyond = np.maximum(scores - known[-1], 0.0) + np.minimum(scores - known[0], 0.0)
        result: Floats = np.interp(scores, known, values) + beyond * self.slope
        return result
