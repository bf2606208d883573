"""Samples out of arrays by part: `x_train`, `y_train`, and where given `x_val`, `y_val`, `x_test`, `y_test`.

Samples are (N, C, *spatial) with channels first, in any real number type. Targets are (N,) labels, (N, k)
numbers, (N, *spatial) masks, or (N, C, *spatial) images.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from archscape.spaces.errors import JobError, suggest

from ...arrays import SPLITS
from ..base import BLOCK_BYTES, Block, Samples, parts_of
from .targets import FLOAT32_MAX, Targets, targets_of

NAMES = tuple(f"{letter}_{part}" for part in SPLITS for letter in "xy")


class Column(Protocol):
    """An array that is read from the front, block by block."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Type of its numbers."""

    def blocks(self, rows: int) -> Iterator[np.ndarray]:
        """Yield its rows in their order, so many at once."""


@dataclass(frozen=True)
class ArrayColumn:
    """A column that is in memory or mapped to it."""

    array: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return self.array.shape

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Type of its numbers."""
        return self.array.dtype

    def blocks(self, rows: int) -> Iterator[np.ndarray]:
        """Yield its rows in their order, so many at once."""
        for start in range(0, len(self.array), rows):
            yield self.array[start : start + rows]


def samples_of(source: str, columns: Mapping[str, Column], *, task: str = "") -> Samples:
    """Return the samples of arrays by their names.

    Raises:
        JobError: If an array is missing or unknown, or shapes and values do not fit.
    """
    _check_names(source, columns)
    parts = [part for part in SPLITS if f"x_{part}" in columns]
    for part in parts:
        _check(source, columns, part)
    counts = {part: columns[f"x_{part}"].shape[0] for part in parts}
    are_maps = _are_maps(columns["x_train"], columns["y_train"], task)
    targets = Targets({})
    if not are_maps:
        written = {part: _whole(columns[f"y_{part}"]) for part in parts}
        targets = targets_of(source, written, task=task)
    return Samples(
        source=source,
        count=sum(counts.values()),
        blocks=lambda: _blocks(source, columns, parts, are_maps=are_maps),
        targets=None if are_maps else np.concatenate([targets.parts[part] for part in parts]),
        parts=parts_of(counts),
        class_names=targets.class_names,
        task=task,
        notes=targets.notes,
        light_bytes=sum(math.prod(each.shape) * each.dtype.itemsize for each in columns.values()),
    )


def rows_of(shape: tuple[int, ...], item_bytes: int) -> int:
    """Return how many rows of an array make a block."""
    return max(1, BLOCK_BYTES // max(1, math.prod(shape[1:]) * item_bytes))


def _check_names(source: str, columns: Mapping[str, Column]) -> None:
    for name in columns:
        if name not in NAMES:
            raise JobError(f"{source}: '{name}' is not one of {', '.join(NAMES)}{suggest(name, NAMES)}")
    for name in ("x_train", "y_train"):
        if name not in columns:
            raise JobError(
                f"{source}: there is no array '{name}'; it holds {', '.join(columns) or 'nothing'}"
            )
    for part in SPLITS:
        for letter, partner in (("x", "y"), ("y", "x")):
            if f"{partner}_{part}" in columns and f"{letter}_{part}" not in columns:
                raise JobError(f"{source}: '{partner}_{part}' needs '{letter}_{part}' beside it")


def _check(source: str, columns: Mapping[str, Column], part: str) -> None:
    """Check one part by itself and against the training part."""
    x, y = columns[f"x_{part}"], columns[f"y_{part}"]
    if len(x.shape) not in (3, 4, 5):
        raise JobError(f"{source}: x_{part} must be (N, C, *spatial), 1 to 3 axes of space, but is {x.shape}")
    if x.dtype.kind not in "uif":
        raise JobError(f"{source}: x_{part} must hold finite real numbers; its type is {x.dtype}")
    if min(x.shape) == 0:
        raise JobError(f"{source}: the part '{part}' must hold samples, but has shape {x.shape}")
    first = columns["x_train"].shape[1:]
    if x.shape[1:] != first:
        raise JobError(f"{source}: x_{part} holds {x.shape[1:]} samples, but x_train holds {first}")
    if y.shape[:1] != x.shape[:1]:
        law = f"{x.shape[:1]} whole numbers, one for each of x_{part}"
        raise JobError(f"{source}: y_{part} must be {law}, but is {y.shape} {y.dtype}")
    if any(len(each.shape) > 2 for each in (y, columns["y_train"])):
        _check_maps(source, part, x.shape, y)


def _are_maps(x: Column, y: Column, task: str) -> bool:
    """Return whether targets are masks or images: those of 1-D samples have the shape of numbers too."""
    is_mask = len(y.shape) == 2 and y.shape[1:] == x.shape[2:] and y.dtype.kind in "ui"
    return len(y.shape) > 2 or (is_mask and task in ("", "segmentation"))


def _check_maps(source: str, part: str, x: tuple[int, ...], y: Column) -> None:
    """Check targets that are maps: masks, or images."""
    masks = (x[0], *x[2:])
    is_mask = y.shape == masks and y.dtype.kind in "ui"
    is_image = len(y.shape) == len(x) and (y.shape[0], *y.shape[2:]) == masks and y.dtype.kind in "uif"
    if not (is_mask or is_image):
        axes = ", ".join(map(str, masks[1:]))
        law = f"masks ({masks[0]}, {axes}) of whole numbers or images ({masks[0]}, C, {axes})"
        raise JobError(f"{source}: y_{part} of samples {x} must be {law}, but is {y.shape} {y.dtype}")


def _whole(column: Column) -> np.ndarray:
    return np.concatenate([*column.blocks(max(1, column.shape[0]))])


def _blocks(
    source: str, columns: Mapping[str, Column], parts: list[str], *, are_maps: bool
) -> Iterator[Block]:
    x_type = np.result_type(*(columns[f"x_{part}"].dtype for part in parts))
    y_type = np.result_type(*(columns[f"y_{part}"].dtype for part in parts)) if are_maps else None
    for part in parts:
        x = columns[f"x_{part}"]
        rows = rows_of(x.shape, x.dtype.itemsize)
        maps = columns[f"y_{part}"].blocks(rows) if are_maps else None
        start = 0
        for block in x.blocks(rows):
            check_finite(f"{source}: x_{part}", block, start)
            targets = next(maps) if maps else None
            if targets is not None:
                _check_map(f"{source}: y_{part}", targets, start, is_mask=targets.ndim < block.ndim)
            # Of one type: one file holds all blocks of a part, and all parts compare.
            yield (
                block.astype(x_type, copy=False),
                targets if targets is None else targets.astype(y_type, copy=False),
            )
            start += len(block)


def _check_map(where: str, y: np.ndarray, start: int, *, is_mask: bool) -> None:
    """Check the values of masks or images; the first of them is the target `start`."""
    check_finite(where, y, start)
    if is_mask and y.min() < 0:
        row = int(np.argwhere(y < 0)[0][0])
        law = f"[{start + row}] has a label below 0; labels run from 0, and 255 counts for nothing"
        raise JobError(f"{where}{law}")


def check_finite(where: str, x: np.ndarray, start: int) -> None:
    """Check that all numbers of some rows are finite; the first of them is the row `start`.

    Raises:
        JobError: If one is not; it says which.
    """
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        row, *rest = (int(i) for i in np.argwhere(~np.isfinite(x))[0])
        at = ", ".join(map(str, (start + row, *rest)))
        value = x[(row, *rest)]
        law = f"must hold finite real numbers; its type is {x.dtype} and x[{at}] is {value}"
        raise JobError(f"{where} {law}")
    if x.dtype.kind == "f" and x.dtype.itemsize > 4 and (np.abs(x) > FLOAT32_MAX).any():
        raise JobError(f"{where} has numbers beyond those of float32; scale them")
