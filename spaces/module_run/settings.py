"""Settings of the process that the user's code may change while it is counted, put back afterwards."""

from __future__ import annotations

import os
import random
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch


def _set_deterministic(state: tuple[bool, bool]) -> None:
    torch.use_deterministic_algorithms(state[0], warn_only=state[1])


def _set_environment(variables: dict[str, str]) -> None:
    if dict(os.environ) != variables:
        os.environ.clear()
        os.environ.update(variables)


def _set_path(entries: list[str]) -> None:
    sys.path[:] = entries


def _set_default_device(device: torch.device) -> None:
    if torch.get_default_device() != device:
        torch.set_default_device(device)


def _autocast() -> list[tuple[str, bool, torch.dtype]]:
    return [
        (kind, torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)) for kind in ("cpu", "cuda")
    ]


def _set_autocast(states: list[tuple[str, bool, torch.dtype]]) -> None:
    for kind, enabled, dtype in states:
        torch.set_autocast_enabled(kind, enabled)
        torch.set_autocast_dtype(kind, dtype)


def _numpy_state() -> Any:
    return sys.modules["numpy"].random.get_state() if "numpy" in sys.modules else None


def _set_numpy_state(state: Any) -> None:
    if state is not None:
        sys.modules["numpy"].random.set_state(state)


SETTINGS: tuple[tuple[Callable[[], Any], Callable[[Any], object]], ...] = (
    (torch.is_grad_enabled, torch.set_grad_enabled),
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.get_default_device, _set_default_device),
    (torch.get_num_threads, torch.set_num_threads),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    (
        lambda: (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        ),
        _set_deterministic,
    ),
    (torch.backends.mha.get_fastpath_enabled, torch.backends.mha.set_fastpath_enabled),
    (_autocast, _set_autocast),
    (random.getstate, random.setstate),
    (_numpy_state, _set_numpy_state),
    (os.getcwd, os.chdir),
    (lambda: dict(os.environ), _set_environment),
    (lambda: list(sys.path), _set_path),
    (sys.getrecursionlimit, sys.setrecursionlimit),
)
"""How each is read and set."""
_ONE_AT_A_TIME = threading.RLock()


@contextmanager
def kept_settings(devices: Sequence[int] = ()) -> Iterator[None]:
    """Leave settings, random numbers and warnings as they were, whatever runs.

    PyTorch's fused attention layers and its compiler are off meanwhile: they hide what runs. Settings are of
    the whole process, as is what a run patches, so that of several threads one runs at a time.

    Args:
        devices: The GPUs whose random numbers may be drawn.
    """
    with _ONE_AT_A_TIME:
        before = [(write, read()) for read, write in SETTINGS]
        torch.backends.mha.set_fastpath_enabled(False)
        try:
            with torch.random.fork_rng(devices=devices), warnings.catch_warnings(), _uncompiled():
                warnings.simplefilter("ignore")
                yield
        finally:
            for write, value in before:
                write(value)


def _uncompiled() -> AbstractContextManager[object]:
    """Run what was compiled as it was written; the compiler is loaded if anything is compiled."""
    loaded = "torch._dynamo" in sys.modules
    return torch.compiler.set_stance("force_eager") if loaded else nullcontext()
