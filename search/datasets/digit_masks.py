"""Digit masks: which pixels of a cluttered image are the digit, and not a fragment of another."""

from __future__ import annotations

import numpy as np

from .arrays import IGNORED, Source
from .cluttered_digits import COPIES, draw
from .digits import originals

PAPER, INK = 0.2, 0.5  # up to here a pixel is background, from there on digit; between, it counts for nothing

_SEEDS = {"train": 110, "val": 210, "test": 310}


def digit_masks() -> Source:
    """Return cluttered digits, 1x16x16, each with a mask: background, digit, or 255 at its blurred edge."""
    arrays: dict[str, np.ndarray] = {}
    for split, (images, _) in originals().items():
        drawn = draw(images, copies=COPIES[split], seed=_SEEDS[split])
        masks = np.where(drawn.ink >= INK, 1, np.where(drawn.ink <= PAPER, 0, IGNORED))
        arrays[f"x_{split}"], arrays[f"y_{split}"] = drawn.images[:, None], masks.astype(np.uint8)
    return Source(arrays=arrays, task="segmentation", class_names=("background", "digit"))
