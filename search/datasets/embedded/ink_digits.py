"""Ink digits: the plain digits as shares of ink, for tasks in which black and white are 0 and 1."""

from __future__ import annotations

import numpy as np

from .base import Embedded
from .originals import Digits, Part, from_originals


def _part(split: str, digits: Digits) -> Part:
    return digits.images[:, None].astype(np.float32) / 16, digits.labels


INK_DIGITS = Embedded(
    what="The plain digits, 1x8x8, as shares of ink from 0 to 1.", arrays=from_originals(_part)
)
