"""The states of torch's global generators that a training draws from: the CPU's, and its device's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch


def global_states(device: torch.device) -> dict[str, torch.Tensor]:
    """Return the states, by the kind of device."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        states["mps"] = torch.mps.get_rng_state()
    return states


def set_global_states(device: torch.device, states: Mapping[str, torch.Tensor]) -> None:
    """Set the states that `global_states` gave on a device of the same kind."""
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)
    elif device.type == "mps":
        torch.mps.set_rng_state(states["mps"])


@contextmanager
def restoring_states(device: torch.device) -> Iterator[None]:
    """Put the states back after the block."""
    before = global_states(device)
    try:
        yield
    finally:
        set_global_states(device, before)
