"""Which devices trainings are spread over, and how: each batch over all of them, or a seed to each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

import torch

from archscape.spaces.errors import JobError

from ..device import resolve_device

Split: TypeAlias = Literal["batch", "seeds"]
"""What devices share: `batch`, a part of every batch for each; `seeds`, a seed at a time for each."""

SPLITS: tuple[Split, ...] = get_args(Split)


def read_devices(text: str) -> tuple[str, ...]:
    """Return the devices that an option names: so many, or each by its name.

    A number is of CUDA devices where there are any, else of processes on the CPU.

    Raises:
        JobError: If this machine has not so many, or not these.

    >>> read_devices("cpu,cpu")
    ('cpu', 'cpu')
    """
    if text.strip().isdecimal():
        return _so_many(int(text))
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        resolve_device(name)
    return names


def check_devices(devices: Sequence[str], split: str) -> None:
    """Check that trainings can be spread over devices.

    Raises:
        JobError: If they cannot.
    """
    if split not in SPLITS:
        raise JobError(f"split: devices share {' or '.join(SPLITS)}, but got '{split}'")
    kinds = [resolve_device(device).type for device in devices]
    if len({*kinds}) > 1:
        raise JobError(f"devices: all are of one kind, but got {', '.join(devices)}")
    twice = [device for device in devices if devices.count(device) > 1]
    if split == "batch" and twice and kinds[0] != "cpu":
        law = "a batch is shared by different devices"
        raise JobError(f"devices: {law}, but got {twice[0]} twice; with split seeds several share one")


def check_shares(batch: int, accumulate: int, devices: int) -> None:
    """Check that each device gets enough of every batch.

    Raises:
        JobError: If it does not.
    """
    if batch // (devices * accumulate) < 2:
        pieces = f" in {accumulate} pieces" * (accumulate > 1)
        law = f"a batch of {batch}{pieces} over {devices} devices leaves less than the 2 samples on each"
        raise JobError(f"devices: {law} that batch norm needs; take fewer, or a larger batch")


def slots_of(devices: Sequence[str], split: str) -> list[tuple[str, ...]]:
    """Return the devices of a training, for each training that goes on at a time.

    >>> slots_of(["cpu", "cpu"], "batch"), slots_of(["cpu", "cpu"], "seeds")
    ([('cpu', 'cpu')], [('cpu',), ('cpu',)])
    """
    if split == "batch":
        return [tuple(devices)] if devices else []
    return [(device,) for device in devices]


def _so_many(count: int) -> tuple[str, ...]:
    if count < 1:
        raise JobError(f"devices: at least 1, but got {count}")
    there = torch.cuda.device_count()
    if there and count > there:
        raise JobError(f"devices: this machine has {there} CUDA devices, but got {count}")
    return tuple(f"cuda:{i}" for i in range(count)) if there else ("cpu",) * count
