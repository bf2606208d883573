"""Estimates from the searches of several seeds, each with its 95% interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev

from scipy.stats import binom, t


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its 95% interval, from n searches."""

    value: float
    low: float
    high: float
    n: int

    def text(self, digits: int = 3) -> str:
        """Return it as `.123 [.100, .150]`."""
        value, low, high = (number(end, digits) for end in (self.value, self.low, self.high))
        return f"{value} [{low}, {high}]"


def number(value: float, digits: int = 3) -> str:
    """Return a number with so many decimals; `never` for infinity."""
    return "never" if math.isinf(value) else f"{value:.{digits}f}"


def mean(values: Sequence[float]) -> Estimate:
    """Return the mean with Student's interval; of one value it is without bounds."""
    n, middle = len(values), fmean(values)
    half = t.ppf(0.975, n - 1) * stdev(values) / math.sqrt(n) if n > 1 else math.inf
    return Estimate(value=middle, low=middle - half, high=middle + half, n=n)


def middle(values: Sequence[float]) -> Estimate:
    """Return the median with the interval of order statistics, which takes infinity as any other value."""
    ordered, n = sorted(values), len(values)
    rank = int(binom.ppf(0.025, n, 0.5))
    return Estimate(
        value=median(ordered), low=ordered[rank - 1 if rank else 0], high=ordered[n - max(rank, 1)], n=n
    )


def share(hits: Sequence[bool]) -> Estimate:
    """Return the share of hits with Wilson's interval."""
    n, p, z = len(hits), sum(hits) / len(hits), 1.96
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Estimate(value=p, low=centre - half, high=centre + half, n=n)
