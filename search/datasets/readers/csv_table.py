"""A table of paths and labels: `path,label`, with `split` and columns to group by where there are any.

Paths are relative to the table. Without a column `path` each other column of numbers is no sample either: a
table of numbers is written as an `.npz`.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from archscape.spaces.errors import JobError, suggest

from ..arrays import NUMBERS, SPLITS, Parts
from ..settings import DataSettings
from .base import Reader, Samples, check_taken
from .common.class_folders import PARTS, check_inside
from .common.images import SUFFIXES, ImageDecoder
from .common.sounds import WavDecoder
from .common.targets import targets_of

PATH = ("path", "file", "filename", "image")
LABEL = ("label", "class", "target")
SPLIT = ("split", "part")


def read(path: Path, settings: DataSettings) -> Samples:
    """Return the images or sounds that a table names.

    Raises:
        JobError: If a column, a label or a file is missing, or a file is damaged or out of its folder.
    """
    header, rows = _rows(path)
    at = {kind[0]: _find(path, header, kind) for kind in (PATH, LABEL)}
    split_at = next((i for i, name in enumerate(header) if name.lower() in SPLIT), None)
    files = [_file(path, line, row[at["path"]]) for line, row in rows]
    _check_unique(path, files, [line for line, _ in rows])
    suffixes = {file.suffix.lower() for file in files}
    decoder: ImageDecoder | WavDecoder
    if suffixes == {".wav"}:
        check_taken(settings, ("size", "task"), "a table of sounds")
        decoder = WavDecoder.of(files, settings)
    else:
        decoder = ImageDecoder.of(files[0], settings)
    labels = [row[at["label"]].strip() for _, row in rows]
    for (line, _), label in zip(rows, labels, strict=True):
        if not label:
            raise JobError(f"{path}:{line}: its label is missing; leave the sample out")
    written = _numbers(labels, settings)
    targets = targets_of(str(path), {"train": written}, task=settings.task or "")
    return Samples(
        source=str(path),
        count=len(files),
        blocks=lambda: decoder.blocks(files),
        targets=targets.parts["train"],
        parts=None if split_at is None else _parts(path, rows, split_at),
        names=tuple(row[at["path"]] for _, row in rows),
        columns={name: [row[i] for _, row in rows] for i, name in enumerate(header)},
        class_names=targets.class_names,
        task=settings.task or "classification",
        notes=() if written.dtype.kind == "U" else targets.notes,
        files=files,
    )


def _rows(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the names of the columns, and the rows with the numbers of their lines."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", strict=True)
            header = [name.strip() for name in next(reader, [])]
            rows = [(reader.line_num, row) for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise JobError(f"{path}: not a readable table: {error}") from None
    if not header or not rows:
        raise JobError(f"{path}: it needs a line of names, as in `path,label`, and a line for each sample")
    for line, row in rows:
        if len(row) != len(header):
            raise JobError(f"{path}:{line}: it has {len(row)} cells, but the columns are {', '.join(header)}")
    return header, rows


def _find(path: Path, header: Sequence[str], names: Sequence[str]) -> int:
    for i, name in enumerate(header):
        if name.lower() in names:
            return i
    raise JobError(
        f"{path}:1: there is no column `{names[0]}`; it has {', '.join(header)}{_near(names, header)}"
    )


def _near(names: Sequence[str], header: Sequence[str]) -> str:
    near = suggest(names[0], header)
    return near if "mean" in near else ""


def _file(table: Path, line: int, name: str) -> Path:
    """Return the file of a row, which lies beside the table or under it."""
    file, root = table.parent / name, table.parent
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise JobError(
            f"{table}:{line}: '{name}' leads out of {root}; paths are relative to the table, without .."
        )
    if file.suffix.lower() not in (*SUFFIXES, ".wav"):
        raise JobError(
            f"{table}:{line}: '{name}' is neither an image nor a sound: {', '.join(SUFFIXES)}, .wav"
        )
    if not file.is_file():
        raise JobError(f"{table}:{line}: there is no file {file}")
    for each in (Path(name), *Path(name).parents[:-1]):
        check_inside(root / each, root)
    if file.stat().st_size == 0:
        raise JobError(f"{table}:{line}: {file} is empty (0 bytes); replace it, or leave it out")
    return file


def _check_unique(table: Path, files: Sequence[Path], lines: Sequence[int]) -> None:
    """Check that no file is two samples, which might be of two parts.

    Raises:
        JobError: If one is.
    """
    known: dict[Path, int] = {}
    for file, line in zip(files, lines, strict=True):
        if known.setdefault(file, line) != line:
            law = f"{file} is in line {known[file]} already, and might be trained on and measured on"
            raise JobError(f"{table}:{line}: {law}; leave one of them out")


def _parts(path: Path, rows: Sequence[tuple[int, list[str]]], at: int) -> Parts:
    parts = []
    for line, row in rows:
        part = PARTS.get(row[at].strip().lower())
        if part is None:
            law = f"a split is {', '.join(SPLITS)}, but got '{row[at]}'"
            raise JobError(f"{path}:{line}: {law}{suggest(row[at], SPLITS)}")
        parts.append(SPLITS.index(part))
    return np.array(parts, np.int8)


def _numbers(labels: Sequence[str], settings: DataSettings) -> np.ndarray:
    """Return labels as numbers if all are such, else as text, which no regression has."""
    for number in (int, float):
        try:
            return np.array([number(label.replace("_", "?")) for label in labels])  # 1_0 is 10 in Python
        except ValueError as error:
            reason = error
    if settings.task in NUMBERS:
        raise JobError(f"{settings.path}: the targets of a regression are numbers: {reason}")
    return np.array(labels, str)


CSV = Reader(
    what="a table of paths and labels, and split where it is given",
    example="FILE.csv with path,label",
    recognises=lambda path: path.suffix.lower() in (".csv", ".tsv") and path.is_file(),
    files=lambda path: [path],
    read=read,
    takes=("size", "channels", "task"),
)
