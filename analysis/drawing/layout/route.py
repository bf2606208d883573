"""Routes: how high layers stand, and the lines between them, in channels where no box stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..diagram import Source
from ..geometry import Line, Point
from .channels import Channel, channel_below
from .layers import Layers, Link, Node


class Routes(NamedTuple):
    """Where layers and lines are.

    Attributes:
        tops: Of every layer.
        heights: Of every layer.
        lines: The lines.
    """

    tops: list[float]
    heights: list[float]
    lines: list[Line]


def route(layers: Layers, names: dict[Node, str], *, head: float, foot: float) -> Routes:
    """Return where layers stand and lines run; every node has its axis already."""
    heights = [max([node.part.height for node in row if node.part], default=0.0) for row in layers.rows]
    heights[0] += head if layers.inputs else 0
    heights[-1] += foot if layers.outputs else 0
    channels = [channel_below(row) for row in layers.rows]
    tops: list[float] = []
    y = 0.0
    for height, channel in zip(heights, channels, strict=True):
        tops.append(y)
        y += height + channel.height
    frame = Routes(tops, heights, [])
    drawn: dict[Source, list[list[Point]]] = {}
    read = _readers(layers.paths)
    for path in sorted(layers.paths, key=len):
        net = path[0].net
        points = list(_points(path, frame, channels))
        shared = drawn.setdefault(net, [])
        target = path[-1].lower.host or path[-1].lower
        source = path[0].upper
        around = len(path) > 1 and read[net] > 1
        kind = "skip" if around else "branch" if read[net] > 1 or len(target.ups) > 1 else "flow"
        line = Line(
            points=_corners(_from_the_branch(points, shared)),
            kind=kind,
            arrow=target.part is not None and target.part.solid,
            source=names.get(source, ""),
            target=names.get(target, ""),
        )
        shared.append(points)
        frame.lines.append(line)
    return frame


def _readers(paths: Iterable[list[Link]]) -> dict[Source, int]:
    counts: dict[Source, int] = {}
    for path in paths:
        counts[path[0].net] = counts.get(path[0].net, 0) + 1
    return counts


def _points(path: Sequence[Link], routes: Routes, channels: Sequence[Channel]) -> Iterable[Point]:
    """Yield where a line goes, with all points where it might branch."""
    upper = path[0].upper
    layer = upper.layer
    x = upper.x + path[0].start
    middle = routes.tops[layer] + routes.heights[layer] / 2
    yield Point(x, middle + upper.part.height / 2 if upper.part else routes.tops[layer])
    for link in path:
        bottom = routes.tops[link.upper.layer] + routes.heights[link.upper.layer]
        for across in channels[link.upper.layer].across.get(link.net, ()):
            yield Point(x, bottom + across.y)
            x = link.lower.x + link.end if across.bend is None else across.bend
            yield Point(x, bottom + across.y)
        x = link.lower.x + link.end
    lower = path[-1].lower
    target = lower.host or lower
    bottom = routes.tops[lower.layer] + routes.heights[lower.layer]
    middle = bottom - routes.heights[lower.layer] / 2
    if lower.host is None:
        yield Point(x, middle - target.part.height / 2 if target.part else bottom)
    else:
        yield Point(x, middle)
        yield Point(target.x + target.right if x > target.x else target.x - target.left, middle)


def _from_the_branch(points: list[Point], shared: Sequence[list[Point]]) -> list[Point]:
    """Return the rest of a line from where it leaves those that carry the same value."""
    common = 0
    straight = False
    for other in shared:
        length = 0
        while length < min(len(points), len(other)) and points[length] == other[length]:
            length += 1
        if length > common:
            common = length
            straight = 0 < length < len(other) and length > 1 and _in_line(*other[length - 2 : length + 1])
    if not common:
        return points
    return points[max(0, common - 1 if straight or common < 2 else common - 2) :]


def _in_line(a: Point, b: Point, c: Point) -> bool:
    return a.x == b.x == c.x or a.y == b.y == c.y


def _corners(points: Sequence[Point]) -> tuple[Point, ...]:
    """Return a line without the points that it passes straight on."""
    distinct = [point for index, point in enumerate(points) if not index or point != points[index - 1]]
    inner = [
        b for a, b, c in zip(distinct, distinct[1:], distinct[2:], strict=False) if not _in_line(a, b, c)
    ]
    return (distinct[0], *inner, distinct[-1])
