"""Tensors of PyTorch (`.pt`, `.pth`) and of safetensors, with the names of an `.npz`: `x_train`, ...

A `.pt` is loaded as weights are, which runs no code. Both are mapped, so they may be larger than memory.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from archscape.spaces.errors import JobError

from ..settings import DataSettings
from .base import Reader, Samples
from .common.columns import Column, samples_of

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class TensorColumn:
    """A tensor; of those types that NumPy has not, as float32."""

    tensor: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return tuple(self.tensor.shape)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Type of its numbers."""
        return _numpy(self.tensor[:0]).dtype

    def blocks(self, rows: int) -> Iterator[np.ndarray]:
        """Yield its rows in their order, so many at once."""
        for start in range(0, len(self.tensor), rows):
            yield _numpy(self.tensor[start : start + rows])


def _numpy(tensor: Tensor) -> np.ndarray:
    try:
        return tensor.contiguous().resolve_neg().resolve_conj().numpy()
    except TypeError:  # bfloat16 and the like
        return tensor.float().numpy()


def read(path: Path, settings: DataSettings) -> Samples:
    """Return the samples of tensors.

    Raises:
        JobError: If the file cannot be read, or is no mapping of tensors with the right names.
    """
    tensors = _load_safetensors(path) if path.suffix.lower() == ".safetensors" else _load_pt(path)
    for name, tensor in tensors.items():
        _check_dense(path, name, tensor)
    columns: dict[str, Column] = {name: TensorColumn(tensor.detach()) for name, tensor in tensors.items()}
    return samples_of(str(path), columns, task=settings.task or "")


def _load_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError, ValueError) as error:
        raise JobError(f"{path}: not a readable file of safetensors: {error}") from None


def _load_pt(path: Path) -> dict[str, Tensor]:
    import torch

    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=_is_mappable(path))
    except Exception as error:  # damaged files make it fail in every way
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if isinstance(error, pickle.UnpicklingError):  # whose words advise to run what it holds
            reason = "it holds more than tensors, and that would run code"
        raise JobError(f"{path}: not a readable file of plain tensors: {reason}") from None
    is_mapping = isinstance(content, dict) and all(isinstance(name, str) for name in content)
    if not is_mapping or not all(isinstance(each, torch.Tensor) for each in content.values()):
        law = "a mapping of tensors, as `torch.save({'x_train': x, 'y_train': y}, path)` writes"
        raise JobError(f"{path}: it must hold {law}, but holds a {type(content).__name__}")
    tensors: dict[str, Tensor] = content
    return tensors


def _check_dense(path: Path, name: str, tensor: Tensor) -> None:
    """Check that the file holds every number of a tensor, as a hostile one may not, to fill the memory.

    Raises:
        JobError: If it is sparse, quantised, nested, without numbers, or repeats few of them.
    """
    import torch

    is_dense = tensor.layout == torch.strided and tensor.device.type == "cpu" and not tensor.is_nested
    if not is_dense or tensor.is_quantized:
        law = "must hold a number for each place, neither sparse, nested nor quantised"
        raise JobError(f"{path}: '{name}' {law}; save it as a dense tensor")
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        law = f"is {tuple(tensor.shape)}, but the file holds fewer numbers, which are repeated"
        raise JobError(f"{path}: '{name}' {law}; save `{name}.contiguous()`")


def _is_mappable(path: Path) -> bool:
    """Return whether it is an archive, as PyTorch writes since 1.6."""
    with path.open("rb") as file:
        return file.read(2) == b"PK"


TENSORS = Reader(
    what="tensors with the names of an .npz, of PyTorch or safetensors",
    example="FILE.pt or FILE.safetensors",
    recognises=lambda path: path.suffix.lower() in (".pt", ".pth", ".safetensors") and path.is_file(),
    files=lambda path: [path],
    read=read,
    takes=("task",),
)
