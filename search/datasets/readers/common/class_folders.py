"""Files by class: `cat/1.png`, `dog/7.png`, or with parts, `train/cat/1.png`, `val/dog/7.png`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archscape.spaces.errors import JobError, suggest

from ...arrays import SPLITS, Parts
from ..base import Block, Samples
from .targets import in_order

PARTS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}
"""Folders that hold a part, and which."""

_CLUTTER = {"Thumbs.db", "desktop.ini"}
_FINDING = 2_000
"""Entries that are looked at to see what a folder holds."""


@dataclass(frozen=True, kw_only=True)
class ClassFiles:
    """The files of a folder, part by part and class by class.

    Attributes:
        files: Of each sample.
        labels: From 0, by the order of the class names.
        parts: Which one each sample is in; None if the folder has no parts.
        class_names: The names of the folders.
        names: Of the samples, their paths in the folder.
    """

    files: tuple[Path, ...]
    labels: NDArray[np.int64]
    parts: Parts | None
    class_names: tuple[str, ...]
    names: tuple[str, ...]

    def samples(self, root: Path, blocks: Callable[[Sequence[Path]], Iterator[Block]]) -> Samples:
        """Return the samples that decoded files are."""
        return Samples(
            source=str(root),
            count=len(self.files),
            blocks=lambda: blocks(self.files),
            targets=self.labels,
            parts=self.parts,
            names=self.names,
            class_names=self.class_names,
            task="classification",
        )


class _ClassFile(NamedTuple):
    """A file, its class, and the number of its part in `SPLITS`; -1 where there are no parts."""

    part: int
    class_name: str
    path: Path


def class_files(root: Path, suffixes: Sequence[str], what: str) -> ClassFiles:
    """Return the files of a folder by class.

    Args:
        root: The folder.
        suffixes: How the files end, in small letters.
        what: They are, for messages: `images`.

    Raises:
        JobError: If a file is something else, a class is empty, or a link leads out of the folder.
    """
    parts = part_folders(root)
    samples: list[_ClassFile] = []
    for part, folder in parts.items() or {"": root}.items():
        number = SPLITS.index(part) if part else -1
        for name in _classes(folder, what):
            files = files_under(folder / name, root, suffixes, what)
            if not files:
                raise JobError(f"{folder / name}: it holds no {what}; remove the folder, or fill it")
            samples += [_ClassFile(number, name, file) for file in files]
    names = in_order({sample.class_name for sample in samples})
    _check_parts(root, samples, names)
    label_of = {name: label for label, name in enumerate(names)}
    return ClassFiles(
        files=tuple(sample.path for sample in samples),
        labels=np.array([label_of[sample.class_name] for sample in samples], np.int64),
        parts=np.array([sample.part for sample in samples], np.int8) if parts else None,
        class_names=names,
        names=tuple(sample.path.relative_to(root).as_posix() for sample in samples),
    )


def part_folders(root: Path) -> dict[str, Path]:
    """Return the folders of the parts, if it has a folder `train`; else none.

    Raises:
        JobError: If one part has two, or a folder stands beside them.
    """
    folders = {entry.name: Path(entry.path) for entry in _entries(root) if entry.is_dir()}
    for folder in folders.values():
        check_inside(folder, root)
    named = [PARTS.get(name.lower()) for name in folders]
    if "train" not in named:
        if len(folders) > 1 and all(named):
            raise JobError(f"{root}: it holds {', '.join(folders)}, but no `train`; add it, or rename them")
        return {}
    parts: dict[str, Path] = {}
    for name, folder in folders.items():
        part = PARTS.get(name.lower(), "")
        if not part:
            raise JobError(f"{folder}: beside `train` stand `val` and `test` alone{suggest(name, PARTS)}")
        if part in parts:
            raise JobError(f"{folder}: the part '{part}' is in {parts[part].name} already")
        parts[part] = folder
    return {part: parts[part] for part in SPLITS if part in parts}


def files_under(folder: Path, root: Path, suffixes: Sequence[str], what: str) -> list[Path]:
    """Return all files in a folder and in those under it, in the order of their names.

    Raises:
        JobError: If one is of another kind, empty, or a link out of the root.
    """
    check_inside(folder, root)
    files: list[Path] = []
    for entry in _entries(folder):
        path = Path(entry.path)
        if entry.is_dir():
            files += files_under(path, root, suffixes, what)
            continue
        check_inside(path, root)
        if path.suffix.lower() not in suffixes:
            raise JobError(f"{path}: among {what} it is none: they end in {', '.join(suffixes)}")
        if entry.stat().st_size == 0:
            raise JobError(f"{path}: it is empty (0 bytes); replace it, or leave it out")
        files.append(path)
    return files


def check_inside(path: Path, root: Path) -> None:
    """Check that what may be a link is a file in the folder that the job names.

    Raises:
        JobError: If a link leads out of it, nowhere, or to a folder, which may hold the link itself.
    """
    if not path.is_symlink():
        return
    target = Path(os.path.realpath(path))
    is_out = Path(os.path.realpath(root)) not in target.parents
    if is_out or not target.is_file():
        what = f"out of {root}" if is_out else "which is no file"
        raise JobError(f"{path}: a link to {target}, {what}; put the file itself there")


def has_files(root: Path, suffixes: Sequence[str]) -> bool:
    """Return whether a file under a folder of it ends as one of these, among the first that are found."""
    seen = 0
    pending = [Path(entry.path) for entry in _entries(root) if entry.is_dir()]
    while pending and seen < _FINDING:
        folder = pending.pop(0)
        for entry in _entries(folder):
            seen += 1
            if entry.is_dir():
                pending.append(Path(entry.path))
            elif Path(entry.name).suffix.lower() in suffixes:
                return True
    return False


def all_files(root: Path) -> list[Path]:
    """Return all files under a folder, in the order of their names; no link is followed to another folder."""
    files = []
    for entry in _entries(root):
        if entry.is_dir(follow_symlinks=False):
            files += all_files(Path(entry.path))
        elif entry.is_file():
            files.append(Path(entry.path))
    return files


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield what is in a folder, in the order of the names; not what systems leave there unasked."""
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise JobError(f"{folder}: cannot be read: {error.strerror}") from None
    return (entry for entry in listed if entry.name not in _CLUTTER and not entry.name.startswith("."))


def _classes(folder: Path, what: str) -> list[str]:
    names = []
    for entry in _entries(folder):
        if not entry.is_dir():
            raise JobError(f"{entry.path}: it is in no class; {what} lie in one folder for each class")
        if not entry.name.isprintable():  # a byte that is no UTF-8, or the end of a line
            raise JobError(f"{entry.path!a}: a name of a class must be printable text; rename the folder")
        names.append(entry.name)
    if not names:
        raise JobError(f"{folder}: it holds no folders of {what}, one for each class")
    return names


def _check_parts(root: Path, samples: Sequence[_ClassFile], names: Sequence[str]) -> None:
    """Check that there are two classes at least, and that each is trained on.

    Raises:
        JobError: If a class is in the validation or the test part alone.
    """
    if len(names) < 2:
        raise JobError(f"{root}: it holds one class, '{names[0]}'; there are two at least, a folder for each")
    trained = {sample.class_name for sample in samples if sample.part <= 0}
    for part, name, file in samples:
        if part > 0 and name not in trained:
            law = f"the part '{SPLITS[part]}' has the class '{name}', which the training part has not"
            raise JobError(f"{file.parent}: {law}{suggest(name, trained)}")
