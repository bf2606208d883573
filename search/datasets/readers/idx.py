"""Pairs of IDX files as MNIST is published: images and labels of a training and a test part, also as `.gz`.

Source: LeCun, Cortes and Burges, http://yann.lecun.com/exdb/mnist: two zero bytes, one for the type, one for
the number of axes, their sizes as four bytes each, most significant first, then the numbers likewise.
"""

from __future__ import annotations

import gzip
import math
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import numpy as np

from archscape.spaces.errors import JobError

from ..settings import DataSettings
from .base import MOST_DEFLATED, Reader, Samples
from .common.class_folders import check_inside
from .common.columns import ArrayColumn, Column, samples_of

TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
PARTS = {"train": "train", "t10k": "test", "test": "test", "val": "val"}
_NAME = re.compile(r"(.*?)(train|t10k|test|val)-(images|labels)[-.]idx\d[-.]ubyte(?:\.gz)?")


class _FileName(NamedTuple):
    """What the name of a file says: of which set, which part, and `images` or `labels`."""

    prefix: str
    part: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class IdxFile:
    """One file, with a channel axis put into what it holds of images."""

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]

    @classmethod
    def of(cls, path: Path) -> IdxFile:
        """Read its header.

        Raises:
            JobError: If it is none.
        """
        with _opened(path) as file:
            magic = file.read(4)
            if len(magic) < 4 or any(magic[:2]) or magic[2] not in TYPES or not 1 <= magic[3] <= 4:
                law = "it must begin with two zeros, a type and a number of axes"
                raise JobError(f"{path}: not an IDX file: {law}")
            code, axes = magic[2:]
            sizes = file.read(4 * axes)
            if len(sizes) < 4 * axes:
                raise JobError(f"{path}: it ends in its header")
        shape, dtype = tuple(map(int, np.frombuffer(sizes, ">u4"))), np.dtype(TYPES[code])
        most = path.stat().st_size * (MOST_DEFLATED if path.suffix == ".gz" else 1)
        if math.prod(shape) * dtype.itemsize > most:
            raise JobError(f"{path}: it ends before the {shape[0]:,} items that its header names")
        return cls(path=path, shape=shape, dtype=dtype)

    def blocks(self, rows: int) -> Iterator[np.ndarray]:
        """Yield its rows in their order, so many at once."""
        with _opened(self.path) as file:
            file.read(4 + 4 * len(self.shape))
            row = self.dtype.itemsize * math.prod(self.shape[1:])
            for start in range(0, self.shape[0], rows):
                count = min(rows, self.shape[0] - start)
                content = file.read(count * row)
                if len(content) < count * row:
                    law = f"it ends after {start + len(content) // max(row, 1):,} of {self.shape[0]:,} items"
                    raise JobError(f"{self.path}: {law}")
                block = np.frombuffer(content, self.dtype).reshape(count, *self.shape[1:])
                yield block.astype(self.dtype.newbyteorder("="))


@dataclass(frozen=True)
class _WithChannel:
    """A column of grey images (N, height, width) as (N, 1, height, width)."""

    file: IdxFile

    @property
    def shape(self) -> tuple[int, ...]:
        count, *rest = self.file.shape
        return (count, 1, *rest)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        return self.file.dtype

    def blocks(self, rows: int) -> Iterator[np.ndarray]:
        return (block[:, None] for block in self.file.blocks(rows))


def read(path: Path, settings: DataSettings) -> Samples:
    """Return the samples of the pairs in a folder.

    Raises:
        JobError: If a partner is missing, or a file is damaged.
    """
    columns: dict[str, Column] = {}
    for file in _files(path):
        if path.is_dir():
            check_inside(file, path)
        _, part, kind = _parse(file)
        letter = "x" if kind == "images" else "y"
        idx = IdxFile.of(file)
        if letter == "y":
            if len(idx.shape) != 1:
                raise JobError(f"{file}: labels have one axis, but it has {idx.shape}")
            columns[f"y_{PARTS[part]}"] = ArrayColumn(np.concatenate([*idx.blocks(2**20)]))
        else:
            columns[f"x_{PARTS[part]}"] = _WithChannel(idx) if len(idx.shape) == 3 else idx
    return replace(samples_of(str(path), columns), light_bytes=0)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with cast("BinaryIO", gzip.open(path)) if path.suffix == ".gz" else path.open("rb") as file:
            yield file
    except (OSError, EOFError, zlib.error) as error:
        raise JobError(f"{path}: cannot be read: {error}") from None


def _parse(file: Path) -> _FileName:
    match = _NAME.fullmatch(file.name)
    assert match is not None
    return _FileName(*match.groups())


def _files(path: Path) -> list[Path]:
    """Return the files of one set: those of a folder, or those with the prefix of a file in its folder."""
    folder = path if path.is_dir() else path.parent
    files = sorted(file for file in folder.iterdir() if _NAME.fullmatch(file.name) and file.is_file())
    wanted = _parse(path if path.is_file() else files[0]).prefix if files else ""
    chosen: dict[tuple[str, str], Path] = {}
    for file in files:  # `.gz` behind the plain one of the same name
        prefix, part, kind = _parse(file)
        if prefix == wanted:
            chosen.setdefault((part, kind), file)
        elif path.is_dir():
            raise JobError(f"{path}: it holds several sets, {wanted}... and {prefix}...; name a file of one")
    return [*chosen.values()]


def _recognises(path: Path) -> bool:
    if path.is_file():
        return bool(_NAME.fullmatch(path.name))
    return any(_NAME.fullmatch(file.name) for file in path.iterdir() if file.is_file())


IDX = Reader(
    what="pairs of IDX files, as of MNIST, also as .gz",
    example="FOLDER with train-images-idx3-ubyte.gz",
    recognises=_recognises,
    files=_files,
    read=read,
)
