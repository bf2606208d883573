"""The spaces of published benchmarks, against the published tables, to the last network.

Of the cells of NAS-Bench-201 `make test` takes all of an eighth of the classes, `make full` all.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import pytest

from archscape.spaces import Sample, Space, load_space

Published = Callable[[str], Path]


class Part(NamedTuple):
    """Rows of the table of NAS-Bench-201, and how many classes they hold, all of each."""

    rows: list[dict[str, str]]
    classes: int


EDGES = {
    "none": "zero",
    "skip_connect": "identity",
    "nor_conv_1x1": "conv1x1",
    "nor_conv_3x3": "conv3x3",
    "avg_pool_3x3": "pool",
}


@pytest.fixture(scope="module")
def macro() -> Space:
    return load_space("nas-bench-macro")


@pytest.fixture(scope="module")
def cells() -> Space:
    return load_space("nas-bench-201")


def layers(digits: str) -> dict[str, str]:
    """Return the decisions of a network of NAS-Bench-Macro, one digit a layer."""
    decisions = {}
    for number, digit in enumerate(digits, 1):
        word = "first" if number in (1, 3, 6) else "layer"
        options = ("project", "expand3", "expand6") if word == "first" else ("identity", "keep3", "keep6")
        decisions[f"layer{number}.{word}"] = options[int(digit)]
    return decisions


def edges(cell: str) -> dict[str, str]:
    """Return the decisions of a cell, such as `|skip_connect~0|+|none~0|nor_conv_3x3~1|+...`."""
    return {
        f"e{source}{node}": EDGES[operation]
        for node, text in enumerate(cell.split("+"), 1)
        for operation, source in (edge.split("~") for edge in text.strip("|").split("|"))
    }


def macro_table(published: Published) -> Iterator[dict[str, str]]:
    with published("nas_bench_macro_cifar10.csv").open() as file:
        yield from csv.DictReader(file)


@pytest.fixture(
    scope="module",
    params=[(8, 2_017, 801), pytest.param((1, 15_625, 6_466), marks=pytest.mark.full)],
    ids=["eighth", "all"],
)
def part(published: Published, request: pytest.FixtureRequest) -> Part:
    """The cells of the published classes whose checksums a number divides."""
    divisor, cells, classes = request.param
    with gzip.open(published("nasbench201_cifar.csv.gz"), "rt") as file:
        rows = [row for row in csv.DictReader(file) if crc32(row["unique_str"].encode()) % divisor == 0]
    assert len(rows) == cells
    return Part(rows, classes)


def test_every_network_of_nas_bench_macro_costs_what_was_published(
    macro: Space, published: Published
) -> None:
    rows = list(macro_table(published))
    assert len(rows) == macro.count() == 6561
    different = [
        row["arch"]
        for row in rows
        if costs(macro.replay(layers(row["arch"].zfill(8)))) != (int(row["params"]), int(row["flops"]))
    ]
    assert different == []


@pytest.mark.slow
def test_nas_bench_macro_holds_3969_networks(macro: Space) -> None:
    """Identities stand anywhere in a stage: 9 x 21 x 21 of the 6,561 lists differ."""
    assert macro.count_distinct() == 9 * 21 * 21 == 3969


@pytest.mark.slow
def test_networks_of_nas_bench_macro_are_alike_where_the_published_form_is(
    macro: Space, published: Published
) -> None:
    pairs = {
        (row["canonical"], macro.replay(layers(row["arch"].zfill(8))).hash())
        for row in macro_table(published)
    }
    assert len(pairs) == len({form for form, _ in pairs}) == len({digest for _, digest in pairs}) == 3969


@pytest.mark.slow
def test_every_cell_of_nas_bench_201_costs_what_was_published(cells: Space, part: Part) -> None:
    assert cells.count() == 15_625
    different = [
        row["arch_str"]
        for row in part.rows
        if costs(cells.replay(edges(row["arch_str"])))
        != (int(row["params_cifar10"]), int(row["macs_cifar10"]))
    ]
    assert different == []


@pytest.mark.slow
def test_hashes_of_nas_bench_201_separate_the_published_classes(cells: Space, part: Part) -> None:
    """Column `unique_str`: 6,466 classes of isomorphic cells."""
    pairs = {(row["unique_str"], cells.replay(edges(row["arch_str"])).hash()) for row in part.rows}
    assert len(pairs) == len({text for text, _ in pairs}) == len({digest for _, digest in pairs})
    assert len(pairs) == part.classes


def costs(sample: Sample) -> tuple[int, int]:
    return sample.totals.params, sample.totals.macs
