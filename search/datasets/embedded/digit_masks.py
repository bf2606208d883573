"""Digit masks: which pixels of a cluttered image are the digit, and not a fragment of another."""

from __future__ import annotations

import numpy as np

from ..arrays import IGNORED
from .base import Embedded
from .cluttered_digits import rendered_part
from .originals import Digits, Part, from_originals

PAPER, INK = 0.2, 0.5
"""Up to here a pixel is background, from there on digit; between, it counts for nothing."""


def _part(split: str, digits: Digits) -> Part:
    rendered = rendered_part(split, digits, seed=10)
    masks = np.where(rendered.ink >= INK, 1, np.where(rendered.ink <= PAPER, 0, IGNORED))
    return rendered.images[:, None], masks.astype(np.uint8)


DIGIT_MASKS = Embedded(
    what="Cluttered digits, 1x16x16, each with a mask: background, digit, or 255 at its blurred edge.",
    arrays=from_originals(_part),
    task="segmentation",
    class_names=("background", "digit"),
)
