"""Several digits: up to four in one image, in its quarters; which ones there are is asked for."""

from __future__ import annotations

import numpy as np

from ..random_bits import uniform
from .base import Embedded
from .originals import SEEDS, Digits, Part, from_originals

COUNTS = {"train": 2400, "val": 400, "test": 400}
SHARE = 0.5
"""Of the quarters that hold a digit."""


def _part(split: str, digits: Digits) -> Part:
    count = COUNTS[split]
    draws = uniform(SEEDS[split] + 60, (count, 4, 2))
    which = (draws[..., 0] * len(digits.images)).astype(np.int64)
    is_there = draws[..., 1] < SHARE
    quarters = digits.images[which] * is_there[..., None, None] * np.uint8(15)  # ink goes to 16
    x = quarters.reshape(count, 2, 2, 8, 8).swapaxes(2, 3).reshape(count, 1, 16, 16)
    y = np.zeros((count, 10), np.uint8)
    rows, corners = np.nonzero(is_there)
    y[rows, digits.labels[which[rows, corners]]] = 1
    return x.astype(np.uint8), y


SEVERAL_DIGITS = Embedded(
    what="Images, 1x16x16, and for each of the ten digits whether it is there, (N, 10) of 0 and 1.",
    arrays=from_originals(_part),
    task="multi-label",
    class_names=tuple(str(digit) for digit in range(10)),
)
