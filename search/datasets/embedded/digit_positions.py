"""Digit positions: where in a cluttered image the digit lies."""

from __future__ import annotations

import numpy as np

from .base import Embedded
from .cluttered_digits import rendered_part
from .originals import Digits, Part, from_originals


def _part(split: str, digits: Digits) -> Part:
    rendered = rendered_part(split, digits, seed=20)
    return rendered.images[:, None], rendered.centres.astype(np.float32)


DIGIT_POSITIONS = Embedded(
    what="Cluttered digits, 1x16x16, with row and column of the digit's centre, in pixels.",
    arrays=from_originals(_part),
    task="regression",
)
