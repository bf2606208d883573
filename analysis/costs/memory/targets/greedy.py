"""The memory planner of TensorFlow Lite Micro: buffers go where they fit, the largest first.

Source: `tensorflow/lite/micro/memory_planner/greedy_memory_planner.cc`.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from typing import NamedTuple

ALIGNMENT = 16
"""Every buffer is a multiple of so many bytes."""


class Buffer(NamedTuple):
    """A piece of memory that is in use for some time.

    Attributes:
        size: Its bytes.
        first: The operator that makes it, counted from 1; 0 stands before all.
        last: The last operator that uses it.
    """

    size: int
    first: int
    last: int


def aligned(size: int, alignment: int = ALIGNMENT) -> int:
    """Return bytes rounded up to a multiple."""
    return -(-size // alignment) * alignment


def plan(buffers: Sequence[Buffer]) -> list[int]:
    """Return the offset of each buffer.

    From the largest to the smallest, those that are named last before others of their size, each takes the
    lowest gap between the buffers that are in use at the same time.
    """
    sizes = [aligned(buffer.size) for buffer in buffers]
    placed: list[tuple[int, int, int, int]] = []  # offset, end, first and last use
    offsets = [0] * len(buffers)
    for index in sorted(range(len(buffers)), key=lambda index: (sizes[index], index), reverse=True):
        size, (_, first, last) = sizes[index], buffers[index]
        offset = 0
        for start, end, since, until in placed:
            if since <= last and first <= until:
                if start - offset >= size:
                    break
                offset = max(offset, end)
        offsets[index] = offset
        insort(placed, (offset, offset + size, first, last), key=lambda entry: entry[0])
    return offsets
