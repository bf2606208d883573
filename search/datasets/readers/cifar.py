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

from ..arrays import SPLITS
from ..samples import Block, Reader, Samples
from ..settings import DataSettings
from .pickles import load_arrays, texts

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
        place: The folder, or the archive.
        names: Of the training batches in their order, the test batch, the names of the classes.
    """

    place: Path
    train: tuple[str, ...]
    test: str
    meta: str

    @classmethod
    def of(cls, place: Path) -> Batches:
        """Find the files by their names.

        Raises:
            JobError: If some are missing.
        """
        names = {Path(name).name: name for name in _names(place)}
        found = [sorted(filter(pattern.fullmatch, names)) for pattern in (_BATCH, _TEST, _META)]
        if not all(found):
            what = "data_batch_1 .. data_batch_5, test_batch, batches.meta, or train, test, meta"
            raise JobError(
                f"{place}: not all files of CIFAR are there: {what}; it has {', '.join(sorted(names))}"
            )
        train = sorted(found[0], key=lambda name: (len(name), name))
        return cls(
            place=place,
            train=tuple(names[name] for name in train),
            test=names[found[1][0]],
            meta=names[found[2][0]],
        )

    def load(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the content of each file by its name: of an archive in the order there, in one pass.

        Raises:
            JobError: If one is damaged, or holds more than arrays.
        """
        wanted = {*self.train, self.test, self.meta}
        for name, content in _contents(self.place, wanted):
            try:
                yield name, load_arrays(io.BytesIO(content))
            except ValueError as error:
                raise JobError(f"{self.place}: {name}: {error}") from None


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
    given = np.concatenate(
        [
            np.full(len(labels[name]), SPLITS.index("test" if name == batches.test else "train"))
            for name in ordered
        ]
    )

    def blocks() -> Iterator[Block]:
        for name in ordered:
            yield images[name], None

    return Samples(
        place=str(path),
        count=len(given),
        blocks=blocks,
        targets=np.concatenate([labels[name] for name in ordered]),
        given=given.astype(np.int8),
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


def _names(place: Path) -> list[str]:
    """Return the names of the files, of an archive with their folder."""
    if place.is_dir():
        return [file.name for file in _folder(place).iterdir()]
    try:
        with tarfile.open(place, _mode(place)) as archive:
            return [member.name for member in archive if member.isfile()]
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise JobError(f"{place}: not a readable archive: {error}") from None


def _contents(place: Path, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    if place.is_dir():
        for name in sorted(wanted):
            file = _folder(place) / name
            if file.is_symlink() or file.stat().st_size > MAX_MEMBER_BYTES:
                raise JobError(f"{file}: a link, or far larger than any file of CIFAR")
            yield name, file.read_bytes()
        return
    try:
        with tarfile.open(place, _mode(place)) as archive:
            for member in archive:
                if member.isfile() and member.name in wanted:
                    if member.size > MAX_MEMBER_BYTES:
                        raise JobError(
                            f"{place}: {member.name} has {member.size:,} bytes, far more than CIFAR"
                        )
                    content = archive.extractfile(member)  # reads; writes nothing
                    assert content is not None
                    yield member.name, content.read()
    except (OSError, EOFError, tarfile.TarError, zlib.error, gzip.BadGzipFile) as error:
        raise JobError(f"{place}: not a readable archive: {error}") from None


def _mode(place: Path) -> Literal["r:", "r:gz"]:
    return "r:" if place.suffix.lower() == ".tar" else "r:gz"


def _folder(place: Path) -> Path:
    """Return where the batches lie: in a folder, or in the one of its published name in it."""
    inner = next((each for each in sorted(place.iterdir()) if _FOLDER.fullmatch(each.name)), None)
    return inner if inner is not None and inner.is_dir() and not inner.is_symlink() else place


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
