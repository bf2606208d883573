"""Long-tailed digits: cluttered digits, ten times as many of 0 as of 9."""

from __future__ import annotations

import numpy as np

from .base import Embedded
from .originals import SEEDS, Digits, Part, from_originals
from .rendering import render

IMBALANCE = 10
"""The most frequent class over the rarest; between them counts fall exponentially (Cui et al. 2019)."""

COPIES = {"train": 4, "val": 3, "test": 3}
"""Renderings of each original."""


def _part(split: str, digits: Digits) -> Part:
    rows = _thinned(digits.labels)
    rendered = render(digits.images[rows], copies=COPIES[split], seed=SEEDS[split] + 40)
    return rendered.images[:, None], np.repeat(digits.labels[rows], COPIES[split])


def _thinned(labels: np.ndarray) -> np.ndarray:
    """Return the rows that stay, in their order: of each class the first ones."""
    classes = int(labels.max()) + 1
    fewest = np.bincount(labels).min()
    rows = []
    for label in range(classes):
        count = round(fewest * IMBALANCE ** (-label / (classes - 1)))
        rows.append(np.flatnonzero(labels == label)[:count])
    return np.sort(np.concatenate(rows))


LONG_TAILED_DIGITS = Embedded(
    what="Cluttered digits, 1x16x16, thinned out from class to class, in all parts alike.",
    arrays=from_originals(_part),
)
