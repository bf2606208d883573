"""Statistics of the arrays of a data set, taken block by block: none is ever whole in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from .arrays import IGNORED, SPLITS, Arrays, Statistics, Units

BLOCK_BYTES = 2**20
"""How much of a large array is looked at at once; of bytes it takes eight times as much memory, twice."""

SMALL_BYTES = 4 * 2**20
"""Up to where an array in memory is looked at as a whole."""

BYTE = 255
"""The greatest byte."""


def take_statistics(arrays: Arrays, *, labelled: bool) -> Statistics:
    """Return the statistics of all arrays; `labelled` says whether their targets are labels."""
    y = arrays["y_train"]
    return Statistics(
        samples=_units(arrays["x_train"]),
        targets=None if labelled else _units(y),
        span=0.0 if labelled else _range(y)[1],
        classes=1 + max(_greatest_label(arrays[f"y_{split}"]) for split in SPLITS) if labelled else 0,
        fingerprint=_fingerprint(arrays),
    )


def of_samples(arrays: Arrays, task: str, known: Statistics | None, *, greatest: int = BYTE) -> Statistics:
    """Return the statistics for a task whose targets are the samples: from 0 to 1, the ends of their range.

    Args:
        arrays: Of all splits; targets only tell the data from others.
        task: The task, which tells them from the same data with another one.
        known: Statistics of the arrays, if they were taken before.
        greatest: What a byte could be at most.
    """
    x = arrays["x_train"]
    known = known or take_statistics(arrays, labelled=False)
    lowest, span = _range(x, greatest)
    range_ = f" up to {greatest}" if x.dtype == np.uint8 and greatest != BYTE else ""
    channels = x.shape[1]
    return Statistics(
        samples=known.samples,
        targets=Units(mean=(lowest,) * channels, std=(span,) * channels),
        span=span,
        fingerprint=hashlib.sha256(f"{known.fingerprint} {task}{range_}".encode()).hexdigest()[:16],
    )


def blocks(array: np.ndarray) -> Iterator[np.ndarray]:
    """Yield an array in runs of rows, in their order."""
    rows = max(1, BLOCK_BYTES * len(array) // max(array.nbytes, 1))
    for start in range(0, len(array), rows):
        yield array[start : start + rows]


def _units(x: np.ndarray) -> Units:
    x = x if x.ndim > 1 else x[:, None]
    is_small = x.nbytes <= SMALL_BYTES and not isinstance(x, np.memmap)
    mean, std = _moments_at_once(x) if is_small else _moments(x)
    std = np.where(std > 0, std, 1)
    return Units(mean=tuple(mean.astype(np.float32).tolist()), std=tuple(std.astype(np.float32).tolist()))


def _moments_at_once(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    axes = (0, *range(2, x.ndim))
    return x.mean(axis=axes, dtype=np.float64), x.std(axis=axes, dtype=np.float64)


def _moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each channel, merged from those of blocks (Chan et al. 1979)."""
    count, mean, squares = 0, np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for block in blocks(x):
        added = block.size // x.shape[1]
        its_mean, its_std = _moments_at_once(block)
        step = its_mean - mean
        squares += added * its_std**2 + step**2 * (count * added / (count + added))
        count += added
        mean += step * (added / count)
    return mean, np.sqrt(squares / count)


def _range(y: np.ndarray, greatest: int = BYTE) -> tuple[float, float]:
    """Return the least number, and how far the greatest is from it; of bytes what they could be."""
    if y.dtype == np.uint8:
        return 0.0, float(greatest)
    lowest = min(float(block.min()) for block in blocks(y))
    span = max(float(block.max()) for block in blocks(y)) - lowest
    return lowest, span if span > 0 else 1.0


def _greatest_label(y: np.ndarray) -> int:
    greatest = -1
    for block in blocks(y):
        counted = block if y.ndim == 1 else block[block != IGNORED]
        greatest = max(greatest, int(counted.max())) if counted.size else greatest
    return greatest


def _fingerprint(arrays: Arrays) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        for block in blocks(array):
            digest.update(np.ascontiguousarray(block).data)
    return digest.hexdigest()[:16]
