"""Random numbers that no release of NumPy changes: all come from the raw stream of PCG64."""

from __future__ import annotations

from math import prod
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]
Floats: TypeAlias = NDArray[np.float32]
Doubles: TypeAlias = NDArray[np.float64]


def uniform(seed: int, shape: tuple[int, ...]) -> Doubles:
    """Return numbers in [0, 1) that depend on the seed alone: 53 bits of the stream each."""
    raw = np.random.PCG64(seed).random_raw(prod(shape))
    top: Doubles = (raw >> np.uint64(11)).astype(np.float64)
    return top.reshape(shape) * 2.0**-53


def grain(seed: int, shape: tuple[int, ...]) -> Bytes:
    """Return four random bytes for each number of a shape with an even number of them, (*shape, 4)."""
    raw = np.random.PCG64(seed).random_raw(prod(shape) // 2).astype("<u8", copy=False)
    return raw.view(np.uint8).reshape(*shape, 4)


def normal(grain: Bytes) -> Floats:
    """Return a number of about the standard normal distribution for each four bytes of `grain`.

    Four bytes summed are near enough to one: their mean is 510, their standard deviation 148.
    """
    total: Floats = grain.sum(-1, dtype=np.int32).astype(np.float32)
    values: Floats = (total - np.float32(510)) / np.float32(148)
    return values
