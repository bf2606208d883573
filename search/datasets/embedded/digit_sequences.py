"""Digits as sequences: the 64 pixels of each, row after row, as one signal."""

from __future__ import annotations

from .base import Embedded
from .originals import Digits, Part, from_originals


def _part(split: str, digits: Digits) -> Part:
    return digits.images.reshape(len(digits.images), 1, -1), digits.labels


DIGIT_SEQUENCES = Embedded(
    what="The plain digits as signals of one channel and 64 steps, 1x64: row after row.",
    arrays=from_originals(_part),
)
