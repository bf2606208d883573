"""Noisy digits: a digit at a random place under strong noise, and the same without."""

from __future__ import annotations

import numpy as np

from .arrays import Source
from .cluttered_digits import COPIES, SIDE, draw
from .digits import Bytes, originals

NOISE = 50  # standard deviation of the noise, in grey levels of 256

_SEEDS = {"train": 130, "val": 230, "test": 330}


def noisy_digits() -> Source:
    """Return digits, 1x16x16, under noise of 50 grey levels, with the same images before it came."""
    arrays: dict[str, np.ndarray] = {}
    for split, (images, _) in originals().items():
        ink = draw(images, copies=COPIES[split], seed=_SEEDS[split]).ink
        clean = np.rint(ink * 200 + 30).astype(np.uint8)
        arrays[f"x_{split}"] = _noisy(clean, _SEEDS[split] + 2)[:, None]
        arrays[f"y_{split}"] = clean[:, None]
    return Source(arrays=arrays, task="denoising")


def _noisy(clean: Bytes, seed: int) -> Bytes:
    raw = np.random.PCG64(seed).random_raw(clean.size // 2).astype("<u8", copy=False)
    grain = raw.view(np.uint8).reshape(len(clean), SIDE, SIDE, 4)
    # Four bytes summed are near enough to a normal number: mean 510, standard deviation 148.
    normal = (grain.sum(-1, dtype=np.int32).astype(np.float32) - 510) / 148
    noisy: Bytes = np.clip(np.rint(clean + normal * np.float32(NOISE)), 0, 255).astype(np.uint8)
    return noisy
