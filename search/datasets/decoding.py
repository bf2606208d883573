"""Decoding: samples go block by block, each to the arrays of its part, in memory or in files of NumPy."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np

from archscape.spaces.errors import JobError

from .arrays import SPLITS, Parts
from .progress import Progress
from .readers.base import Samples

_SPARE_BYTES = 64 * 2**20

Shapes: TypeAlias = dict[str, tuple[tuple[int, ...], np.dtype[Any]]]
"""The shape and the type of each array."""


class MemoryStore:
    """Takes decoded arrays in memory."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self._rows: dict[str, int] = {}

    def create(self, shapes: Shapes) -> None:
        """Make room for arrays of these shapes and types."""
        self.arrays = {name: np.empty(shape, dtype) for name, (shape, dtype) in shapes.items()}
        self._rows = dict.fromkeys(shapes, 0)

    def append(self, name: str, rows: np.ndarray) -> None:
        """Take the next rows of an array."""
        start = self._rows[name]
        self.arrays[name][start : start + len(rows)] = rows
        self._rows[name] += len(rows)

    def close(self) -> None:
        """Have all of it."""


class FileStore:
    """Writes decoded arrays to files of NumPy, from front to end: a full disk is an error, not a crash."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, BinaryIO] = {}

    def create(self, shapes: Shapes) -> None:
        """Begin arrays of these shapes and types.

        Raises:
            JobError: If there is no room.
        """
        needed = sum(math.prod(shape) * dtype.itemsize for shape, dtype in shapes.values())
        free = shutil.disk_usage(self.folder).free
        if needed + _SPARE_BYTES > free:
            law = f"{needed / 1e9:.1f} GB are needed for the decoded data, but {free / 1e9:.1f} GB are free"
            raise JobError(f"{self.folder.parent}: {law}; set ARCHSCAPE_CACHE to a folder with room")
        with writing(self.folder.parent):
            for name, (shape, dtype) in shapes.items():
                self._files[name] = (self.folder / f"{name}.npy").open("xb")
                header = {
                    "descr": np.lib.format.dtype_to_descr(dtype),
                    "fortran_order": False,
                    "shape": shape,
                }
                np.lib.format.write_array_header_1_0(self._files[name], header)

    def append(self, name: str, rows: np.ndarray) -> None:
        """Write the next rows of an array."""
        with writing(self.folder.parent):
            self._files[name].write(np.ascontiguousarray(rows).data)

    def close(self) -> None:
        """Close the files; what they hold is on disk then."""
        with writing(self.folder.parent):
            for file in self._files.values():
                with file:
                    file.flush()
                    os.fsync(file.fileno())


def decode(
    samples: Samples, parts: Parts, store: MemoryStore | FileStore, *, show: Progress, words: str
) -> None:
    """Decode all samples block by block, each to its part, in the order of the source.

    Raises:
        JobError: If one cannot be decoded.
    """
    done = 0
    try:
        for x, y in samples.blocks():
            rows = slice(done, done + len(x))
            targets = samples.targets[rows] if y is None and samples.targets is not None else y
            assert targets is not None
            if done == 0:
                store.create(_shapes(parts, x, targets))
            for number, part in enumerate(SPLITS):
                chosen = parts[rows] == number
                if chosen.any():
                    store.append(f"x_{part}", x if chosen.all() else x[chosen])
                    store.append(f"y_{part}", targets if chosen.all() else targets[chosen])
            done += len(x)
            show(words, done, samples.count)
        assert done == samples.count, f"{samples.source}: {done} of {samples.count} samples"
    finally:
        store.close()


def _shapes(parts: Parts, x: np.ndarray, y: np.ndarray) -> Shapes:
    counts = {part: int((parts == number).sum()) for number, part in enumerate(SPLITS)}
    return {
        f"{letter}_{part}": ((count, *array.shape[1:]), array.dtype)
        for part, count in counts.items()
        for letter, array in (("x", x), ("y", y))
    }


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Say in which folder nothing can be written.

    Raises:
        JobError: If that is so.
    """
    try:
        yield
    except OSError as error:
        law = f"the decoded data cannot be kept there: {error.strerror or error}"
        raise JobError(f"{folder}: {law}; set ARCHSCAPE_CACHE to a folder that can be written") from None
