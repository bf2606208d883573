"""The published tables, an entry for each list of decisions of a space; networks alike share their values."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import numpy as np

MACRO_FILE = "nas_bench_macro_cifar10.csv"
CELLS_FILE = "nasbench201_cifar.csv.gz"
LATENCY_FILE = "nasbench201_latency.csv.gz"

FIRST, OTHER = ("project", "expand3", "expand6"), ("identity", "keep3", "keep6")
"""The options of the first layer of a stage of NAS-Bench-Macro, and of the others, by their digit."""

OPERATIONS = {
    "none": "zero",
    "skip_connect": "identity",
    "nor_conv_1x1": "conv1x1",
    "nor_conv_3x3": "conv3x3",
    "avg_pool_3x3": "pool",
}
"""The operations of NAS-Bench-201 by their published names."""

EDGES = ("01", "02", "12", "03", "13", "23")

CELL_COLUMNS = ("ep12_cifar10_val", "ep200_cifar10_test", "ep12_cifar100_val", "ep200_cifar100_test")


class MacroNetwork(NamedTuple):
    """A network of NAS-Bench-Macro (Su et al. 2021): its test accuracies of three trainings, in percent."""

    form: str
    accuracies: tuple[float, float, float]
    macs: int

    @property
    def accuracy(self) -> float:
        """The mean of the three."""
        return fmean(self.accuracies)


class Cell(NamedTuple):
    """A cell of NAS-Bench-201 (Dong and Yang 2020): the means of all cells that are isomorphic to it.

    `results` has the columns of `CELL_COLUMNS` in percent, `milliseconds` the latency on each device.
    """

    form: str
    results: dict[str, float]
    macs: int
    milliseconds: dict[str, float]


@cache
def macro_networks(tables: Path) -> dict[tuple[str, ...], MacroNetwork]:
    """Return the 6,561 networks of NAS-Bench-Macro by their options, the layers in order."""
    networks = {}
    with (tables / MACRO_FILE).open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            options = [
                (FIRST if number in (1, 3, 6) else OTHER)[int(digit)]
                for number, digit in enumerate(row["arch"].zfill(8), 1)
            ]
            networks[tuple(options)] = MacroNetwork(
                form=row["canonical"].zfill(8),
                accuracies=(float(row["acc1"]), float(row["acc2"]), float(row["acc3"])),
                macs=int(row["flops"]),
            )
    return networks


def distinct(networks: dict[tuple[str, ...], MacroNetwork]) -> list[MacroNetwork]:
    """Return the networks, of those that are alike one."""
    return list({network.form: network for network in networks.values()}.values())


@cache
def cells(tables: Path) -> dict[tuple[str, ...], Cell]:
    """Return the 15,625 cells of NAS-Bench-201 by their operations, the edges as the space has them."""
    published = _rows(tables / CELLS_FILE)
    latency = {row["arch_str"]: row for row in _rows(tables / LATENCY_FILE)}
    alike = defaultdict(list)
    for row in published:
        alike[row["unique_str"]].append(row | latency[row["arch_str"]])
    by_form = {form: _mean_cell(form, rows) for form, rows in alike.items()}
    return {_operations(row["arch_str"]): by_form[row["unique_str"]] for row in published}


def distinct_cells(table: dict[tuple[str, ...], Cell]) -> list[Cell]:
    """Return the cells, of those that are isomorphic one."""
    return list({cell.form: cell for cell in table.values()}.values())


def _rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _mean_cell(form: str, rows: list[dict[str, str]]) -> Cell:
    devices = [name for name in rows[0] if name.startswith("lat_")]

    def mean(column: str) -> float:
        return float(np.mean([float(row[column]) for row in rows]))

    return Cell(
        form=form,
        results={column: mean(column) for column in CELL_COLUMNS},
        macs=int(rows[0]["macs_cifar10"]),
        milliseconds={name.removeprefix("lat_"): mean(name) for name in devices},
    )


def _operations(cell: str) -> tuple[str, ...]:
    """Return the operations of a cell such as `|skip_connect~0|+|none~0|nor_conv_3x3~1|+...`."""
    by_edge = {
        f"{source}{node}": OPERATIONS[operation]
        for node, text in enumerate(cell.split("+"), 1)
        for operation, source in (edge.split("~") for edge in text.strip("|").split("|"))
    }
    return tuple(by_edge[edge] for edge in EDGES)
