"""How much each choice of a space matters for a column: functional ANOVA on a table, with intervals.

The estimator. Of a response y and a choice A, the first-order share is Var(E[y | A]) / Var(y), the part of
the variance that A alone explains (Sobol 1993). The raw ratio SSB / SST is too large by chance, the more so
the more options there are; so a share is Kelley's epsilon squared (1935), (SSB - (k - 1) MSW) / SST with
MSW = SSW / (n - k) for k groups and n rows, whose numerator is free of that bias. The share of two choices
together is the same with one group a pair of options; their interaction is that less both first-order shares.
Where choices were drawn independently of each other, shares of different choices and interactions add up to
at most 1. Of a choice that some networks were not asked, groups and mean are those of the networks that were,
SST that of all: what it explains does not include that it was asked, which is the share of what opened it.
For two choices they are those of the networks that were asked both.

The interval is the estimate plus and minus 1.96 standard deviations of the shares over bootstrap samples of
the rows (the percentiles would be biased upwards, as equal rows in one group look like agreement). Intervals
tell how far the table is from the population that it was drawn from; for a table that is the population, as
NAS-Bench-201 is, they tell how far a random table of that size would be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from archscape.spaces.errors import InputError

from .frames import both, need
from .frontier import Floats

Codes = NDArray[np.int64]
DRAWS = 200
"""Bootstrap samples: a standard deviation is then exact to 5%."""
PAIRS_OF = 6
"""Choices whose pairs are looked at, those with the largest shares of their own."""
Z = 1.959964


@dataclass(frozen=True, kw_only=True)
class Effect:
    """The share of the variance that one choice, or the interaction of two, explains.

    Attributes:
        choices: One path, or two.
        share: From 0 to 1; an estimate may be slightly below 0.
        low: Lower end of the 95% interval, up to `high`.
        options: Options met in the table, or pairs of options.
    """

    choices: tuple[str, ...]
    share: float
    low: float
    high: float
    options: int


def importance(
    table: pd.DataFrame,
    response: str,
    choices: Sequence[str],
    *,
    pairs_of: int = PAIRS_OF,
    draws: int = DRAWS,
    seed: int = 0,
) -> list[Effect]:
    """Return the first-order effects, largest first, then the interactions, largest first.

    Args:
        table: One row a network; rows without a response do not count.
        response: The column to explain.
        choices: The columns of the choices, of any type; missing where a network was not asked.
        pairs_of: Of how many of the choices, those with the largest shares, to look at all pairs.
        draws: Bootstrap samples; with fewer than two the intervals are NaN.
        seed: Of the bootstrap.

    Raises:
        InputError: If the table lacks a column, the response is constant, or fewer than two rows have one.

    >>> rows = [(a, b, 3 * a + b) for a in (0, 1) for b in (0, 1)] * 100
    >>> table = pd.DataFrame(rows, columns=["a", "b", "y"])
    >>> [(effect.choices, round(effect.share, 2)) for effect in importance(table, "y", ["a", "b"])]
    [(('a',), 0.9), (('b',), 0.1), (('a', 'b'), 0.0)]
    """
    need(table, *choices)
    rows = both(table, response).join(table[list(choices)])
    y = rows[response].to_numpy(dtype=np.float64)
    if len(y) < 2 or np.ptp(y) == 0:
        raise InputError(f"importance: {response} must have two values or more in the table")
    codes = {choice: pd.factorize(rows[choice])[0].astype(np.int64) for choice in choices}
    # The mean is taken away first, so that sums of squares lose no digits.
    samples = _Samples(y - y.mean(), draws, np.random.default_rng(seed))
    effects = [_effect((choice,), samples.shares(codes[choice]), codes[choice]) for choice in choices]
    effects.sort(key=_rank)
    top = [effect.choices[0] for effect in effects[:pairs_of]]
    pairs = []
    for first, second in combinations(top, 2):
        asked = (codes[first] >= 0) & (codes[second] >= 0)
        a, b = np.where(asked, codes[first], -1), np.where(asked, codes[second], -1)
        joint = np.where(asked, a * (b.max(initial=0) + 1) + b, -1)
        shares = samples.shares(joint) - samples.shares(a) - samples.shares(b)
        pairs.append(_effect((first, second), shares, joint))
    known = [pair for pair in pairs if np.isfinite(pair.share)]
    return effects + sorted(known, key=_rank)


class _Samples:
    """A response, and bootstrap samples of its rows as how often each row is in them; the first is all."""

    def __init__(self, y: Floats, draws: int, rng: np.random.Generator) -> None:
        counts = np.ones((len(y), draws + 1))
        for draw in range(1, draws + 1):
            counts[:, draw] = np.bincount(rng.integers(0, len(y), len(y)), minlength=len(y))
        self.y = y
        self.counts = counts
        self.total = y**2 @ counts - (y @ counts) ** 2 / len(y)

    def shares(self, codes: Codes) -> Floats:
        """Return (SSB - (k - 1) MSW) / SST in every sample; NaN where no group has two rows.

        Rows of a code below 0 count in SST alone.
        """
        from scipy.sparse import csr_array

        asked = codes >= 0
        options, numbers = np.unique(codes[asked], return_inverse=True)
        places = (numbers.reshape(-1), np.flatnonzero(asked))
        groups = csr_array((np.ones(len(numbers)), places), shape=(max(1, len(options)), len(codes)))
        sizes, sums = groups @ self.counts, (groups * self.y) @ self.counts
        rows, met = sizes.sum(axis=0), (sizes > 0).sum(axis=0)
        usable = (met < rows) & (self.total > 0)
        sizes, sums, rows, met = sizes[:, usable], sums[:, usable], rows[usable], met[usable]
        explained = np.divide(sums**2, sizes, out=np.zeros_like(sums), where=sizes > 0).sum(axis=0)
        between = explained - sums.sum(axis=0) ** 2 / rows
        left = ((self.y**2 * asked) @ self.counts)[usable] - explained
        within = np.maximum(0.0, left) / (rows - met)
        shares = np.full(len(self.total), np.nan)
        shares[usable] = (between - (met - 1) * within) / self.total[usable]
        return shares


def _effect(choices: tuple[str, ...], shares: Floats, codes: Codes) -> Effect:
    share = float(shares[0])
    known = shares[1:][np.isfinite(shares[1:])]
    reach = Z * float(known.std()) if len(known) > 1 else float("nan")
    low, high = np.maximum(-1.0, share - reach), np.minimum(1.0, share + reach)
    options = len(np.unique(codes[codes >= 0]))
    return Effect(choices=choices, share=share, low=float(low), high=float(high), options=options)


def _rank(effect: Effect) -> float:
    return -effect.share if np.isfinite(effect.share) else np.inf
