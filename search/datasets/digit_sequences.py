"""Digits as sequences: the 64 pixels of each, row after row, as one signal."""

from __future__ import annotations

from .arrays import Source
from .digits import digits


def digit_sequences() -> Source:
    """Return the plain digits as signals of one channel and 64 steps, 1x64: row after row."""
    plain = digits().arrays
    return Source(
        arrays={
            name: array.reshape(len(array), 1, -1) if name.startswith("x") else array
            for name, array in plain.items()
        }
    )
