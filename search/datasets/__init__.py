"""Data sets: names and files become tensors.

A new embedded data set is a file here with a function that returns its arrays, and a line in `EMBEDDED`; a
new format of files is a file here with a reader, and a line in `READERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from archscape.spaces.errors import JobError
from archscape.spaces.registry import LazyTable

from .arrays import SPLITS, Arrays

EMBEDDED: LazyTable[Callable[[], Arrays]] = LazyTable(
    "embedded data set",
    __name__,
    {"digits": ".digits:digits", "cluttered-digits": ".cluttered_digits:cluttered_digits"},
    error=JobError,
)
"""What returns the arrays of a data set, by its name in a job."""

READERS: LazyTable[Callable[[Path], Arrays]] = LazyTable(
    "reader of data files", __name__, {".npz": ".npz:read_npz"}, error=JobError
)
"""What reads the arrays of a file, by its suffix."""

__all__ = ["EMBEDDED", "READERS", "SPLITS", "Arrays"]
