"""CIFAR-10 and CIFAR-100 as published: pickled batches of 32x32 colour images, in an archive or unpacked.

Source: Krizhevsky 2009, Learning multiple layers of features from tiny images;
https://www.cs.toronto.edu/~kriz/cifar.html. Members of an archive are read by name and never extracted.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from archscape.spaces.errors import JobError

from ..settings import DataSettings
from .base import Block, Reader, Samples, parts_of
from .common.pickles import load_arrays, texts

SHAPE = (3, 32, 32)
"""Of an image; a row of a batch is 1,024 red values, then green, then blue, row by row."""
MAX_MEMBER_BYTES = 2**30
"""The largest published member has 155 MB."""

_FOLDER = re.compile(r"cifar-100?-batches-py|cifar-100-python")
_BATCH = re.compile(r"data_batch_\d+|train")
_TEST = re.compile(r"test_batch|test")
_META = re.compile(r"batches\.meta|meta")
_ARCHIVES = (".tar.gz", ".tgz", ".tar")


@dataclass(frozen=True, kw_only=True)
class Batches:
    """The files of a data set, in a folder or an archive.

    Attributes:
        path: The folder, or the archive.
        train: Names of the training batches in their order.
        test: Name of the test batch.
        meta: Name of the file with the names of the classes.
    """

    path: Path
    train: tuple[str, ...]
    test: str
    meta: str

    @classmethod
    def of(cls, path: Path) -> Batches:
        """Find the files by their names.

        Raises:
            JobError: If some are missing.
        """
        names = {Path(name).name: name for name in _names(path)}
        train, test, meta = (sorted(filter(each.fullmatch, names)) for each in (_BATCH, _TEST, _META))
        if not (train and test and meta):
            what = "data_batch_1 .. data_batch_5, test_batch, batches.meta, or train, test, meta"
            raise JobError(
                f"{path}: not all files of CIFAR are there: {what}; it has {', '.join(sorted(names))}"
            )
        train.sort(key=lambda name: (len(name), name))
        return cls(
            path=path,
            train=tuple(names[name] for name in train),
            test=names[test[0]],
            meta=names[meta[0]],
        )

    def load(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the content of each file by its name: of an archive in the order there, in one pass.

        Raises:
            JobError: If one is damaged, or holds more than arrays.
        """
        wanted = {*self.train, self.test, self.meta}
        for name, content in _contents(self.path, wanted):
            try:
                yield name, load_arrays(io.BytesIO(content))
            except ValueError as error:
                raise JobError(f"{self.path}: {name}: {error}") from None


def read(path: Path, settings: DataSettings) -> Samples:
    """Return the samples of CIFAR-10 or CIFAR-100, of the latter with the fine labels.

    Raises:
        JobError: If a file is missing, damaged, or holds more than arrays.
    """
    batches = Batches.of(path)
    contents = dict(batches.load())
    ordered = [*batches.train, batches.test]
    images = {name: _images(path, name, contents[name]) for name in ordered}
    labels = {name: _labels(path, name, contents[name]) for name in ordered}
    meta = contents[batches.meta]
    names = tuple(texts(meta.get("label_names") or meta.get("fine_label_names") or ()))
    for name in ordered:
        if labels[name].min() < 0 or (names and labels[name].max() >= len(names)):
            raise JobError(f"{path}: {name}: its labels are not those of {len(names)} classes")
    counts = {
        "train": sum(len(labels[name]) for name in batches.train),
        "test": len(labels[batches.test]),
    }

    def blocks() -> Iterator[Block]:
        for name in ordered:
            yield images[name], None

    return Samples(
        source=str(path),
        count=sum(counts.values()),
        blocks=blocks,
        targets=np.concatenate([labels[name] for name in ordered]),
        parts=parts_of(counts),
        class_names=names,
        task="classification",
    )


def _images(path: Path, name: str, content: Mapping[str, Any]) -> np.ndarray:
    data = content.get("data")
    width = int(np.prod(SHAPE))
    if (
        not isinstance(data, np.ndarray)
        or data.dtype != np.uint8
        or data.shape[1:] != (width,)
        or not len(data)
    ):
        what = f"{data.shape} {data.dtype}" if isinstance(data, np.ndarray) else type(data).__name__
        raise JobError(f"{path}: {name}: `data` must be bytes (N, {width}), but is {what}")
    return data.reshape(-1, *SHAPE)


def _labels(path: Path, name: str, content: Mapping[str, Any]) -> np.ndarray:
    written = content.get("labels", content.get("fine_labels"))
    try:
        labels = np.asarray(written if isinstance(written, list | np.ndarray) else [])
    except ValueError:  # lists of several lengths
        labels = np.asarray([])
    if labels.dtype.kind not in "ui" or labels.shape != (len(content["data"]),):
        raise JobError(
            f"{path}: {name}: {len(content['data'])} images need as many labels, but there are {labels.size}"
        )
    return labels.astype(np.int64)


def _names(path: Path) -> list[str]:
    """Return the names of the files, of an archive with their folder."""
    if path.is_dir():
        return [file.name for file in _folder(path).iterdir()]
    try:
        with tarfile.open(path, _mode(path)) as archive:
            return [member.name for member in archive if member.isfile()]
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise JobError(f"{path}: not a readable archive: {error}") from None


def _contents(path: Path, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for name in sorted(wanted):
            file = _folder(path) / name
            if file.is_symlink() or file.stat().st_size > MAX_MEMBER_BYTES:
                raise JobError(f"{file}: a link, or far larger than any file of CIFAR")
            yield name, file.read_bytes()
        return
    try:
        with tarfile.open(path, _mode(path)) as archive:
            for member in archive:
                if member.isfile() and member.name in wanted:
                    if member.size > MAX_MEMBER_BYTES:
                        raise JobError(
                            f"{path}: {member.name} has {member.size:,} bytes, far more than CIFAR"
                        )
                    content = archive.extractfile(member)  # reads; writes nothing
                    assert content is not None
                    yield member.name, content.read()
    except (OSError, EOFError, tarfile.TarError, zlib.error, gzip.BadGzipFile) as error:
        raise JobError(f"{path}: not a readable archive: {error}") from None


def _mode(path: Path) -> Literal["r:", "r:gz"]:
    return "r:" if path.suffix.lower() == ".tar" else "r:gz"


def _folder(path: Path) -> Path:
    """Return where the batches lie: in a folder, or in the one of its published name in it."""
    inner = next((each for each in sorted(path.iterdir()) if _FOLDER.fullmatch(each.name)), None)
    return inner if inner is not None and inner.is_dir() and not inner.is_symlink() else path


def _recognises(path: Path) -> bool:
    if path.is_file():
        return path.name.lower().endswith(_ARCHIVES)
    names = {file.name for file in _folder(path).iterdir() if file.is_file()}
    return bool({"data_batch_1", "batches.meta"} & names) or {"train", "test", "meta"} <= names


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(file for file in _folder(path).iterdir() if file.is_file())


CIFAR = Reader(
    what="the archive of CIFAR-10 or CIFAR-100 for Python, or its folder",
    example="cifar-10-python.tar.gz",
    recognises=_recognises,
    files=_files,
    read=read,
)
