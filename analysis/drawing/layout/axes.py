"""Axes: where nodes stand from left to right, so that lines are straight and what they join is centred."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import inf
from statistics import median

from .layers import Layers, Link, Node

SPACE = 12.0
"""Between boxes."""
LANE = 9.0
"""Between lanes, and between a lane and a box."""
PASSES = 8


class _Axis:
    """Nodes below each other whose lines are straight: they move as one.

    Attributes:
        shifts: Of each node, from the axis.
        left: The axes to its left, and how far at least it stands from them.
        right: Those to its right.
        ends: The axes that its other lines lead to, and where it would stand were they straight.
    """

    __slots__ = ("ends", "left", "right", "shifts", "x")

    def __init__(self, node: Node) -> None:
        self.shifts = {node: 0.0}
        self.x = 0.0
        self.left: dict[_Axis, float] = {}
        self.right: dict[_Axis, float] = {}
        self.ends: list[tuple[_Axis, float]] = []


def set_axes(layers: Layers) -> float:
    """Give every node its place from left to right and return the width of all."""
    _spread_entries(layers)
    axes = _straight(layers)
    _widen(axes)
    _keep_apart(layers, axes)
    _join(layers, axes)
    ordered = _from_the_left(list(dict.fromkeys(axes.values())))
    for axis in ordered:
        axis.x = max([other.x + least for other, least in axis.left.items()], default=0)
    for turn in range(PASSES):
        for axis in ordered if turn % 2 else ordered[::-1]:
            _pull(axis)
    nodes = [node for row in layers.rows for node in row]
    for node in nodes:
        node.x = axes[node].x + axes[node].shifts[node]
    start = min([node.x - node.left for node in nodes], default=0)
    for node in nodes:
        node.x = round(2 * (node.x - start)) / 2
    return max([node.x + node.right for node in nodes], default=0)


def _spread_entries(layers: Layers) -> None:
    """Give the lines that enter a box from above their entries, in the order in which they come."""
    for above, row in pairwise(layers.rows):
        places = {node: place for place, node in enumerate(above)}
        for node in row:
            count = len(node.ups)
            if node.part is None or not node.part.solid or count < 2:
                continue
            step = min(2 * SPACE, (node.left + node.right - 8) / count)
            node.entries = tuple([(number - (count - 1) / 2) * step for number in range(count)])
            for number, link in enumerate(
                sorted(node.ups, key=lambda link: (places[link.upper], link.start))
            ):
                link.entry = number


def _straight(layers: Layers) -> dict[Node, _Axis]:
    """Return the axis of every node; nodes share one where the line between them should be straight."""
    axes = {node: _Axis(node) for row in layers.rows for node in row}
    after = {a: b for row in layers.rows for a, b in pairwise(row)}
    pairs = [(link.upper, link.lower, link.start - link.end) for link in _candidates(layers)]
    if len(layers.inputs) == len(layers.outputs) == 1:
        pairs.append((layers.inputs[0], layers.outputs[0], 0.0))
    for above, below, lead in pairs:
        upper, lower = axes[above], axes[below]
        if upper is lower:
            continue
        if _reaches(upper, lower, axes, after) or _reaches(lower, upper, axes, after):
            continue
        shift = upper.shifts[above] + lead - lower.shifts[below]
        for node, own in lower.shifts.items():
            upper.shifts[node] = own + shift
            axes[node] = upper
    return axes


def _reaches(axis: _Axis, other: _Axis, axes: dict[Node, _Axis], after: dict[Node, Node]) -> bool:
    """Tell whether an axis has to stand to the left of another, by what stands between them."""
    seen = {axis}
    todo = [axis]
    while todo:
        for node in todo.pop().shifts:
            beside = axes[after[node]] if node in after else None
            if beside is other:
                return True
            if beside is not None and beside not in seen:
                seen.add(beside)
                todo.append(beside)
    return False


def _candidates(layers: Layers) -> list[Link]:
    """Return the links that should be straight, one above and one below a node at most, lanes first."""
    heights: dict[Node, int] = dict.fromkeys(layers.outputs, 0)
    for row in layers.rows[::-1]:
        for node in sorted(row, key=lambda node: node.host is not None):
            below = heights[node.host] if node.host else heights.get(node, -len(layers.rows))
            heights[node] = (not node.lane) + max([heights[link.lower] for link in node.downs], default=below)
    chosen: list[tuple[int, Link]] = []
    for row in layers.rows:
        for node in row:
            link = _main_below(node, heights)
            if link is not None and _main_above(link.lower) is link:
                rank = 0 if node.lane and link.lower.lane else 1 if not link.lower.lane else 2
                chosen.append((rank, link))
    return [link for _, link in sorted(chosen, key=lambda pair: pair[0])]


def _main_below(node: Node, heights: dict[Node, int]) -> Link | None:
    """Return the link below a node that should be straight: the longest way on, or the middle one."""
    links = node.downs
    if len(links) < 2:
        return links[0] if links else None
    if node.lane and node.ups:
        passing = [link for link in links if link.lower.lane and link.lower.host is None]
        return passing[0] if passing else links[0]
    if len(links) == 2:
        first, second = (heights[link.lower] for link in links)
        return None if first == second else links[first < second]
    return links[len(links) // 2] if len(links) % 2 else None


def _main_above(node: Node) -> Link | None:
    """Return the link above a node that should be straight: its only one, or the middle one."""
    links = node.ups
    return sorted(links, key=lambda link: link.end)[len(links) // 2] if len(links) % 2 else None


def _widen(axes: dict[Node, _Axis]) -> None:
    """Make the boxes of an axis equally wide."""
    for axis in dict.fromkeys(axes.values()):
        boxes = [node for node in axis.shifts if node.part and node.part.solid and not node.part.small]
        width = max([node.left + node.right for node in boxes], default=0)
        for node in boxes:
            node.left = node.right = width / 2


def _keep_apart(layers: Layers, axes: dict[Node, _Axis]) -> None:
    for row in layers.rows:
        for a, b in pairwise(row):
            gap = LANE if a.lane or b.lane else SPACE
            left, right = axes[a], axes[b]
            least = a.right + gap + b.left + left.shifts[a] - right.shifts[b]
            right.left[left] = left.right[right] = max(least, right.left.get(left, least))


def _join(layers: Layers, axes: dict[Node, _Axis]) -> None:
    """Let every axis know where its lines lead that are not straight."""
    for link in _links(layers):
        upper, lower = axes[link.upper], axes[link.lower]
        if upper is not lower:
            start = upper.shifts[link.upper] + link.start
            end = lower.shifts[link.lower] + link.end
            upper.ends.append((lower, end - start))
            lower.ends.append((upper, start - end))


def _links(layers: Layers) -> Iterator[Link]:
    return (link for row in layers.rows for node in row for link in node.downs)


def _from_the_left(axes: Sequence[_Axis]) -> list[_Axis]:
    """Return axes after all to their left."""
    waiting = {axis: len(axis.left) for axis in axes}
    ready = [axis for axis in axes if not axis.left]
    for axis in ready:
        for other in axis.right:
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    return ready


def _pull(axis: _Axis) -> None:
    """Move an axis to where most of its lines are short, between its neighbours."""
    if not axis.ends:
        return
    wanted = median([other.x + shift for other, shift in axis.ends])
    low = max([other.x + least for other, least in axis.left.items()], default=-inf)
    high = min([other.x - least for other, least in axis.right.items()], default=inf)
    axis.x = max(low, min(wanted, high))
