"""Liveness: how long each value of a graph lives, and the bytes that are held while each operator runs."""

from __future__ import annotations

from math import prod

from archscape.spaces.graph import Flat
from archscape.spaces.memory_use import NOTHING


def lifetimes(flat: Flat, views: list[bool]) -> tuple[list[int], list[int]]:
    """Return for each value the one in whose memory it lies, and the node after which that memory is free."""
    start = flat.start
    owners, last = list(range(start)), [-1] * start
    for index, (node, view) in enumerate(zip(flat.nodes, views, strict=True)):
        owners.append(owners[node.inputs[0]] if view else start + index)
        last.append(index)
        for value in node.inputs:
            last[owners[value]] = index
    for value in flat.outputs:
        last[owners[value]] = len(flat.nodes)
    return owners, last


def graph_curve(flat: Flat, batch: int, item: int) -> list[int]:
    """Return the bytes held before the first operator, then while each runs; a map dies with its last use."""
    nodes, unit = flat.nodes, batch * item
    footprints = [node.op.memory(flat.shapes(node), node.shape, False) for node in nodes]  # type: ignore[union-attr]
    owners, last = lifetimes(flat, [footprint.view for footprint in footprints])
    dying: list[list[int]] = [[] for _ in range(len(nodes) + 1)]
    start = flat.start
    for value, end in enumerate(last):
        dying[end].append(value)
    sizes = [*[unit * prod(shape) for shape in flat.inputs], *[0] * len(nodes)]
    live = sum(sizes)
    curve = [live]
    for index, (node, footprint) in enumerate(zip(nodes, footprints, strict=True)):
        if owners[start + index] == start + index:
            sizes[start + index] = size = unit * prod(node.shape)
            live += size
        during = footprint.during
        curve.append(live if during is NOTHING else live + during.bytes(batch, item))
        for value in dying[index]:
            live -= sizes[value]
    return curve
