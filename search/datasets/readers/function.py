"""A function of the user's, `my_data.py:make`: what it returns is the data.

That is a mapping of arrays or tensors with the names of an `.npz`; or a map-style dataset of PyTorch, of
which each item is a sample and its target; or up to three of them, one a part: `(train, val, test)` or
`{"train": ..., "val": ...}`. It is called without arguments, once, and again when its file has changed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from archscape.spaces.errors import JobError
from archscape.spaces.language.user_errors import failures
from archscape.spaces.language.user_function import UserFunction, is_function

from ..arrays import SPLITS
from ..settings import DataSettings
from .base import BLOCK_BYTES, Block, Reader, Samples, parts_of
from .common.columns import ArrayColumn, Column, check_finite, samples_of
from .common.targets import targets_of
from .tensors import TensorColumn

_LAW = (
    "the data: a mapping of arrays x_train, y_train, ..., or a dataset with `__len__` and `__getitem__`, "
    "or one for each part"
)


def read(path: Path, settings: DataSettings) -> Samples:
    """Return the samples that a function gives.

    Raises:
        InputError: If it cannot be called here, raises, or returns something else.
    """
    function = UserFunction.parse(str(path), Path())
    load = function.load()
    with chdir(Path.cwd()), redirect_stdout(sys.stderr), failures("raised an error", where=str(function)):
        made = load()
    if isinstance(made, Mapping) and made and all(str(name)[:2] in ("x_", "y_") for name in made):
        samples = samples_of(function.name, _columns(function.name, made), task=settings.task or "")
        return replace(samples, light_bytes=0)  # who knows what the call costs, and gives another time
    return _of_datasets(function, _datasets(function.name, made), settings)


def _columns(source: str, made: Mapping[str, Any]) -> dict[str, Column]:
    import torch

    columns: dict[str, Column] = {}
    for name, value in made.items():
        if isinstance(value, torch.Tensor):
            columns[name] = TensorColumn(value.detach().cpu())
        elif isinstance(value, np.ndarray | list | tuple):
            columns[name] = ArrayColumn(_array(f"{source}: {name}", value))
        else:
            raise JobError(
                f"{source}: '{name}' must be an array or a tensor, but is a {type(value).__name__}"
            )
    return columns


def _datasets(source: str, made: Any) -> dict[str, Any]:
    """Return what was returned as a dataset for each part."""
    if isinstance(made, Mapping):
        parts = dict(made)
    elif isinstance(made, tuple | list) and 0 < len(made) <= len(SPLITS):
        parts = dict(zip(SPLITS, made, strict=False))
    else:
        parts = {"train": made}
    for part, each in parts.items():
        if (
            part not in SPLITS
            or not (hasattr(each, "__len__") and hasattr(each, "__getitem__"))
            or isinstance(each, str | bytes)
        ):
            what = type(made).__name__ if part == "train" else f"a {type(made).__name__} with '{part}'"
            raise JobError(f"{source} must return {_LAW}; it returned {'nothing' if made is None else what}")
        if not len(each):
            raise JobError(f"{source}: the part '{part}' is empty")
    if "train" not in parts:
        raise JobError(f"{source}: it returned no part 'train', but {', '.join(map(str, parts))}")
    return {part: parts[part] for part in SPLITS if part in parts}


def _of_datasets(function: UserFunction, parts: Mapping[str, Any], settings: DataSettings) -> Samples:
    source = function.name
    items = {part: _Items(f"{source}: {part}", str(function), data) for part, data in parts.items()}
    names = getattr(parts["train"], "classes", ())
    targets = targets_of(
        source,
        {part: each.targets() for part, each in items.items()},
        task=settings.task or "",
        class_names=tuple(map(str, names)) if isinstance(names, list | tuple) else (),
    )
    counts = {part: len(each) for part, each in parts.items()}
    return Samples(
        source=source,
        count=sum(counts.values()),
        blocks=lambda: (block for each in items.values() for block in each.blocks()),
        targets=np.concatenate([*targets.parts.values()]),
        parts=parts_of(counts),
        class_names=targets.class_names,
        task=settings.task or "",
        notes=targets.notes,
    )


class _Items:
    """The items of a map-style dataset."""

    def __init__(self, where: str, function: str, data: Any) -> None:
        self.where = where
        self.function = function
        self.data = data

    def targets(self) -> np.ndarray:
        """Return all targets: its `targets`, as torchvision has them unchanged, or those of the items."""
        is_changed = getattr(self.data, "target_transform", None) is not None
        known = None if is_changed else getattr(self.data, "targets", None)
        if known is not None and hasattr(known, "__len__") and len(known) == len(self.data):
            return _array(f"{self.where}: targets", known)
        return _array(f"{self.where}: targets", [_plain(self[i][1]) for i in range(len(self.data))])

    def blocks(self) -> Iterator[Block]:
        """Yield the samples in their order."""
        first = self.sample(0)
        rows = max(1, BLOCK_BYTES // max(1, first.nbytes))
        for start in range(0, len(self.data), rows):
            some = [self.sample(i) for i in range(start, min(start + rows, len(self.data)))]
            for i, each in enumerate(some, start):
                if each.shape != first.shape or each.dtype != first.dtype:
                    law = f"is {each.shape} {each.dtype}, but the first {first.shape} {first.dtype}"
                    raise JobError(f"{self.where}[{i}] {law}; samples are of one size and type")
            block = np.stack(some)
            check_finite(self.where, block, start)
            yield block, None

    def sample(self, i: int) -> np.ndarray:
        """Return a sample (C, *spatial).

        Raises:
            JobError: If it is none.
        """
        sample = _array(f"{self.where}[{i}]", _plain(self[i][0]))
        if sample.ndim not in (2, 3, 4) or sample.dtype.kind not in "uif" or sample.size == 0:
            law = "a sample is (C, *spatial), 1 to 3 axes of space, of real numbers"
            raise JobError(f"{self.where}[{i}]: {law}, but is {sample.shape} {sample.dtype}")
        return sample

    def __getitem__(self, i: int) -> Sequence[Any]:
        with failures("raised an error", where=self.function):
            item = self.data[i]
        if not isinstance(item, tuple | list) or len(item) != 2:
            raise JobError(
                f"{self.where}[{i}] must be a sample and its target, but is a {type(item).__name__}"
            )
        return item


def _array(where: str, values: Any) -> np.ndarray:
    """Return values as an array.

    Raises:
        JobError: If they have no common shape.
    """
    try:
        return np.asarray(values)
    except ValueError:
        raise JobError(f"{where}: its items have several shapes, so they make no array") from None


def _plain(value: Any) -> Any:
    """Return a tensor or an image as an array, an image with its channels first."""
    import torch

    if isinstance(value, torch.Tensor):
        return value.detach().cpu().numpy()
    if type(value).__module__.startswith("PIL."):
        array = np.asarray(value)
        return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)
    return value


FUNCTION = Reader(
    what="a function that returns arrays or datasets of PyTorch",
    example="FILE.py:name",
    recognises=lambda path: is_function(str(path)),
    files=lambda path: (),
    code=lambda path: UserFunction.parse(str(path), Path()).facts()["files"],
    read=read,
    takes=("task",),
)
