"""Parts: pieces of a figure with a size, put together from smaller ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..geometry import Box, Line, Point, Polygon, Shape, Text


class Placed(NamedTuple):
    """A part within another one.

    Attributes:
        scope: Put before the names within.
    """

    x: float
    y: float
    part: Part
    scope: str = ""


class Mark(NamedTuple):
    """The extent of maps, and how far down these are."""

    y: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Part:
    """A piece of a figure.

    Attributes:
        width: In points.
        height: In points.
        entries: Where on its upper side lines enter, from the left side, one for each value it reads.
        exits: Where on its lower side lines leave, one for each value it gives.
        solid: Whether a line that enters ends there, with an arrow's head.
        small: Whether it is a join, which lines enter from the side too.
        open: Whether it has no border, so that lines go on in it.
        extents: How far below its upper side maps of which extent are, from above.
        shapes: Its own, from its upper left corner, before those of its children.
        children: Parts of it.
    """

    width: float
    height: float
    entries: tuple[float, ...] = ()
    exits: tuple[float, ...] = ()
    solid: bool = True
    small: bool = False
    open: bool = False
    extents: tuple[Mark, ...] = ()
    shapes: tuple[Shape, ...] = ()
    children: tuple[Placed, ...] = ()

    @property
    def entry(self) -> float:
        """Where its main line enters: its only entry, or above its only exit, or its middle."""
        if len(self.entries) == 1:
            return self.entries[0]
        return self.exits[0] if len(self.exits) == 1 and not self.entries else self.width / 2

    @property
    def exit(self) -> float:
        """Where its main line leaves: its only exit, or its middle."""
        return self.exits[0] if len(self.exits) == 1 else self.width / 2

    def draw(self, x: float = 0, y: float = 0, scope: str = "") -> Iterator[Shape]:
        """Yield all shapes with the part's upper left corner at a place."""
        for shape in self.shapes:
            yield _moved(shape, x, y, scope)
        for child in self.children:
            yield from child.part.draw(x + child.x, y + child.y, scope + child.scope)


def _moved(shape: Shape, x: float, y: float, scope: str) -> Shape:
    """Return a shape elsewhere; what it names is within a scope."""
    match shape:
        case Box():
            name = scope + shape.name
            return replace(shape, x=shape.x + x, y=shape.y + y, name=name)
        case Text():
            return replace(shape, x=shape.x + x, y=shape.y + y)
        case Line():
            points = tuple([Point(point.x + x, point.y + y) for point in shape.points])
            source, target = (name and scope + name for name in (shape.source, shape.target))
            return replace(shape, points=points, source=source, target=target)
        case Polygon():
            points = tuple([Point(point.x + x, point.y + y) for point in shape.points])
            return replace(shape, points=points, name=scope + shape.name)
