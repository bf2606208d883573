"""Placement of workers: which GPU and which CPU cores each one on a machine gets."""

from __future__ import annotations

import os
from collections.abc import Sequence
from math import ceil
from pathlib import Path

from ..workers.slot import Placement

_GPUS = Path("/proc/driver/nvidia/gpus")


def placements(
    workers: int, *, gpus: Sequence[str] = (), cores: Sequence[int] = (), pin: bool = False
) -> list[Placement]:
    """Return the placement of each worker: GPUs in turn, cores in runs of equal length.

    With `pin` each worker is bound to its cores; more workers than cores share them.

    >>> [place.gpu for place in placements(3, gpus=["0", "1"])]
    ['0', '1', '0']
    >>> [place.cores for place in placements(2, cores=[0, 1, 2, 3], pin=True)]
    [(0, 1), (2, 3)]
    """
    on_one = ceil(workers / len(gpus)) if gpus else 1
    each = max(len(cores) // workers, 1)
    pinned = cores if pin else ()
    return [
        Placement(
            gpu=gpus[i % len(gpus)] if gpus else "",
            share=1 / on_one,
            cores=tuple(pinned[j % len(pinned)] for j in range(i * each, (i + 1) * each) if pinned),
        )
        for i in range(workers)
    ]


def machine_placements(workers: int, *, device: str, pin: bool = False) -> list[Placement]:
    """Return the placements of workers on this machine; GPUs are shared out for `auto` and `cuda` alone."""
    gpus = visible_gpus(os.environ.get("CUDA_VISIBLE_DEVICES")) if device in ("auto", "cuda") else []
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return placements(workers, gpus=gpus, cores=cores, pin=pin)


def visible_gpus(wanted: str | None, *, installed: Path = _GPUS) -> list[str]:
    """Return the GPUs that processes here may use, as CUDA_VISIBLE_DEVICES names them."""
    if wanted is not None:
        return [name.strip() for name in wanted.split(",") if name.strip() not in ("", "-1")]
    return [str(i) for i in range(len(list(installed.iterdir())))] if installed.is_dir() else []
