"""Data for training: whole parts as tensors in memory, told by name or read from a file.

>>> data = load_dataset("digits")
>>> data.input, data.classes, len(data.train), len(data.val), len(data.test)
((1, 8, 8), 10, 1197, 300, 300)
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from archscape.spaces.errors import JobError, suggest

from . import EMBEDDED, READERS, SPLITS, Arrays

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """One part of the data.

    Attributes:
        x: Samples, float32 (N, C, *spatial), standardised, with channels last in memory.
        y: Labels, int64 (N,).
    """

    x: torch.Tensor
    y: torch.Tensor

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.y)

    def to(self, device: torch.device | str) -> Split:
        """Return the part on a device; itself if it is there already."""
        return replace(self, x=self.x.to(device), y=self.y.to(device))


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """Samples and labels to train on, to choose by (validation) and to report on (test).

    Attributes:
        name: As asked for: an embedded name or a path.
        train: The part to train on.
        val: The part every decision of a search is taken by.
        test: The part that is looked at once, when a training has ended.
        classes: Labels run from 0 to `classes - 1`.
        input: Shape of one sample, (C, *spatial).
        mean: Mean of each channel over the training part, in the units of the source.
        std: Standard deviation likewise; samples are `(source - mean) / std`.
        fingerprint: Hash of every number of the source, 16 hex digits.
    """

    name: str
    train: Split
    val: Split
    test: Split
    classes: int
    input: tuple[int, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fingerprint: str

    def to(self, device: torch.device | str) -> Dataset:
        """Return the data on a device."""
        return replace(self, train=self.train.to(device), val=self.val.to(device), test=self.test.to(device))


def load_dataset(name_or_path: str | Path) -> Dataset:
    """Return embedded data by name, or the data in a file.

    Args:
        name_or_path: `digits` (1x8x8), `cluttered-digits` (1x16x16), or a path that ends as one of `READERS`.

    Raises:
        JobError: If there is no such name, or the file cannot be used; the message says why.
    """
    name = str(name_or_path)
    if name in EMBEDDED:
        return _dataset(name, EMBEDDED.load(name)())
    path = Path(name)
    if path.suffix in READERS:
        return _dataset(name, READERS.load(path.suffix)(path))
    kinds, near = " or ".join(READERS), suggest(name, EMBEDDED)
    raise JobError(f"data: '{name}' is neither embedded data nor a path to a file that ends in {kinds}{near}")


def _dataset(name: str, arrays: Arrays) -> Dataset:
    mean, std = _statistics(arrays["x_train"])
    parts = {part: _split(arrays[f"x_{part}"], arrays[f"y_{part}"], mean, std) for part in SPLITS}
    return Dataset(
        name=name,
        **parts,
        classes=1 + max(int(arrays[f"y_{part}"].max()) for part in SPLITS),
        input=arrays["x_train"].shape[1:],
        mean=tuple(mean.tolist()),
        std=tuple(std.tolist()),
        fingerprint=_fingerprint(arrays),
    )


def _statistics(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each channel; a constant channel gets the deviation 1."""
    axes = (0, *range(2, x.ndim))
    mean = x.mean(axis=axes, dtype=np.float64)
    std = x.std(axis=axes, dtype=np.float64)
    return mean.astype(np.float32), np.where(std > 0, std, 1).astype(np.float32)


def _split(x: np.ndarray, y: np.ndarray, mean: np.ndarray, std: np.ndarray) -> Split:
    import torch

    shape = (-1, *[1] * (x.ndim - 2))
    samples = x.astype(np.float32)
    samples -= mean.reshape(shape)
    samples /= std.reshape(shape)
    in_format = torch.from_numpy(samples).contiguous(memory_format=channels_last(samples.ndim))
    return Split(x=in_format, y=torch.from_numpy(y.astype(np.int64)))


def channels_last(dimensions: int) -> torch.memory_format:
    """Return the format with channels last in memory, where torch knows one for so many dimensions."""
    import torch

    return {4: torch.channels_last, 5: torch.channels_last_3d}.get(dimensions, torch.contiguous_format)


def _fingerprint(arrays: Arrays) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.data)
    return digest.hexdigest()[:16]
