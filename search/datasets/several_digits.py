"""Several digits: up to four in one image, in its quarters; which ones there are is asked for."""

from __future__ import annotations

import numpy as np

from .arrays import Source
from .digits import Bytes, Integers, originals
from .rng import uniform

COUNTS = {"train": 2400, "val": 400, "test": 400}
SHARE = 0.5  # of the quarters that hold a digit

_SEEDS = {"train": 160, "val": 260, "test": 360}


def several_digits() -> Source:
    """Return images, 1x16x16, and for each of the ten digits whether it is there, (N, 10) of 0 and 1."""
    arrays: dict[str, np.ndarray] = {}
    for split, (images, labels) in originals().items():
        drawn = _draw(images, labels, COUNTS[split], _SEEDS[split])
        arrays[f"x_{split}"], arrays[f"y_{split}"] = drawn
    names = tuple(str(digit) for digit in range(10))
    return Source(arrays=arrays, task="multi-label", class_names=names)


def _draw(images: Bytes, labels: Integers, count: int, seed: int) -> tuple[Bytes, Bytes]:
    draws = uniform(seed, (count, 4, 2))
    which = (draws[..., 0] * len(images)).astype(np.int64)
    is_there = draws[..., 1] < SHARE
    quarters = images[which] * is_there[..., None, None] * np.uint8(15)  # ink goes to 16
    x = quarters.reshape(count, 2, 2, 8, 8).swapaxes(2, 3).reshape(count, 1, 16, 16)
    y = np.zeros((count, 10), np.uint8)
    rows, places = np.nonzero(is_there)
    y[rows, labels[which[rows, places]]] = 1
    return x.astype(np.uint8), y
