"""Digit boxes: the least box around the digit in a cluttered image, among fragments of others."""

from __future__ import annotations

import numpy as np

from .arrays import Source
from .cluttered_digits import COPIES, Floats, draw
from .digit_masks import INK
from .digits import originals

_SEEDS = {"train": 150, "val": 250, "test": 350}


def digit_boxes() -> Source:
    """Return cluttered digits, 1x16x16, with left, top, right and bottom of the digit's ink, in pixels."""
    arrays: dict[str, np.ndarray] = {}
    for split, (images, _) in originals().items():
        drawn = draw(images, copies=COPIES[split], seed=_SEEDS[split])
        arrays[f"x_{split}"], arrays[f"y_{split}"] = drawn.images[:, None], _boxes(drawn.ink)
    return Source(arrays=arrays, task="localisation")


def _boxes(ink: Floats) -> Floats:
    """Return the boxes (n, 4) of ink (n, 16, 16); right and bottom are those of the last pixel's far side."""
    ends: list[tuple[np.ndarray, np.ndarray]] = []
    for axis in (1, 2):  # over rows, for what is to the left and to the right; then over columns
        there: np.ndarray = np.any(ink >= INK, axis=axis)
        ends.append((there.argmax(1), there.shape[1] - there[:, ::-1].argmax(1)))
    (left, right), (top, bottom) = ends
    return np.stack([left, top, right, bottom], 1).astype(np.float32)
