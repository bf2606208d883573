"""Geometry: what a figure is made of, in points from the top left corner; renderers draw this, nothing else.

Kinds name colours and strokes, which the renderers have (`style.py`); geometry has none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Anchor = Literal["start", "middle", "end"]


class Point(NamedTuple):
    """A place: `x` to the right, `y` downwards, both in points."""

    x: float
    y: float


@dataclass(frozen=True, kw_only=True)
class Box:
    """A block, a layer, or the frame around several.

    Attributes:
        x: Of its left side.
        y: Of its top.
        kind: What it is, of `KINDS` in `style.py`: `conv`, `depthwise`, `pool`, `linear`, `join`, `cell`.
        name: Of the row or layer; renderers show it where the pointer rests.
        frame: Whether it stands around others, which then overlap it.
    """

    x: float
    y: float
    width: float
    height: float
    kind: str
    name: str = ""
    frame: bool = False


@dataclass(frozen=True, kw_only=True)
class Text:
    """A line of text.

    Attributes:
        x: Of its start, middle or end, as `anchor` says.
        y: Of its base line.
        text: What it says.
        size: Of the letters, in points.
        role: `label` in a box, `extent` and `width` beside maps, `repeat`, `caption`.
        anchor: Which part of it stands at `x`.
        turned: Whether it is read from the bottom upwards.
    """

    x: float
    y: float
    text: str
    size: float
    role: str = "label"
    anchor: Anchor = "middle"
    turned: bool = False


@dataclass(frozen=True, kw_only=True)
class Line:
    """A connection: a polyline whose corners renderers round.

    Attributes:
        points: Two at least.
        kind: `flow` from one block to the next, `skip` around some, `branch` to one of several, `ray`.
        arrow: Whether its end has a head.
        source: Name of the box that it leaves.
        target: Name of the box that it enters.
    """

    points: tuple[Point, ...]
    kind: str = "flow"
    arrow: bool = True
    source: str = ""
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class Polygon:
    """A face of a volume.

    Attributes:
        points: Its corners.
        kind: As of a box.
        face: `front`, `side` or `top`, which are shaded apart.
    """

    points: tuple[Point, ...]
    kind: str
    face: Literal["front", "side", "top"]
    name: str = ""


Shape = Box | Text | Line | Polygon


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A figure: shapes in the order in which they are drawn.

    Attributes:
        width: In points.
        height: In points.
        title: The network.
        summary: What the figure shows, in a sentence, for those who cannot see it.
        shapes: From the back to the front.
    """

    width: float
    height: float
    title: str
    summary: str = ""
    shapes: tuple[Shape, ...] = field(default_factory=tuple)
