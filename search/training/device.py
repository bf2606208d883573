"""SPLIT."""

from __future__ import annotations

import re

import torch
from torch import nn

from archscape.spaces.errors import JobError

from ..datasets.dataset import Split


def lay_out(model: nn.Module, split: Split, place: torch.device) -> nn.Module:
    """Move a module to a device, channels last in memory if the samples have two or three axes of space."""
    model = model.to(place)
    if split.x.ndim in _FORMATS:
        model = model.to(memory_format=_FORMATS[split.x.ndim])  # type: ignore[call-overload]
    return model


def pick_device(device: str) -> torch.device:
    """Return the device that a job names; `auto` is CUDA where there is one.

    Raises:
        JobError: If it is no such device, or this machine does not have it.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise JobError(f"device: a device is auto, cpu, cuda or cuda:N, but got '{device}'")
    place = torch.device(device)
    if place.type == "cuda" and (place.index or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise JobError(f"device: '{device}' is not on this machine, which has {count} CUDA devices")
    return place
