"""How good predictions were: how often their intervals held what was measured, their order and their errors.

A prediction is a normal distribution, a mean and a deviation, that was written down before the network was
trained. One is calibrated if its interval of 80% holds the measured value in 80% of the cases, and so at
every level (Dawid 1982, The well-calibrated Bayesian; Kuleshov, Fenner and Ermon 2018). The share of the
values within an interval has Clopper and Pearson's exact interval (1934): as long as it holds the level, the
deviations may be right.

The predictions of a search are of networks that it chose to try, many of them because much was expected of
them. So the numbers are about what was tried, and of the best of many expectations one has to expect that
they were too high: that is the mean of the standardised residuals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from archscape.spaces.errors import InputError

from .distribution import Correlation, spearman
from .frontier import Floats

LEVELS = (0.5, 0.8, 0.95)
FEWEST = 8
"""Predictions from which on anything is said of their deviations: all of 7 within 80% would still fit 60%."""
Verdict = Literal["too few", "too narrow", "too wide", "fitting"]


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How many measured values the predicted intervals of one level held.

    Attributes:
        level: The share that they would hold if the predictions were calibrated.
        within: The values within.
        rows: The values.
        low: Lower end of the 95% interval of the share, up to `high`.
    """

    level: float
    within: int
    rows: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The share of the values within."""
        return self.within / self.rows


@dataclass(frozen=True, kw_only=True, eq=False)
class Calibration:
    """What predictions were worth.

    Attributes:
        rows: The predictions of which a value was measured.
        coverages: By level, the lowest first.
        correlation: Spearman's of predicted means and measured values; None of fewer than five of them, and
            where all means or all values are the same.
        error: The mean absolute error of the means, in their unit.
        residuals: (measured - mean) / deviation of each prediction, NaN where one of them is unknown; of
            calibrated ones their mean is 0 and their standard deviation 1.
    """

    rows: int
    coverages: tuple[Coverage, ...]
    correlation: Correlation | None
    error: float
    residuals: Floats

    @property
    def bias(self) -> float:
        """The mean of the standardised residuals: below 0 where too much was expected; NaN without any."""
        known = self.residuals[np.isfinite(self.residuals)]
        return float(known.mean()) if len(known) else float("nan")

    @property
    def verdict(self) -> Verdict:
        """Whether the deviations fit: they do unless the interval of a share leaves out its level."""
        if self.rows < FEWEST:
            return "too few"
        if any(coverage.high < coverage.level for coverage in self.coverages):
            return "too narrow"
        return "too wide" if any(coverage.low > coverage.level for coverage in self.coverages) else "fitting"


def calibration(
    means: ArrayLike, deviations: ArrayLike, measured: ArrayLike, *, levels: Sequence[float] = LEVELS
) -> Calibration:
    """Return how good predictions were; those of which a number is unknown do not count.

    Args:
        means: What was expected of each network, n numbers.
        deviations: How surely, in the same unit; not below 0.
        measured: What it gave.
        levels: Of the intervals that are looked at, each between 0 and 1.

    Raises:
        InputError: If there is no prediction of which a value was measured.

    >>> fair = calibration([0.5] * 10, [0.1] * 10, [0.5 + 0.03 * step for step in range(10)])
    >>> [(coverage.level, coverage.within) for coverage in fair.coverages], round(fair.error, 3)
    ([(0.5, 3), (0.8, 5), (0.95, 7)], 0.135)
    """
    mean, deviation, value = (np.asarray(each, dtype=np.float64) for each in (means, deviations, measured))
    known = np.isfinite(mean) & np.isfinite(value) & np.isfinite(deviation) & (deviation >= 0)
    if not known.any():
        raise InputError("a calibration needs a prediction of which a value was measured")
    difference = np.where(known, value - mean, np.nan)
    distances = np.abs(difference[known])
    residuals = np.full(len(difference), np.nan)
    np.divide(difference, deviation, out=residuals, where=known & (deviation > 0))
    return Calibration(
        rows=int(known.sum()),
        coverages=tuple(_coverage(distances, deviation[known], level) for level in sorted(levels)),
        correlation=_correlation(mean[known], value[known]),
        error=float(distances.mean()),
        residuals=residuals,
    )


def share_interval(hits: int, rows: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper and Pearson 1934), by quantiles of beta distributions.

    >>> low, high = share_interval(8, 10)
    >>> round(low, 4), round(high, 4)
    (0.4439, 0.9748)
    """
    from scipy.special import betaincinv

    tail = (1 - confidence) / 2
    low = betaincinv(hits, rows - hits + 1, tail) if hits else 0.0
    high = betaincinv(hits + 1, rows - hits, 1 - tail) if hits < rows else 1.0
    return float(low), float(high)


def _coverage(distances: Floats, deviations: Floats, level: float) -> Coverage:
    within = int((distances <= NormalDist().inv_cdf((1 + level) / 2) * deviations).sum())
    low, high = share_interval(within, len(distances))
    return Coverage(level=level, within=within, rows=len(distances), low=low, high=high)


def _correlation(means: Floats, values: Floats) -> Correlation | None:
    try:
        return spearman(pd.DataFrame({"predicted": means, "measured": values}), "predicted", "measured")
    except InputError:  # too few rows, or one value alone
        return None
