"""Noisy digits: a digit at a random place under strong noise, and the same without."""

from __future__ import annotations

import numpy as np

from ..random_bits import Bytes, grain, normal
from .base import Embedded
from .cluttered_digits import rendered_part
from .originals import SEEDS, Digits, Part, from_originals

NOISE = 50
"""Standard deviation of the noise, in grey levels of 256."""

_SEED = 30


def _part(split: str, digits: Digits) -> Part:
    ink = rendered_part(split, digits, seed=_SEED).ink
    clean = np.rint(ink * 200 + 30).astype(np.uint8)
    return _noisy(clean, SEEDS[split] + _SEED + 2)[:, None], clean[:, None]


def _noisy(clean: Bytes, seed: int) -> Bytes:
    noise = normal(grain(seed, clean.shape)) * np.float32(NOISE)
    noisy: Bytes = np.clip(np.rint(clean + noise), 0, 255).astype(np.uint8)
    return noisy


NOISY_DIGITS = Embedded(
    what="Digits, 1x16x16, under noise of 50 grey levels, with the same images before it came.",
    arrays=from_originals(_part),
    task="denoising",
)
