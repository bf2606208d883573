"""Digit boxes: the least box around the digit in a cluttered image, among fragments of others."""

from __future__ import annotations

import numpy as np

from ..random_bits import Floats
from .base import Embedded
from .cluttered_digits import rendered_part
from .digit_masks import INK
from .originals import Digits, Part, from_originals


def _part(split: str, digits: Digits) -> Part:
    rendered = rendered_part(split, digits, seed=50)
    return rendered.images[:, None], _boxes(rendered.ink)


def _boxes(ink: Floats) -> Floats:
    """Return the boxes (n, 4) of ink (n, 16, 16); right and bottom are those of the last pixel's far side."""
    ends: list[tuple[np.ndarray, np.ndarray]] = []
    for axis in (1, 2):  # over rows, for what is to the left and to the right; then over columns
        there: np.ndarray = np.any(ink >= INK, axis=axis)
        ends.append((there.argmax(1), there.shape[1] - there[:, ::-1].argmax(1)))
    (left, right), (top, bottom) = ends
    return np.stack([left, top, right, bottom], 1).astype(np.float32)


DIGIT_BOXES = Embedded(
    what="Cluttered digits, 1x16x16, with left, top, right and bottom of the digit's ink, in pixels.",
    arrays=from_originals(_part),
    task="localisation",
)
