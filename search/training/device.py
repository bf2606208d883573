"""Where a network is trained: its device, and the layout of its memory there."""

from __future__ import annotations

import re

import torch
from torch import nn

from archscape.spaces.errors import JobError, about

from ..datasets.split import Split, channels_last

DEVICES = "auto, cpu, cuda, cuda:N or mps"
_NO_MPS = "mps is of Apple's processors, and this PyTorch was built without it"


def to_channels_last(model: nn.Module, split: Split, device: torch.device) -> nn.Module:
    """Move a module to a device, channels last in memory if the samples have two or three axes of space."""
    return model.to(device).to(memory_format=channels_last(split.x.ndim))  # type: ignore[call-overload,no-any-return]


@about("device")
def resolve_device(device: str) -> torch.device:
    """Return the device that a job names; `auto` is CUDA where there is one, else the CPU.

    Raises:
        JobError: If it is no such device, or this machine does not have it.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if not re.fullmatch(r"cpu|mps|cuda(:\d+)?", device):
        raise JobError(f"device: a device is {DEVICES}, but got '{device}'")
    resolved = torch.device(device)
    if resolved.type == "cuda" and (resolved.index or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise JobError(f"device: '{device}' is not on this machine, which has {count} CUDA devices")
    if resolved.type == "mps" and not torch.backends.mps.is_available():
        law = "this PyTorch knows mps, but not this machine" if torch.backends.mps.is_built() else _NO_MPS
        raise JobError(f"device: {law}; take cpu, or auto")
    return resolved


def limit_memory(share: float, *, device: str = "auto") -> None:
    """Let this process take no more than a share of a GPU's memory; its training then runs out of it alone.

    Call it before anything is on the GPU. The share is of what PyTorch allocates; CUDA itself takes more.
    Nothing is limited on a CPU.

    Args:
        share: Above 0, up to 1.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.

    Raises:
        JobError: If it is no share, or there is no such device.
    """
    if not 0 < share <= 1:
        raise JobError(f"memory share: it is above 0 and up to 1, but got {share:g}")
    resolved = resolve_device(device)
    if resolved.type == "cuda":
        torch.cuda.set_per_process_memory_fraction(share, resolved.index)
