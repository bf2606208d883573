"""One part of a data set, and the batches that are taken from it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import Units
from .mapped_file import MappedFile

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """One part of the data: whole in memory and ready, or as it lies on disk.

    Attributes:
        x: Samples (N, C, *spatial): float32, standardised, with channels last in memory; or if `x_units` are
            given numbers of the source, which a batch alone is standardised of.
        y: Targets, one for each sample: labels in any type of whole numbers; measured ones as `x`.
        x_units: What samples of the source are standardised by; None if they are ready.
        y_units: Likewise for targets.
        x_file: What samples are mapped from; another process, to which the part is pickled, maps it again.
        y_file: Likewise for targets.
    """

    x: torch.Tensor
    y: torch.Tensor
    x_units: Units | None = None
    y_units: Units | None = None
    x_file: MappedFile | None = None
    y_file: MappedFile | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how another process makes it: a file that is still there is not sent."""
        x = self.x_file if self.x_file and self.x_file.is_there else self.x
        y = self.y_file if self.y_file and self.y_file.is_there else self.y
        return _mapped_again, (x, y, self.x_units, self.y_units)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.y)

    @property
    def is_on_disk(self) -> bool:
        """Whether batches are read from the source."""
        return self.x_units is not None

    def to(self, device: torch.device | str) -> Split:
        """Return the part on a device; itself if it is there already, or stays on disk."""
        return self if self.is_on_disk else replace(self, x=self.x.to(device), y=self.y.to(device))

    def batch(
        self, rows: torch.Tensor | slice, device: torch.device | str
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the samples of these rows, float32 and standardised, and their targets, on a device.

        Args:
            rows: Their numbers (n,), on the device where the part lies, or a range of them.
            device: Where the batch goes.

        Returns:
            Samples (n, C, *spatial); targets: labels as int64, or float32, standardised. They are copies.
        """
        is_view = isinstance(rows, slice)  # the data would change with a batch that is changed in place
        x, y = (each[rows] if isinstance(rows, slice) else take(each, rows) for each in (self.x, self.y))
        return _ready(x, self.x_units, device, copy=is_view), _ready(y, self.y_units, device, copy=is_view)


def make_split(x: np.ndarray, y: np.ndarray, x_units: Units, y_units: Units | None) -> Split:
    """Return a part: one whose samples or targets are memory maps stays on disk."""
    if isinstance(x, np.memmap) or isinstance(y, np.memmap):
        files = {"x_file": MappedFile.of(x), "y_file": MappedFile.of(y)}
        return Split(x=_view(x), y=_view(y), x_units=x_units, y_units=y_units, **files)
    labels = y.astype(np.int64) if y.ndim == 1 and y_units is None else y
    targets = _view(labels) if y_units is None else _standardised(y, y_units)
    return Split(x=_standardised(x, x_units), y=targets)


def _mapped_again(
    x: torch.Tensor | MappedFile, y: torch.Tensor | MappedFile, x_units: Units | None, y_units: Units | None
) -> Split:
    """Return a part that came from another process."""
    files = {f"{name}_file": each for name, each in (("x", x), ("y", y)) if isinstance(each, MappedFile)}
    x, y = (_view(each.open()) if isinstance(each, MappedFile) else each for each in (x, y))
    return Split(x=x, y=y, x_units=x_units, y_units=y_units, **files)


def take(x: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """Return `x[rows]` of rows (n,); whole samples are copied, which is three times as fast.

    Args:
        x: Samples or targets (N, ...), one after the other in memory, channels first or last.
        rows: Their numbers.
    """
    if x.ndim < 3 or x.is_contiguous():
        return x.index_select(0, rows)
    return x.movedim(1, -1).index_select(0, rows).movedim(-1, 1)


def channels_last(dimensions: int) -> torch.memory_format:
    """Return the format with channels last in memory, where torch knows one for so many dimensions."""
    import torch

    return {4: torch.channels_last, 5: torch.channels_last_3d}.get(dimensions, torch.contiguous_format)


def _view(array: np.ndarray) -> torch.Tensor:
    """Return the array as a tensor that shares its memory, which nobody writes to."""
    import torch

    native = array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(native)


def _standardised(array: np.ndarray, units: Units) -> torch.Tensor:
    import torch

    shape = (-1, *[1] * (array.ndim - 2))
    values = array.astype(np.float32)
    values -= np.array(units.mean, np.float32).reshape(shape)
    values /= np.array(units.std, np.float32).reshape(shape)
    return torch.from_numpy(values).contiguous(memory_format=channels_last(values.ndim))


def _ready(
    values: torch.Tensor, units: Units | None, device: torch.device | str, *, copy: bool
) -> torch.Tensor:
    """Return a batch on a device as a network and its loss take it."""
    import torch

    values = values.to(device, non_blocking=True)
    if units is None:
        return values.to(values.dtype if values.is_floating_point() else torch.int64, copy=copy)
    mean, std = _on_device(units, values.device)
    shape = (-1, *[1] * (values.ndim - 2))
    # A copy, since a range of rows is a view of the source; turned last, which a processor does fastest.
    ready = values.to(torch.float32, copy=True).sub_(mean.view(shape)).div_(std.view(shape))
    return ready.contiguous(memory_format=channels_last(values.ndim))


@cache
def _on_device(units: Units, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and deviation as tensors, copied to a device once."""
    import torch

    return torch.tensor(units.mean, device=device), torch.tensor(units.std, device=device)
