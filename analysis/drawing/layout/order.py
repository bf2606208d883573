"""Order: the nodes of each layer from left to right, so that few lines cross.

By barycentres and by swaps of neighbours (Gansner, Koutsofios, North and Vo 1993).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from .layers import Layers, Node

SWEEPS = 8
THROUGH_A_BOX = 1000
"""Crossings that a line through a box counts for."""


def order(layers: Layers) -> None:
    """Put the nodes of each row in order, in place."""
    best = [list(row) for row in layers.rows]
    least = crossings(best)
    rows = [list(row) for row in best]
    for sweep in range(SWEEPS):
        if not least:
            break
        down = sweep % 2 == 0
        for row in rows if down else rows[::-1]:
            _sort(rows, row, down=down)
        _swap(rows)
        if (count := crossings(rows)) < least:
            best, least = [list(row) for row in rows], count
    layers.rows[:] = best


def crossings(rows: Sequence[Sequence[Node]]) -> int:
    """Return how many lines cross between the layers and within them."""
    places = [_places(row) for row in rows]
    between = sum(_between(row, *pair) for row, pair in zip(rows, pairwise(places), strict=False))
    return between + sum(_within(row) for row in rows)


def _places(row: Sequence[Node]) -> dict[Node, int]:
    return {node: place for place, node in enumerate(row)}


def _between(row: Sequence[Node], upper: dict[Node, int], lower: dict[Node, int]) -> int:
    """Return how many lines between two layers cross."""
    ends = [
        (upper[node], link.start, lower[link.lower], link.end, link.net)
        for node in row
        for link in node.downs
    ]
    count = 0
    for index, (place, start, below, end, net) in enumerate(ends):
        for other_place, other_start, other_below, other_end, other in ends[index + 1 :]:
            if net == other:
                continue
            before = (place, start) < (other_place, other_start)
            count += before != ((below, end) < (other_below, other_end))
    return count


def _within(row: Sequence[Node]) -> int:
    """Return how many lines are crossed by those that enter joins from the side."""
    count = 0
    places = None
    for node in row:
        if node.host is None:
            continue
        places = places or _places(row)
        ends = sorted((places[node], places[node.host]))
        net = node.ups[0].net
        for between in row[ends[0] + 1 : ends[1]]:
            passes = between.lane and between.host is not node.host
            same = passes and between.ups[0].net == net
            count += 0 if same else 1 if passes else THROUGH_A_BOX
    return count


def _sort(rows: Sequence[Sequence[Node]], row: list[Node], *, down: bool) -> None:
    """Sort a row by the means of its neighbours' places above or below."""
    places = _places(row)
    layer = row[0].layer if row else 0
    other = layer - 1 if down else layer + 1
    if not row or not 0 <= other < len(rows):
        return
    beyond = _places(rows[other])

    def mean(node: Node) -> float:
        links = node.ups if down else node.downs
        if not links and node.host is not None:
            return mean(node.host) + (0.3 if places[node] > places[node.host] else -0.3)
        ends = [beyond[link.upper if down else link.lower] for link in links]
        return sum(ends) / len(ends) if ends else places[node]

    means = {node: mean(node) for node in row}
    row.sort(key=lambda node: means[node])


def _swap(rows: Sequence[list[Node]]) -> None:
    """Swap neighbours as long as lines cross less for it."""
    improved = True
    while improved:
        improved = False
        for layer, row in enumerate(rows):
            near = rows[max(0, layer - 1) : layer + 2]
            if len(row) < 2 or not (count := crossings(near)):
                continue
            for place in range(len(row) - 1):
                row[place], row[place + 1] = row[place + 1], row[place]
                if (fewer := crossings(near)) < count:
                    count, improved = fewer, True
                else:
                    row[place], row[place + 1] = row[place + 1], row[place]
