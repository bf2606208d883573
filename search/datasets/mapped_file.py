"""The file of a memory map, by which another process maps it again instead of being sent its content."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Self

import numpy as np

from archscape.spaces.errors import JobError


@dataclass(frozen=True, kw_only=True)
class MappedFile:
    """Where in which file an array lies.

    Attributes:
        path: The file.
        offset: Bytes before the array.
        shape: Of the array, which lies there in one piece.
        dtype: Type of its numbers, as numpy writes it.
        version: Which file it is, and which state of it: device, number, size, time of change.
    """

    path: str
    offset: int
    shape: tuple[int, ...]
    dtype: str
    version: tuple[int, ...]

    @classmethod
    def of(cls, array: np.ndarray) -> Self | None:
        """Return where an array lies; None if that is in no file, or in pieces of one."""
        whole = array
        while isinstance(whole.base, np.memmap):
            whole = whole.base
        path = getattr(array, "filename", None)
        if path is None or not isinstance(whole, np.memmap) or not array.flags.c_contiguous:
            return None
        try:
            version = _version(str(path))
        except OSError:  # removed, while it is mapped
            return None
        return cls(
            path=str(path),
            offset=whole.offset + array.ctypes.data - whole.ctypes.data,
            shape=array.shape,
            dtype=array.dtype.str,
            version=version,
        )

    @property
    def is_there(self) -> bool:
        """Whether the file is still the one that was mapped."""
        try:
            return _version(self.path) == self.version
        except OSError:
            return False

    def open(self) -> np.memmap:
        """Return the array, to be read.

        Raises:
            JobError: If the file is another one meanwhile.
        """
        if not self.is_there:
            raise JobError(f"{self.path}: it was changed or removed while it was in use; begin again")
        return np.memmap(self.path, self.dtype, "r", self.offset, self.shape)


def _version(path: str) -> tuple[int, ...]:
    stat = os.stat(path)
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns
