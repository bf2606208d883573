"""Routes: how high layers stand, and the lines between them, in channels where no box stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import permutations
from typing import NamedTuple

from ..diagram import Source
from ..geometry import Line, Point
from .layers import Layers, Link, Node

ABOVE = 6.0
"""From a box to the first line across below it."""
BELOW = 10.0
"""From the last line across to the box below it: room for an arrow's head."""
TRACK = 5.0
"""Between lines across."""
STRAIGHT = 14.0
"""From a box to the one below it, if no line goes across."""
MOST_TRIED = 5
"""So many lines across are put in every order."""
ON_EACH_OTHER = 1000
"""Crossings that lines on each other count for."""


class _Across(NamedTuple):
    """What a line does in a channel: it comes down at one place and goes on at others."""

    net: Source
    start: float
    ends: tuple[float, ...]

    @property
    def low(self) -> float:
        """The left end of its line across."""
        return min(self.start, *self.ends)

    @property
    def high(self) -> float:
        """The right end."""
        return max(self.start, *self.ends)


class _Channel(NamedTuple):
    """The space between two layers.

    Attributes:
        height: In points.
        tracks: For every line that goes across, how far below the upper layer.
    """

    height: float
    tracks: dict[Source, float]


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
    channels = [_channel(row) for row in layers.rows]
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


def _channel(row: Sequence[Node]) -> _Channel:
    """Return the space below a layer."""
    ends: dict[Source, list[float]] = {}
    starts: dict[Source, float] = {}
    links = [link for node in row for link in node.downs]
    for link in links:
        starts[link.net] = link.upper.x + link.start
        ends.setdefault(link.net, []).append(link.lower.x + link.end)
    across = [_Across(net, starts[net], tuple(xs)) for net, xs in ends.items() if set(xs) != {starts[net]}]
    if not links:
        return _Channel(0, {})
    lanes_alone = all(link.lower.lane for link in links)
    if not across:
        return _Channel(ABOVE if lanes_alone else STRAIGHT, {})
    tracks = _tracks(across)
    last = max(tracks.values())
    height = ABOVE + last * TRACK + (ABOVE if lanes_alone else BELOW)
    return _Channel(height, {net: ABOVE + track * TRACK for net, track in tracks.items()})


def _tracks(across: list[_Across]) -> dict[Source, int]:
    """Return the track of every line across: few cross, none lie on each other."""
    ordered = _ordered(across)
    tracks: dict[Source, int] = {}
    for index, line in enumerate(ordered):
        beside = [
            tracks[other.net] + 1
            for other in ordered[:index]
            if other.low <= line.high + TRACK and line.low <= other.high + TRACK
        ]
        tracks[line.net] = max(beside, default=0)
    return tracks


def _ordered(across: list[_Across]) -> Sequence[_Across]:
    """Return lines across from above so that as few as possible cross."""
    if len(across) <= MOST_TRIED:
        return min(permutations(across), key=_cost)
    ordered: list[_Across] = []
    for line in sorted(across, key=lambda line: line.high - line.low):
        places = [[*ordered[:at], line, *ordered[at:]] for at in range(len(ordered) + 1)]
        ordered = min(places, key=_cost)
    return ordered


def _cost(ordered: Sequence[_Across]) -> int:
    return sum(_crossed(a, b) for index, a in enumerate(ordered) for b in ordered[index + 1 :])


def _crossed(above: _Across, below: _Across) -> int:
    """Return how often two lines cross if one goes across above the other."""
    count = sum(below.low < end < below.high for end in above.ends) + (above.low < below.start < above.high)
    return count + ON_EACH_OTHER * (below.start in above.ends)


def _points(path: Sequence[Link], routes: Routes, channels: Sequence[_Channel]) -> Iterable[Point]:
    """Yield where a line goes, with all points where it might branch."""
    upper = path[0].upper
    layer = upper.layer
    x = upper.x + path[0].start
    middle = routes.tops[layer] + routes.heights[layer] / 2
    yield Point(x, middle + upper.part.height / 2 if upper.part else routes.tops[layer])
    for link in path:
        track = channels[link.upper.layer].tracks.get(link.net)
        x, before = link.lower.x + link.end, x
        if track is not None:
            y = routes.tops[link.upper.layer] + routes.heights[link.upper.layer] + track
            yield Point(before, y)
            yield Point(x, y)
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
