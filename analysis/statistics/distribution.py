"""Populations compared as distributions: error distribution functions, quantile bands, rank correlations.

A design space is judged by all of its networks, not by its best one (Radosavovic et al. 2019, On network
design spaces for visual recognition; 2020, Designing network design spaces).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import atanh, log, sqrt, tanh

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from archscape.spaces.errors import InputError

from .frames import both
from .frontier import Floats

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """A rank correlation from -1 to 1 with its interval, and how many rows have both values."""

    value: float
    low: float
    high: float
    rows: int


def edf(errors: ArrayLike, at: ArrayLike, *, weights: ArrayLike | None = None) -> Floats:
    """Return the share of networks whose error is below each value (2019, equation 1).

    F(e) = sum of w_i [e_i < e] / sum of w_i, with all w_i = 1 unless weights are given; see
    `complexity_weights`. Networks with a NaN error do not count.

    Raises:
        InputError: If there is no error, or no weight above 0.

    >>> edf([0.1, 0.2, 0.2, 0.4], at=[0.1, 0.2, 0.3, 1]).tolist()
    [0.0, 0.25, 0.75, 1.0]
    """
    values = np.asarray(errors, dtype=np.float64)
    shares = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=np.float64)
    known = ~np.isnan(values)
    total = shares[known].sum()
    if not total > 0:
        raise InputError("an error distribution function needs at least one error with a weight above 0")
    order = np.argsort(values[known], kind="stable")
    below = np.concatenate([[0.0], np.cumsum(shares[known][order])])
    result: Floats = below[np.searchsorted(values[known][order], np.asarray(at), side="left")] / total
    return result


def edf_margin(networks: int, *, confidence: float = 0.95) -> float:
    """Return how far an EDF may be off anywhere at all (Dvoretzky, Kiefer and Wolfowitz; Massart 1990).

    With the given confidence the EDF of the whole space stays within this margin of that of a random sample.

    >>> round(edf_margin(500), 4)
    0.0607
    """
    return sqrt(log(2 / (1 - confidence)) / (2 * networks))


def complexity_weights(costs: ArrayLike, *, bins: int = 10) -> Floats:
    """Return weights that make populations of unlike cost comparable (2019, section 3.3).

    The costs are cut into bins of equal width in the logarithm, and every bin that holds a network gets the
    same weight, shared out evenly. The weights add up to 1.

    Raises:
        InputError: If a cost is not above 0.

    >>> complexity_weights([1, 1, 1, 100], bins=2).round(3).tolist()
    [0.167, 0.167, 0.167, 0.5]
    """
    values = np.asarray(costs, dtype=np.float64)
    if not (values > 0).all():
        raise InputError("complexity weights: every cost must be a number above 0")
    logs = np.log(values)
    edges = np.linspace(logs.min(), logs.max(), bins + 1)[1:-1]
    bin_numbers = np.searchsorted(edges, logs, side="right")
    counts = np.bincount(bin_numbers, minlength=bins)
    weights: Floats = 1.0 / (counts[bin_numbers] * np.count_nonzero(counts))
    return weights


def quantile_bands(
    table: pd.DataFrame,
    cost: str,
    score: str,
    *,
    bins: int = 10,
    quantiles: Sequence[float] = QUANTILES,
) -> pd.DataFrame:
    """Return the quantiles of a score along a cost, in bins that hold equally many networks.

    Rows without one of the two values do not count. Networks of equal cost stay in one bin, so there may be
    fewer bins than asked for.

    Returns:
        One row a bin: `low`, `high` (its cheapest and costliest network), `count`, then a column a quantile.

    Raises:
        InputError: If the table lacks a column, or has no row with both values.

    >>> table = pd.DataFrame({"macs": [1, 2, 3, 4], "accuracy": [0.5, 0.7, 0.6, 0.8]})
    >>> quantile_bands(table, "macs", "accuracy", bins=2, quantiles=[0.5])
       low  high  count  0.5
    0    1     2      2  0.6
    1    3     4      2  0.7
    """
    rows = both(table, cost, score)
    parts = pd.qcut(rows[cost], min(bins, len(rows)), labels=False, duplicates="drop")
    if parts.isna().all():  # one cost alone leaves no bin
        parts = parts.fillna(0)
    groups = rows.groupby(parts)
    bands = groups[cost].agg(low="min", high="max", count="size")
    bands = bands.assign(**{str(quantile): groups[score].quantile(quantile) for quantile in quantiles})
    return pd.DataFrame(bands.reset_index(drop=True))


def spearman(table: pd.DataFrame, first: str, second: str, *, confidence: float = 0.95) -> Correlation:
    """Return Spearman's rho of two columns, with average ranks for ties.

    The interval is Fisher's z with the variance (1 + rho^2 / 2) / (n - 3) (Bonett and Wright 2000). It takes
    the rows for a random sample.

    Raises:
        InputError: If the table lacks a column, fewer than five rows have both, or a column is constant.
    """
    from scipy.stats import spearmanr

    rows = _varied(table, first, second)
    value = float(spearmanr(rows[first], rows[second]).statistic)
    return _fisher(value, (1 + value**2 / 2) / (len(rows) - 3), len(rows), confidence)


def kendall(table: pd.DataFrame, first: str, second: str, *, confidence: float = 0.95) -> Correlation:
    """Return Kendall's tau-b of two columns.

    The interval is Fisher's z with the variance 0.437 / (n - 4) (Fieller, Hartley and Pearson 1957). It takes
    the rows for a random sample.

    Raises:
        InputError: If the table lacks a column, fewer than five rows have both, or a column is constant.

    >>> table = pd.DataFrame({"a": [1, 2, 3, 4, 5, 6], "b": [1, 2, 3, 4, 6, 5]})
    >>> round(kendall(table, "a", "b").value, 4)  # one of 15 pairs is the other way round
    0.8667
    """
    from scipy.stats import kendalltau

    rows = _varied(table, first, second)
    value = float(kendalltau(rows[first], rows[second]).statistic)
    return _fisher(value, 0.437 / (len(rows) - 4), len(rows), confidence)


def _varied(table: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    rows = both(table, first, second)
    if len(rows) < 5:
        raise InputError(
            f"a rank correlation needs at least 5 rows with {first} and {second}, got {len(rows)}"
        )
    for column in (first, second):
        if rows[column].nunique() == 1:
            raise InputError(f"a rank correlation needs two values or more, but {column} has one alone")
    return rows


def _fisher(value: float, variance: float, rows: int, confidence: float) -> Correlation:
    """Return a correlation with the interval that is symmetric on Fisher's scale."""
    from scipy.stats import norm

    if abs(value) >= 1 - 1e-15:
        value = round(value)
        return Correlation(value=value, low=value, high=value, rows=rows)
    reach = float(norm.ppf((1 + confidence) / 2)) * sqrt(variance)
    centre = atanh(value)
    return Correlation(value=value, low=tanh(centre - reach), high=tanh(centre + reach), rows=rows)
