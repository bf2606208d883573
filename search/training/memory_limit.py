"""In how many pieces a batch has to go through a network to fit the memory of the machine."""

from __future__ import annotations

import sys
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from archscape.analysis.costs.memory.training import training_memory

from ..costs.training_recipe import optimizer_of
from .device import resolve_device

if TYPE_CHECKING:
    from collections.abc import Callable

    from archscape.spaces import Network

    from .recipe import Recipe

CGROUP = Path("/sys/fs/cgroup")


def pieces_by_memory(
    network: Network,
    recipe: Recipe,
    *,
    batch: int,
    device: str,
    log: Callable[[str], None],
    processes: int = 1,
) -> int:
    """Return in how many pieces a batch goes through a network on a device; on CUDA memory says so itself.

    Args:
        network: What is trained.
        recipe: How.
        batch: Samples in a step of a process.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        log: Takes a line where there are more pieces than the recipe asks for.
        processes: How many begin to train at the same time, and share what there is.
    """
    is_cpu = resolve_device(device).type == "cpu"
    available = available_memory() if is_cpu else None
    if available is not None:
        available //= processes
    pieces = fitting_pieces(network, recipe, batch=batch, available=available)
    if pieces > recipe.accumulate and available is not None:
        log(f"{available >> 20} MiB are left to tensors: a batch of {batch} goes in {pieces} pieces")
    return pieces


def fitting_pieces(network: Network, recipe: Recipe, *, batch: int, available: int | None) -> int:
    """Return into how many pieces a batch is cut, so that the memory predicted for its training is there.

    The pieces of the recipe are doubled until they fit, or have the two samples that batch norm needs.

    Args:
        network: What is trained.
        recipe: How; the mean of its weights, if it keeps one, counts.
        batch: Samples in a step.
        available: Bytes that there are; None if nobody knows, and then the recipe decides.
    """
    pieces = min(recipe.accumulate, max(batch // 2, 1))
    optimizer, has_mean = optimizer_of(recipe.to_dict()), recipe.ema > 0
    while available is not None and batch // (2 * pieces) >= 2:
        samples = ceil(batch / pieces)
        need = training_memory(network, batch=samples, optimizer=optimizer, has_mean=has_mean)
        if need.peak <= available:
            break
        pieces *= 2
    return pieces


def available_memory() -> int | None:
    """Return the bytes that machine, control group and limits leave to tensors; None but on Linux.

    A fifth of what is left is for all that no tensor is: buffers of kernels, and what lies between blocks.
    """
    if sys.platform != "linux":
        return None
    sizes = [_of_machine(), _of_group(), _of_process()]
    return 4 * min(size for size in sizes if size is not None) // 5


def _of_machine() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))


def _of_group() -> int | None:
    """Return what the control group of this process has left; caches of files can be dropped."""
    group = next(
        (line[3:] for line in Path("/proc/self/cgroup").read_text().split() if line[:3] == "0::"), ""
    )
    for folder in (CGROUP / group.strip("/"), CGROUP):
        try:
            most, used = ((folder / f"memory.{name}").read_text().strip() for name in ("max", "current"))
            rows = (folder / "memory.stat").read_text().splitlines()
        except OSError:
            continue
        cached = next((int(row.split()[1]) for row in rows if row.startswith("inactive_file ")), 0)
        return None if most == "max" else max(0, int(most) - int(used) + cached)
    return None


def _of_process() -> int | None:
    """Return what the limit on addresses (`ulimit -v`) leaves."""
    from resource import RLIM_INFINITY, RLIMIT_AS, getpagesize, getrlimit

    limit = getrlimit(RLIMIT_AS)[0]
    if limit == RLIM_INFINITY:
        return None
    return max(0, limit - int(Path("/proc/self/statm").read_text().split()[0]) * getpagesize())
