"""Small digits: a digit in few pixels, and the same in twice as many each way."""

from __future__ import annotations

import numpy as np

from ..random_bits import Bytes
from .base import Embedded
from .cluttered_digits import rendered_part
from .originals import Digits, Part, from_originals

_SEED = 70


def _part(split: str, digits: Digits) -> Part:
    large = np.rint(rendered_part(split, digits, seed=_SEED).ink * 255).astype(np.uint8)
    return _halved(large)[:, None], large[:, None]


def _halved(images: Bytes) -> Bytes:
    """Return images (n, side, side) in half of the size: the means of four pixels."""
    half = images.shape[1] // 2
    fours = images.reshape(len(images), half, 2, half, 2)
    halved: Bytes = ((fours.sum((2, 4), dtype=np.int32) + 2) // 4).astype(np.uint8)
    return halved


SMALL_DIGITS = Embedded(
    what="Digits, 1x8x8, with the images, 1x16x16, of which each pixel is the mean of four.",
    arrays=from_originals(_part),
    task="image-to-image",
)
