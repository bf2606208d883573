"""Perspective: cuboids on one axis, seen from the right and from above, their depth shortened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from ..geometry import Point, Polygon

ACROSS, UP = 0.36, 0.27
"""How far a point of depth 1 lies to the right, and upwards."""
SMALLEST = 3.0
"""The side of a window that is still seen."""
HIGH = -0.5
"""Where a window lies: 0 is the middle of its side, -1 the top."""


class Cuboid(NamedTuple):
    """A volume whose middle lies on the axis of the figure.

    Attributes:
        left: Where it begins along the axis, in points.
        width: Along the axis.
        height: Across it, upwards.
        depth: Across it, away from who looks.
        middle: The axis, from the top of the figure.
    """

    left: float
    width: float
    height: float
    depth: float
    middle: float

    def point(self, along: float, down: float, away: float) -> Point:
        """Return where a point of it is seen; `down` and `away` are from its middle, in its own sizes."""
        away *= self.depth
        x = self.left + along * self.width + ACROSS * away
        return Point(x, self.middle + down * self.height - UP * away)

    @property
    def first(self) -> float:
        """Where it is first seen, from the left."""
        return self.left - ACROSS * self.depth / 2

    @property
    def last(self) -> float:
        """Where it is last seen."""
        return self.left + self.width + ACROSS * self.depth / 2

    def faces(self, kind: str, name: str, *, covered: bool = False) -> list[Polygon]:
        """Return the faces that are seen; one whose side is `covered` by the next shows two."""
        corners: dict[Literal["front", "top", "side"], list[tuple[int, int, int]]] = {
            "front": [(0, -1, -1), (1, -1, -1), (1, 1, -1), (0, 1, -1)],
            "top": [(0, -1, -1), (0, -1, 1), (1, -1, 1), (1, -1, -1)],
            "side": [(1, -1, -1), (1, -1, 1), (1, 1, 1), (1, 1, -1)],
        }
        return [
            Polygon(
                points=tuple(self.point(along, down / 2, away / 2) for along, down, away in corners[face]),
                kind=kind,
                face=face,
                name=name,
            )
            for face in corners
            if not (covered and face == "side")
        ]

    def window(self, shares: Sequence[float]) -> tuple[Polygon, float]:
        """Return a window on its side, of these shares of its height and depth, and how far down it lies."""
        sizes = zip(shares, (self.height, self.depth), strict=True)
        down, away = (min(1.0, max(share, SMALLEST / size)) / 2 for share, size in sizes)
        middle = HIGH * (0.5 - down)
        corners = ((-down, -away), (-down, away), (down, away), (down, -away))
        points = tuple(self.point(1, middle + y, z) for y, z in corners)
        return Polygon(points=points, kind="kernel", face="side"), middle
