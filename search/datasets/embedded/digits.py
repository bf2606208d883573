"""The plain digits: 1,797 real images of 8x8 pixels."""

from __future__ import annotations

from .base import Embedded
from .originals import Digits, Part, from_originals


def _part(split: str, digits: Digits) -> Part:
    return digits.images[:, None], digits.labels


DIGITS = Embedded(what="The plain digits, 1x8x8.", arrays=from_originals(_part), greatest=16)
