"""Which row of one network stands beside which of another, both in order."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from .parts import Part

Pair = tuple[int | None, int | None]
"""Indices of two rows side by side; None where a row stands alone."""

ALONE = 1.0
"""What a row that stands alone costs; a pair that costs more than two of them is never made."""


def align(before: Sequence[Part], after: Sequence[Part]) -> list[Pair]:
    """Return the cheapest alignment: all rows of both, in order, alone or in pairs.

    Needleman and Wunsch 1970: costs of all prefixes, then the way back. Time and memory are the product of
    the numbers of rows.
    """
    costs = _prefixes(before, after)
    pairs: list[Pair] = []
    i, j = len(before), len(after)
    while i or j:
        if i and j and costs[i][j] == costs[i - 1][j - 1] + unlike(before[i - 1], after[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif j and costs[i][j] == costs[i][j - 1] + ALONE:
            j -= 1
            pairs.append((None, j))
        else:
            i -= 1
            pairs.append((i, None))
    return pairs[::-1]


def _prefixes(before: Sequence[Part], after: Sequence[Part]) -> list[list[float]]:
    """Return what the first i rows of the one beside the first j of the other cost at least."""
    costs = [[ALONE * j for j in range(len(after) + 1)]]
    for i, left in enumerate(before, start=1):
        row, above = [ALONE * i], costs[-1]
        for j, right in enumerate(after, start=1):
            alone = min(above[j], row[j - 1]) + ALONE
            row.append(min(alone, above[j - 1] + unlike(left, right)))
        costs.append(row)
    return costs


def unlike(left: Part, right: Part) -> float:
    """Return how little two rows are alike: 0 if they do the same, infinite if they are no pair.

    No pair are a row with weights and one without, and rows of different words with maps of different
    extents: what stands at another resolution is another stage.
    """
    if left.key == right.key:
        return 0.0
    words, extents = left.word != right.word, left.shape[1:] != right.shape[1:]
    if (words and extents) or bool(left.totals.params) != bool(right.totals.params):
        return inf
    names = {*left.settings, *right.settings}
    differ = sum(left.settings.get(name) != right.settings.get(name) for name in names)
    return 0.2 + 0.8 * words + 0.5 * extents + 0.2 * (differ / len(names) if names else 0)
