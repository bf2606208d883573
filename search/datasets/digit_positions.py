"""Digit positions: where in a cluttered image the digit lies."""

from __future__ import annotations

import numpy as np

from .arrays import Source
from .cluttered_digits import COPIES, draw
from .digits import originals

_SEEDS = {"train": 120, "val": 220, "test": 320}


def digit_positions() -> Source:
    """Return cluttered digits, 1x16x16, with row and column of the digit's centre, in pixels."""
    arrays: dict[str, np.ndarray] = {}
    for split, (images, _) in originals().items():
        drawn = draw(images, copies=COPIES[split], seed=_SEEDS[split])
        arrays[f"x_{split}"] = drawn.images[:, None]
        arrays[f"y_{split}"] = drawn.centres.astype(np.float32)
    return Source(arrays=arrays, task="regression")
