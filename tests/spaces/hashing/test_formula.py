"""The 15,625 networks of NAS-Bench-201 (Dong and Yang 2020): the published classes, and those we tell apart.

The table names the class of each cell by its `unique_str`. It stands beside the project, or the tests skip.
`make test` takes every cell of an eighth of the classes, `make full` all.
"""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from typing import Annotated, NamedTuple
from zlib import crc32

import pytest

from archscape.spaces import Graph, Style
from archscape.spaces.blocks import block, trace
from archscape.spaces.blocks.kinds import Kind
from archscape.spaces.graph import Tensor
from archscape.spaces.hashing.canonical import canonical_hash
from archscape.spaces.hashing.formula import formula_hash
from archscape.spaces.operators import activation, add, avgpool, conv, global_avgpool, linear, norm, zero

pytestmark = pytest.mark.slow

Cell = Annotated[str, Kind("a cell as the benchmark writes it", lambda value: value)]
Edges = list[list[tuple[str, int]]]


class Counts(NamedTuple):
    """How many there are of what the table holds.

    Attributes:
        cells: All of them.
        classes: The published ones.
        shared: Published classes of cells with different layers in use.
        networks: Sums that differ, without order or zeros, their layers numbered in every possible way.
    """

    cells: int
    classes: int
    shared: int
    networks: int


COUNTS = {1: Counts(15_625, 6_466, 430, 5_425), 8: Counts(2_017, 801, 54, 833)}
"""Of the table, and of the classes whose checksum is a multiple of eight."""


class Entry(NamedTuple):
    """A cell of the table, and its network."""

    cell: str
    published: str
    params: int
    graph: Graph


def edges(cell: str) -> Edges:
    """Return what each node sums: operations with the node that each reads.

    >>> edges("|none~0|+|avg_pool_3x3~0|skip_connect~1|")
    [[('none', 0)], [('avg_pool_3x3', 0), ('skip_connect', 1)]]
    """
    pairs = [[edge.split("~") for edge in node.strip("|").split("|")] for node in cell.split("+")]
    return [[(word, int(source)) for word, source in node] for node in pairs]


def weighted(x: Tensor, width: int, kernel: int, stride: int = 1) -> Tensor:
    return norm(conv(activation(x, "relu"), width=width, kernel=kernel, stride=stride, bias=False))


OPERATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "none": zero,
    "skip_connect": lambda x: x,
    "nor_conv_1x1": lambda x: weighted(x, x.channels, 1),
    "nor_conv_3x3": lambda x: weighted(x, x.channels, 3),
    "avg_pool_3x3": lambda x: avgpool(x, kernel=3, stride=1),
}


@block
def cell(x: Tensor, *, edges_of: Cell) -> Tensor:
    """Four nodes, each the sum of an operation of every node before it."""
    nodes = [x]
    for node in edges(edges_of):
        nodes.append(add(*[OPERATIONS[word](nodes[source]) for word, source in node]))
    return nodes[-1]


@block
def reduction(x: Tensor, *, width: int) -> Tensor:
    """x + f(x), f = 3x3, 3x3, with half the extent."""
    y = weighted(weighted(x, width, 3, stride=2), width, 3)
    return y + conv(avgpool(x, kernel=2), width=width, kernel=1, bias=False)


@block
def network(x: Tensor, *, edges_of: Cell) -> Tensor:
    """Three stages of five cells."""
    x = norm(conv(x, width=16, bias=False))
    for width in (16, 32, 64):
        x = x if width == 16 else reduction(x, width=width)
        for _ in range(5):
            x = cell(x, edges_of=edges_of)
    return linear(global_avgpool(activation(norm(x), "relu")), width=10)


@pytest.fixture(scope="module", params=[8, pytest.param(1, marks=pytest.mark.full)], ids=["eighth", "all"])
def divisor(request: pytest.FixtureRequest) -> int:
    """Which checksums the classes have that are looked at."""
    return int(request.param)


@pytest.fixture(scope="module")
def entries(published: Callable[[str], Path], divisor: int) -> list[Entry]:
    with gzip.open(published("nasbench201_cifar.csv.gz"), "rt") as file:
        rows = [row for row in csv.DictReader(file) if crc32(row["unique_str"].encode()) % divisor == 0]
    return [entry(row["arch_str"], row["unique_str"], int(row["params_cifar10"])) for row in rows]


def entry(text: str, unique: str, params: int) -> Entry:
    body = trace(network, ((3, 32, 32),), Style(), network.arguments({"edges_of": text}))
    return Entry(text, unique, params, Graph("cells", body))


def classes(pairs: Iterable[tuple[Hashable, Hashable]]) -> dict[Hashable, set[Hashable]]:
    partners: dict[Hashable, set[Hashable]] = defaultdict(set)
    for first, other in pairs:
        partners[first].add(other)
    return partners


def test_the_networks_have_the_published_parameters(entries: list[Entry], divisor: int) -> None:
    assert len(entries) == COUNTS[divisor].cells
    assert [e.graph.totals.params for e in entries] == [e.params for e in entries]


def test_formulas_separate_the_published_classes_exactly(entries: list[Entry], divisor: int) -> None:
    hashes = [formula_hash(e.graph) for e in entries]
    published = [e.published for e in entries]
    by_hash = classes(zip(hashes, published, strict=True))
    by_string = classes(zip(published, hashes, strict=True))
    assert len(by_string) == COUNTS[divisor].classes
    assert [strings for strings in by_hash.values() if len(strings) > 1] == []
    assert [strings for strings in by_string.values() if len(strings) > 1] == []


def test_a_published_class_may_hold_several_networks(entries: list[Entry], divisor: int) -> None:
    """Some strings stand for cells of different layers in use: a formula forgets which are shared."""
    used = classes((e.published, meaning(e.cell)[1]) for e in entries)
    assert sum(len(layers) > 1 for layers in used.values()) == COUNTS[divisor].shared


def test_equal_networks_compute_the_same_with_the_same_parameters(entries: list[Entry], divisor: int) -> None:
    by_hash = classes((canonical_hash(e.graph), meaning(e.cell)) for e in entries)
    assert [formulas for formulas in by_hash.values() if len(formulas) > 1] == []
    assert len(by_hash) == COUNTS[divisor].networks


def meaning(text: str) -> tuple[str, tuple[str, ...]]:
    """Return what a cell computes, a sum without order or zeros, and the layers with weights that it uses."""
    sums: list[list[str]] = [["x"]]
    used: list[frozenset[tuple[int, int, str]]] = [frozenset()]
    for number, node in enumerate(edges(text)):
        terms: list[str] = []
        layers: frozenset[tuple[int, int, str]] = frozenset()
        for word, source in node:
            if word == "none" or not sums[source]:
                continue
            layers |= used[source]
            if word == "skip_connect":
                terms += sums[source]
                continue
            terms.append(f"{word}({' + '.join(sorted(sums[source]))})")
            layers |= {(number, source, word)} if "conv" in word else frozenset()
        sums.append(terms)
        used.append(layers)
    return " + ".join(sorted(sums[-1])), tuple(sorted(word for _, _, word in used[-1]))
