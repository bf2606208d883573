"""Order: the nodes of each layer from left to right, so that few lines cross.

By barycentres and by swaps of neighbours (Gansner, Koutsofios, North and Vo 1993).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from random import Random

from .layers import Layers, Node

SWEEPS = 8
BEGINNINGS = 12
"""So many orders are begun with while lines cross."""
MOST_SHUFFLED = 80
"""Nodes of a diagram, lanes included, that is worth several beginnings."""


def order(layers: Layers, *, first: int = 0) -> None:
    """Put the nodes of each row in order, in place; the same diagram gets the same order.

    Args:
        layers: The rows.
        first: The first row that is not in order yet.
    """
    rng = Random(0)
    rows = [list(row) for row in layers.rows]
    best, least = _swept(rows, first)
    small = sum(map(len, rows)) <= MOST_SHUFFLED
    for _ in range(BEGINNINGS if small else 0):
        if not least:
            break
        for row in rows[first:]:
            rng.shuffle(row)
        other, count = _swept(rows, first)
        if count < least:
            best, least = other, count
    layers.rows[:] = best


def _swept(rows: list[list[Node]], first: int) -> tuple[list[list[Node]], int]:
    """Return the best order that sweeps over rows find, and how many lines cross in it."""
    best, least = [list(row) for row in rows], crossings(rows)
    for sweep in range(SWEEPS):
        if not least:
            break
        down = sweep % 2 == 0
        for row in rows[first:] if down else rows[first:][::-1]:
            _sort(rows, row, down=down)
        _swap(rows, first)
        if (count := crossings(rows)) < least:
            best, least = [list(row) for row in rows], count
    return best, least


def crossings(rows: Sequence[Sequence[Node]]) -> int:
    """Return how many lines cross between layers."""
    places = [{node: place for place, node in enumerate(row)} for row in rows]
    return sum(_between(row, *pair) for row, pair in zip(rows, pairwise(places), strict=False))


def _between(row: Sequence[Node], upper: dict[Node, int], lower: dict[Node, int]) -> int:
    """Return how many lines between two layers cross; those that carry one value do not."""
    ends = [
        ((upper[node], link.start), (lower[link.lower], link.end), link.net)
        for node in row
        for link in node.downs
    ]
    return sum(
        ((start < other_start and end > other_end) or (start > other_start and end < other_end))
        and net != other
        for index, (start, end, net) in enumerate(ends)
        for other_start, other_end, other in ends[index + 1 :]
    )


def _sort(rows: Sequence[Sequence[Node]], row: list[Node], *, down: bool) -> None:
    """Sort a row by the means of its neighbours' places above or below."""
    layer = row[0].layer + (-1 if down else 1) if row else -1
    if not 0 <= layer < len(rows):
        return
    beyond = {node: place for place, node in enumerate(rows[layer])}

    def mean(place: int, node: Node) -> float:
        ends = (
            [beyond[link.upper] for link in node.ups] if down else [beyond[link.lower] for link in node.downs]
        )
        return sum(ends) / len(ends) if ends else place

    means = {node: mean(place, node) for place, node in enumerate(row)}
    row.sort(key=lambda node: means[node])


def _swap(rows: Sequence[list[Node]], first: int) -> None:
    """Swap neighbours as long as lines cross less for it."""
    improved = True
    while improved:
        improved = False
        for layer, row in enumerate(rows):
            near = rows[max(0, layer - 1) : layer + 2]
            if layer < first or len(row) < 2 or not (count := crossings(near)):
                continue
            for place in range(len(row) - 1):
                row[place], row[place + 1] = row[place + 1], row[place]
                if (fewer := crossings(near)) < count:
                    count, improved = fewer, True
                else:
                    row[place], row[place + 1] = row[place + 1], row[place]
