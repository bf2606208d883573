"""What a training function changes in its process, put back when it returns: seeds, settings, signals."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import numpy as np
import torch

from ...shutdown import restoring_signals

LEAVE_SECONDS = 1.0
"""How long processes that a function started get to leave after it."""


@contextmanager
def isolated(seed: int, device: torch.device) -> Iterator[None]:
    """Seed the global generators of Python, NumPy and torch; put them and other globals back afterwards.

    Those are torch's number of threads, default type and deterministic kernels, whether gradients are
    recorded, the working directory, and the handlers of SIGINT and SIGTERM. Processes that it started with
    `multiprocessing` and did not end are ended, and its process group of `torch.distributed` is destroyed.
    """
    before = random.getstate(), np.random.get_state()
    index = torch.cuda.current_device() if device.type == "cuda" and device.index is None else device.index
    folder = os.getcwd()
    with (
        _alone(),
        _processes(),
        torch.random.fork_rng(devices=[index] if device.type == "cuda" else []),
        restoring_signals(signal.SIGINT, signal.SIGTERM),
        _torch_settings(),
    ):
        try:
            random.seed(seed)
            np.random.seed(seed % 2**32)
            torch.manual_seed(seed)
            yield
        finally:
            random.setstate(before[0])
            np.random.set_state(before[1])
            with suppress(OSError):  # it was removed meanwhile
                os.chdir(folder)


@contextmanager
def _alone() -> Iterator[None]:
    """End a process that the function forked and that comes out of it: there would be two workers."""
    process = os.getpid()
    try:
        yield
    finally:
        if os.getpid() != process:
            if sys.exc_info()[0] is not None:
                traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)


@contextmanager
def _torch_settings() -> Iterator[None]:
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    grad = torch.is_grad_enabled()
    deterministic = torch.are_deterministic_algorithms_enabled()
    warn = torch.is_deterministic_algorithms_warn_only_enabled()
    cudnn = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    try:
        yield
    finally:
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(grad)
        torch.use_deterministic_algorithms(deterministic, warn_only=warn)
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = cudnn


@contextmanager
def _processes() -> Iterator[None]:
    before = {*multiprocessing.active_children()}
    try:
        yield
    finally:
        left = [process for process in multiprocessing.active_children() if process not in before]
        end = time.monotonic() + LEAVE_SECONDS
        for process in left:
            process.join(max(0.0, end - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
