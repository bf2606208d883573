"""Random numbers that no release of NumPy changes."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Doubles: TypeAlias = NDArray[np.float64]


def uniform(seed: int, shape: tuple[int, ...]) -> Doubles:
    """Return numbers in [0, 1) that depend on the seed alone: 53 bits of the raw PCG64 stream each."""
    raw = np.random.PCG64(seed).random_raw(int(np.prod(shape)))
    top: Doubles = (raw >> np.uint64(11)).astype(np.float64)
    return top.reshape(shape) * 2.0**-53
