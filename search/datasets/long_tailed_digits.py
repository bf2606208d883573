"""Long-tailed digits: cluttered digits, ten times as many of 0 as of 9."""

from __future__ import annotations

import numpy as np

from .arrays import Source
from .cluttered_digits import cluttered
from .digits import originals

IMBALANCE = 10
"""The most frequent class over the rarest; between them counts fall exponentially (Cui et al. 2019)."""

COPIES = {"train": 4, "val": 3, "test": 3}  # renderings of each original
_SEEDS = {"train": 140, "val": 240, "test": 340}


def long_tailed_digits() -> Source:
    """Return cluttered digits, 1x16x16, thinned out from class to class, in all parts alike."""
    arrays: dict[str, np.ndarray] = {}
    for split, (images, labels) in originals().items():
        kept = _thinned(labels)
        copies = COPIES[split]
        arrays[f"x_{split}"] = cluttered(images[kept], copies=copies, seed=_SEEDS[split])[:, None]
        arrays[f"y_{split}"] = np.repeat(labels[kept], copies)
    return Source(arrays=arrays)


def _thinned(labels: np.ndarray) -> np.ndarray:
    """Return the rows that stay, in their order: of each class the first ones."""
    classes = int(labels.max()) + 1
    fewest = np.bincount(labels).min()
    rows = []
    for label in range(classes):
        count = round(fewest * IMBALANCE ** (-label / (classes - 1)))
        rows.append(np.flatnonzero(labels == label)[:count])
    return np.sort(np.concatenate(rows))
