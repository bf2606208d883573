"""A folder that `datasets` of Hugging Face wrote with `save_to_disk`: images or numbers, and labels.

Its files are streams of Arrow, which pyarrow reads; the package `datasets` is not needed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archscape.spaces.errors import JobError

from ..arrays import SPLITS
from ..settings import DataSettings
from .base import Block, Reader, Samples, check_taken, parts_of
from .common.class_folders import PARTS, all_files, check_inside
from .common.columns import check_finite
from .common.images import Encoded, ImageDecoder, decoded
from .common.targets import targets_of

if TYPE_CHECKING:
    import pyarrow as pa

DICT, STATE, INFO = "dataset_dict.json", "state.json", "dataset_info.json"
LABELS = ("label", "labels", "fine_label", "target", "class", "y")


@dataclass(frozen=True, kw_only=True)
class ArrowFolder:
    """One part of the data: a folder of Arrow files with the same columns.

    Attributes:
        features: Of `datasets`, by column.
    """

    folder: Path
    files: tuple[Path, ...]
    features: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, folder: Path) -> ArrowFolder:
        """Read what the folder says of itself.

        Raises:
            JobError: If that is not what `save_to_disk` writes.
        """
        state, info = _json(folder / STATE), _json(folder / INFO)
        if state.get("_indices_data_files") or state.get("_indices_files"):
            raise JobError(f"{folder}: it has indices apart; save it anew, after `flatten_indices()`")
        try:
            names = [str(each["filename"]) for each in state["_data_files"]]
            features = dict(info["features"])
        except (KeyError, TypeError):
            raise JobError(
                f"{folder}: not what `save_to_disk` writes: {STATE} or {INFO} lacks a key"
            ) from None
        for name in names:
            if Path(name).name != name or (folder / name).is_symlink():
                raise JobError(f"{folder / STATE}: '{name}' leads out of the folder")
        return cls(folder=folder, files=tuple(folder / name for name in names), features=features)

    def batches(self, columns: Sequence[str]) -> Iterator[dict[str, pa.Array]]:
        """Yield some columns in their order, as many rows at once as the files have them.

        Raises:
            JobError: If a file is damaged.
        """
        import pyarrow as pa

        for file in self.files:
            try:
                with pa.memory_map(str(file)) as source, pa.ipc.open_stream(source) as stream:
                    for batch in stream:
                        yield {name: batch.column(name) for name in columns}
            except (OSError, KeyError, pa.ArrowException) as error:
                raise JobError(f"{file}: not a readable Arrow file: {error}") from None

    def column(self, name: str) -> list[Any]:
        """Return all values of a column."""
        return [value for batch in self.batches([name]) for value in batch[name].to_pylist()]


def read(path: Path, settings: DataSettings) -> Samples:
    """Return the samples of a folder.

    Raises:
        JobError: If a column is missing, or a file is damaged.
    """
    parts = _parts(path)
    first = next(iter(parts.values()))
    _check_columns(path, parts)
    sample, label = _sample_column(path, first), _label_column(path, first)
    if first.features[sample].get("_type") != "Image":
        check_taken(settings, ("task",), "a folder of arrays or lists")
    names = tuple(map(str, first.features[label].get("names") or ()))
    written = {part: _labels(folder, label) for part, folder in parts.items()}
    targets = targets_of(str(path), written, task=settings.task or "", class_names=names)
    groups = [name for name, each in first.features.items() if each.get("_type") in ("Value", "ClassLabel")]
    wanted = settings.split.get("group")
    counts = {part: len(labels) for part, labels in written.items()}
    return Samples(
        source=str(path),
        count=sum(counts.values()),
        blocks=lambda: _blocks(parts, sample, settings),
        targets=np.concatenate([*targets.parts.values()]),
        parts=parts_of(counts) if len(parts) > 1 else None,
        columns={
            name: [str(v) for folder in parts.values() for v in folder.column(name)] if name == wanted else ()
            for name in groups
        },
        class_names=targets.class_names,
        task=settings.task or "",
        notes=targets.notes,
    )


def _parts(path: Path) -> dict[str, ArrowFolder]:
    """Return the folders of the parts in the order of `SPLITS`; of a set without parts, that as `train`."""
    if not (path / DICT).is_file():
        return {"train": ArrowFolder.of(path)}
    names = _json(path / DICT).get("splits", [])
    parts: dict[str, ArrowFolder] = {}
    for name in names if isinstance(names, list) else []:
        part = PARTS.get(str(name))
        if part is None or part in parts:
            law = f"its splits are train, validation and test, but got {', '.join(map(str, names))}"
            raise JobError(f"{path / DICT}: {law}")
        check_inside(path / str(name), path)
        parts[part] = ArrowFolder.of(path / str(name))
    if "train" not in parts:
        raise JobError(f"{path / DICT}: it has no split `train`")
    return {part: parts[part] for part in SPLITS if part in parts}


def _check_columns(path: Path, parts: Mapping[str, ArrowFolder]) -> None:
    first = parts["train"].features
    for part, folder in parts.items():
        if folder.features != first:
            raise JobError(f"{folder.folder}: the part '{part}' has other columns or classes than 'train'")


def _sample_column(path: Path, folder: ArrowFolder) -> str:
    """Return the column of the samples: the first of images, or else of arrays or lists."""
    for kinds in (("Image",), ("Array2D", "Array3D", "Array4D", "Sequence", "List", "LargeList")):
        for name, feature in folder.features.items():
            if feature.get("_type") in kinds:
                return name
    shown = ", ".join(f"{name} ({each.get('_type')})" for name, each in folder.features.items())
    raise JobError(f"{path}: it has no column of images or arrays, but {shown}")


def _label_column(path: Path, folder: ArrowFolder) -> str:
    named = [name for name, each in folder.features.items() if each.get("_type") == "ClassLabel"]
    labels = [*named, *(name for name in LABELS if name in folder.features)]
    if not labels:
        raise JobError(f"{path}: it has no column of labels; it has {', '.join(folder.features)}")
    return labels[0]


def _labels(folder: ArrowFolder, name: str) -> np.ndarray:
    values = folder.column(name)
    for row, value in enumerate(values):
        if value is None or (value == -1 and folder.features[name].get("_type") == "ClassLabel"):
            raise JobError(
                f"{folder.folder}: {name}[{row}] is {value}: its label is missing; leave the sample out"
            )
    try:
        return np.array(values)
    except ValueError:
        raise JobError(
            f"{folder.folder}: '{name}' is neither one label nor as many numbers a sample"
        ) from None


def _blocks(parts: Mapping[str, ArrowFolder], name: str, settings: DataSettings) -> Iterator[Block]:
    is_image = parts["train"].features[name].get("_type") == "Image"
    decoder, shape = None, None
    for folder in parts.values():
        start = 0
        for batch in folder.batches([name]):
            column, where = batch[name], f"{folder.folder}: {name}"
            if is_image:
                decoder = decoder or ImageDecoder.of(_encoded(column, where, start, 0, 1)[0], settings)
                for row in range(0, len(column), decoder.rows):
                    yield decoded(_encoded(column, where, start, row, decoder.rows), decoder), None
            else:
                block = _array(column, where)
                shape = shape or block.shape[1:]
                if block.shape[1:] != shape:
                    law = f"{where} holds {block.shape[1:]} samples beside {shape}"
                    raise JobError(f"{law}; they are of one size")
                check_finite(where, block, start)
                yield block, None
            start += len(column)


def _encoded(column: pa.Array, where: str, start: int, row: int, count: int) -> list[Encoded]:
    """Return some images of a column, which begins at the sample `start`, as the bytes of their files."""
    images = []
    for i, value in enumerate(column[row : row + count].to_pylist(), start + row):
        content = value.get("bytes") if isinstance(value, dict) else None
        if not content:
            law = "the image is not in the folder, which names a file elsewhere, or none"
            raise JobError(f"{where}[{i}]: {law}; save it with its bytes")
        images.append(Encoded(f"{where}[{i}]", content))
    return images


def _array(column: pa.Array, where: str) -> np.ndarray:
    """Return a column of nested lists as an array (n, C, *spatial); of plain lists as (n, 1, length).

    Raises:
        JobError: If they are not all as long, or hold no numbers.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    shape = [len(column)]
    while isinstance(column.type, pa.ListType | pa.LargeListType | pa.FixedSizeListType):
        lengths = set(pc.list_value_length(column).to_pylist())
        if len(lengths) != 1 or lengths & {0, None}:
            raise JobError(
                f"{where} holds lists of {sorted(map(str, lengths))} items; samples are of one size"
            )
        shape.append(lengths.pop())
        column = column.flatten()
    if column.null_count or not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise JobError(f"{where} must hold numbers, without any missing; its type is {column.type}")
    array: np.ndarray = column.to_numpy(zero_copy_only=False).reshape(shape)
    if array.ndim not in (2, 3, 4, 5):
        raise JobError(f"{where} must be (N, C, *spatial), 1 to 3 axes of space, but is {array.shape}")
    return array[:, None] if array.ndim == 2 else array


def _json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise JobError(f"{file}: not a readable part of a folder of `datasets`: {error}") from None
    if not isinstance(content, dict):
        raise JobError(f"{file}: it must hold a mapping")
    return content


HUGGING_FACE = Reader(
    what="a folder that `save_to_disk` of Hugging Face's datasets wrote",
    example="FOLDER with dataset_info.json",
    recognises=lambda path: any((path / name).is_file() for name in (DICT, STATE)),
    files=all_files,
    read=read,
    takes=("size", "channels", "task"),
)
