"""Paths: what both renderers draw of a line, with its corners rounded and an arrow's head at its end."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot
from typing import Literal, NamedTuple

from .geometry import Box, Line, Point
from .style import HEAD, RADIUS


class Step(NamedTuple):
    """A step of a pen, as SVG has it: `M` to a point, `L` straight to it, `Q` to a second past the first."""

    verb: Literal["M", "L", "Q"]
    points: tuple[Point, ...]


def rounded(line: Line) -> list[Step]:
    """Return the steps along a line, which ends within its head if it has one.

    >>> rounded(Line(points=(Point(0, 0), Point(10, 0)), arrow=False))
    [Step(verb='M', points=(Point(x=0, y=0),)), Step(verb='L', points=(Point(x=10, y=0),))]
    """
    points = [*line.points]
    if line.arrow:
        points[-1] = _toward(points[-1], points[-2], HEAD / 2)
    steps = [Step("M", (points[0],))]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        radius = min(RADIUS, _distance(before, corner) / 2, _distance(corner, after) / 2)
        steps.append(Step("L", (_toward(corner, before, radius),)))
        steps.append(Step("Q", (corner, _toward(corner, after, radius))))
    return [*steps, Step("L", (points[-1],))]


def head(line: Line) -> tuple[Point, Point, Point]:
    """Return the corners of an arrow's head: its tip, and the two ends of its base."""
    tip, before = line.points[-1], line.points[-2]
    base = _toward(tip, before, HEAD)
    across, down = (tip.y - base.y) * 0.38, (base.x - tip.x) * 0.38
    return tip, Point(base.x + across, base.y + down), Point(base.x - across, base.y - down)


def corner_radius(box: Box) -> float:
    """Return the radius of a box's corners: a small join is a circle, or a pill."""
    return (
        min(box.width, box.height) / 2 if box.kind == "join" else min(RADIUS, box.width / 4, box.height / 4)
    )


def straight(points: Sequence[Point]) -> list[Step]:
    """Return the steps along some corners."""
    return [Step("M", (points[0],)), *(Step("L", (point,)) for point in points[1:])]


def _toward(start: Point, end: Point, length: float) -> Point:
    """Return the point at a distance from the start of a segment, on the way to its end."""
    share = length / (_distance(start, end) or 1)
    return Point(start.x + (end.x - start.x) * share, start.y + (end.y - start.y) * share)


def _distance(start: Point, end: Point) -> float:
    return hypot(end.x - start.x, end.y - start.y)
