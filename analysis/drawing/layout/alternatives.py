"""Alternatives: parts of which one is chosen, side by side between a fork and a join."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..diagram import Block
from ..extents import extent_text
from ..geometry import Box, Line, Point, Shape, Text
from .boxes import base_line
from .frames import FOOT, HEAD, PAD, SMALL
from .metrics import fitted
from .part import Mark, Part, Placed

BETWEEN = 10.0
FORK = 8.0
"""From where the lines part, and to where they meet."""
ARROW = 4.0
"""From the fork to an alternative, above which there is room for an arrow."""


def chosen(block: Block, alternatives: Sequence[Part]) -> Part:
    """Return a frame around alternatives, which a line enters in the middle and leaves below."""
    width = 2 * PAD + sum(part.width for part in alternatives) + BETWEEN * (len(alternatives) - 1)
    tallest = max(part.height for part in alternatives)
    axis = _axis(alternatives, width)
    fork = HEAD + FORK
    join = fork + ARROW + tallest + FORK
    height = join + FOOT
    shapes: list[Shape] = [
        Box(x=0, y=0, width=width, height=height, kind=block.kind, name=block.name, frame=True)
    ]
    if label := fitted(block.label, SMALL, axis - 8):
        y = base_line(HEAD / 2, SMALL)
        shapes.append(Text(x=4, y=y, text=label, size=SMALL, role="caption", anchor="start"))
    children, entries, exits, x = [], [], [], PAD
    for part in alternatives:
        y = fork + ARROW + (tallest - part.height) / 2
        children.append(Placed(x, y, part, f"{block.name}." if block.name else ""))
        entries.append(Point(x + part.entries[0], y))
        exits.append(Point(x + part.exits[0], y + part.height))
        x += part.width + BETWEEN
    shapes += [Line(points=points, arrow=False) for points in _fork(Point(axis, 0), entries, fork)]
    shapes += [Line(points=points[::-1], arrow=False) for points in _fork(Point(axis, height), exits, join)]
    return Part(
        width=width,
        height=height,
        entries=(axis,),
        exits=(axis,),
        solid=False,
        extents=(Mark(HEAD / 2 + 2, extent_text(block.shape[1:])),),
        shapes=tuple(shapes),
        children=tuple(children),
    )


def _axis(alternatives: Sequence[Part], width: float) -> float:
    """Return where the line enters: above the middle one of several, or in the middle of two."""
    middle, rest = divmod(len(alternatives), 2)
    if not rest:
        return width / 2
    before = sum(part.width + BETWEEN for part in alternatives[:middle])
    return PAD + before + alternatives[middle].entries[0]


def _fork(stem: Point, ends: Sequence[Point], y: float) -> Iterator[tuple[Point, ...]]:
    """Yield the lines from a stem to several ends, which part at a height and do not run over each other."""
    yield stem, Point(stem.x, y), Point(ends[0].x, y), ends[0]
    for end in ends[1:-1]:
        yield Point(end.x, y), end
    yield Point(stem.x, y), Point(ends[-1].x, y), ends[-1]
