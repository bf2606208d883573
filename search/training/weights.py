"""The file of trained weights: safetensors, known by a SHA-256 of the tensors and of what it says of itself.

A file whose numbers changed on the disk, or that belongs to another trial, can be read like any other. So
the study keeps the digest of each with the result, a cache with its entry, and whoever reads gives it. It is
not that of the file: the same weights, written twice, differ in the order of their heads.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from archscape.spaces.errors import InputError


class Weights(NamedTuple):
    """What a file of weights holds.

    Attributes:
        state: The state dict.
        metadata: What the file says of itself, such as `mean` and `std` of the data.
    """

    state: Mapping[str, Tensor]
    metadata: Mapping[str, str]

    @property
    def digest(self) -> str:
        """The SHA-256 of all that it holds, as hexadecimal digits."""
        digest = hashlib.sha256(repr(sorted(self.metadata.items())).encode())
        for name, tensor in sorted(self.state.items()):
            digest.update(f"{name} {tensor.dtype} {[*tensor.shape]}".encode())
            digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
        return digest.hexdigest()

    def not_finite(self) -> str:
        """Return the first name whose numbers are not all finite; "" if all are."""
        return next((name for name, tensor in self.state.items() if not bool(tensor.isfinite().all())), "")

    def to_bytes(self) -> bytes:
        """Return the content of a file."""
        from safetensors.torch import save

        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in self.state.items()}
        return save(tensors, metadata=dict(self.metadata))


def read_weights(path: Path, *, digest: str, whose: str = "the weights") -> Weights:
    """Return the weights in a file.

    Args:
        path: The file.
        digest: Their SHA-256; "" where nobody kept it.
        whose: What messages call them.

    Raises:
        InputError: If they are missing, damaged, or another's.
        OSError: If the file system refuses them, which says nothing of the file.
    """
    from safetensors import SafetensorError, safe_open  # most trainings start from none

    try:
        with path.open("rb") as opened:
            opened.read(1)  # safetensors calls all that it cannot open missing
        with safe_open(path, framework="pt") as file:
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            weights = Weights(state, file.metadata() or {})
    except FileNotFoundError:
        raise InputError(f"{path}: {whose} are missing") from None
    except (SafetensorError, IsADirectoryError, ValueError, TypeError) as error:
        raise InputError(f"{path}: {whose} are damaged: {error}") from None
    if digest and weights.digest != digest:
        law = "their SHA-256 is not the one that was kept when they were trained"
        raise InputError(f"{path}: {whose} are damaged, or those of another: {law}")
    return weights
