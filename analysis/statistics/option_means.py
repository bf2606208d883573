"""The mean of a column with each option of a choice, with intervals.

The estimator is that of a one-way analysis of variance: of the rows with an option their mean, with the
interval mean +- t sqrt(MSW / n_i), where MSW is the variance within the options, pooled over all of them, and
t the quantile of Student's distribution with the degrees of freedom of MSW (Scheffe 1959, chapter 3). So an
option that was met twice has an interval too, from what is known of the others. Other choices are not held
fixed: of a search, which tries good networks more often, an option may look good for the company it keeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isnan, sqrt

import numpy as np
import pandas as pd

from archscape.spaces.errors import InputError

from .frames import both
from .frontier import Floats


@dataclass(frozen=True, kw_only=True)
class OptionMean:
    """The mean of a column over the rows with one option, its interval, and how many rows there are."""

    option: str
    mean: float
    low: float
    high: float
    rows: int


def option_means(
    table: pd.DataFrame, response: str, choice: str, *, confidence: float = 0.95
) -> list[OptionMean]:
    """Return the mean with each option: numbers in their order, other options by their means, largest first.

    Args:
        table: One row a network; rows without a response or an option do not count.
        response: The column whose mean it is.
        choice: The column of the choice, of any type.
        confidence: Of the intervals.

    Raises:
        InputError: If the table lacks a column, or no option was met twice.

    >>> table = pd.DataFrame({"kernel": ["5", "3", "5", "3"], "accuracy": [0.8, 0.6, 0.9, 0.7]})
    >>> [(each.option, round(each.mean, 2)) for each in option_means(table, "accuracy", "kernel")]
    [('3', 0.65), ('5', 0.85)]
    """
    from scipy.special import stdtrit

    rows = both(table, response, choice)
    options = rows[choice].astype(str)
    groups = rows[response].astype(float).groupby(options, sort=False)
    freedom = len(rows) - groups.ngroups
    if freedom < 1:
        raise InputError(f"means of {response}: an option of {choice} must be in two rows or more")
    within = float((rows[response] - groups.transform("mean")).pow(2).sum()) / freedom
    student = float(stdtrit(freedom, (1 + confidence) / 2))
    means = [
        _mean(str(option), np.asarray(values, dtype=np.float64), student * sqrt(within))
        for option, values in groups
    ]
    return sorted(means, key=_order)


def _mean(option: str, values: Floats, reach: float) -> OptionMean:
    mean, half = float(values.mean()), reach / sqrt(len(values))
    return OptionMean(option=option, mean=mean, low=mean - half, high=mean + half, rows=len(values))


def _order(option: OptionMean) -> tuple[float, float]:
    """Return where an option stands: numbers by their size, everything else behind by its mean."""
    try:
        number = float(option.option)
    except ValueError:
        number = inf
    return inf if isnan(number) else number, -option.mean
