"""Beds: spaces whose networks were all trained beforehand, on which samplers are compared. See `bed.py`."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

from .bed import Bed

BEDS: dict[str, tuple[str, ...]] = {
    "macro": ("macro",),
    "macro-limited": ("macro_limited",),
    "macro-hypervolume": ("macro_hypervolume",),
    "macro-noisy": ("macro_noisy",),
    "macro-failing": ("macro_failing",),
    "nb201-cifar100": ("nasbench201", "cifar100"),
    "nb201-cifar10": ("nasbench201", "cifar10"),
    "nb201-views-cifar100": ("nasbench201_views", "cifar100"),
    "nb201-views-cifar10": ("nasbench201_views", "cifar10"),
    "nb201-raspi4": ("nasbench201_latency", "raspi4"),
    "nb201-titanx_1": ("nasbench201_latency", "titanx_1"),
    "nb201-2080ti_32": ("nasbench201_latency", "2080ti_32"),
    "nb201-gold_6226": ("nasbench201_latency", "gold_6226"),
    "nb201-silver_4114": ("nasbench201_latency", "silver_4114"),
    "cifar-energy": ("cifar_energy",),
    "tiny": ("tiny",),
}
"""The module of each bed by its name, and what it is asked for where it holds several."""

NEED_NO_TABLES = ("cifar-energy", "tiny")

FOR_TESTS = ("tiny",)


@cache
def load_bed(name: str, tables: Path | None) -> Bed:
    """Return a bed by its name; `tables` is the folder of the published tables."""
    module, *which = BEDS[name]
    bed: Bed = import_module(f".{module}", __name__).bed(tables, *which)
    return bed
