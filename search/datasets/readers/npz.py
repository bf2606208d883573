"""Arrays from a NumPy archive: `x_train`, `y_train`, and where given `x_val`, `y_val`, `x_test`, `y_test`.

Members are read from the front, block by block, so that an archive may be larger than memory. With nothing
said of the split a missing part is a random tenth of the training part, as in all versions.
"""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from archscape.spaces.errors import JobError

from ..arrays import SPLITS, Parts
from ..random_bits import uniform
from ..settings import HELD_OUT, DataSettings
from .base import MOST_DEFLATED, Reader, Samples
from .common.columns import ArrayColumn, Column, samples_of

_SPLIT_SEED = 2011


@dataclass(frozen=True, kw_only=True)
class Member:
    """An array of an archive."""

    path: Path
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]

    @classmethod
    def of(cls, archive: zipfile.ZipFile, path: Path, name: str) -> Column:
        """Read its header; an array in Fortran order has no rows to read one after the other.

        Raises:
            ValueError: If it is none, or its array holds objects.
        """
        with archive.open(name) as file:
            shape, is_fortran, dtype = _read_header(file)
        if dtype.hasobject:
            raise ValueError(f"{name} holds objects, which would run code")
        info = archive.getinfo(name)
        size = math.prod(shape) * dtype.itemsize
        if size > info.file_size or info.file_size > MOST_DEFLATED * info.compress_size:
            raise ValueError(f"{name} holds less than its header says")
        if is_fortran and len(shape) > 1:
            return ArrayColumn(np.ascontiguousarray(np.load(path)[name.removesuffix(".npy")]))
        return cls(path=path, name=name, shape=shape, dtype=dtype)

    def blocks(self, rows: int) -> Iterator[np.ndarray]:
        """Yield its rows in their order, so many at once."""
        with _reading(self.path), zipfile.ZipFile(self.path) as archive, archive.open(self.name) as file:
            _read_header(file)
            row = self.dtype.itemsize * math.prod(self.shape[1:])
            for start in range(0, self.shape[0], rows):
                count = min(rows, self.shape[0] - start)
                content = file.read(count * row)
                if len(content) < count * row:
                    raise ValueError(f"{self.name} ends early")
                yield np.frombuffer(content, self.dtype).reshape(count, *self.shape[1:])


def _read_header(file: object) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    version = np.lib.format.read_magic(file)  # type: ignore[arg-type]
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(file)  # type: ignore[arg-type]


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Say which file cannot be read.

    Raises:
        JobError: If it cannot.
    """
    try:
        yield
    except JobError:
        raise
    except (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        # RuntimeError: encrypted, or compressed in an unknown way
        raise JobError(f"{path}: not a readable .npz archive of plain numbers: {error}") from None


def read(path: Path, settings: DataSettings) -> Samples:
    """Return the samples of an archive.

    Raises:
        JobError: If the file cannot be read, an array is missing or unknown, or shapes and values do not fit.
    """
    with _reading(path), zipfile.ZipFile(path) as archive:
        columns = {name.removesuffix(".npy"): Member.of(archive, path, name) for name in archive.namelist()}
    samples = samples_of(str(path), columns, task=settings.task or "")
    if settings.val or settings.test or settings.split or settings.seed:
        return samples
    assert samples.parts is not None
    return replace(samples, parts=_with_all_parts(path, samples.parts))


def _with_all_parts(path: Path, parts: Parts) -> Parts:
    """Move a random tenth of the training part, at least one sample, to each part that is missing."""
    parts = parts.copy()
    for part in (SPLITS.index("test"), SPLITS.index("val")):
        if (parts == part).any():
            continue
        rows = np.flatnonzero(parts == 0)
        count = max(1, round(HELD_OUT * len(rows)))
        if len(rows) - count < 2:
            raise JobError(f"{path}: {len(rows)} training samples are too few to split off '{SPLITS[part]}'")
        order = np.argsort(uniform(_SPLIT_SEED + part, (len(rows),)), kind="stable")
        parts[rows[order[:count]]] = part
    return parts


NPZ = Reader(
    what="a NumPy archive with x_train, y_train and, if given, those of val and test",
    example="FILE.npz",
    recognises=lambda path: path.suffix.lower() == ".npz" and path.is_file(),
    files=lambda path: [path],
    read=read,
    takes=("task",),
)
