"""Figures: the pieces of a network in columns that fit a page, with the extents of maps beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log

from ..diagram import Diagram
from ..extents import extent_text
from ..geometry import Drawing, Line, Point, Shape, Text
from .boxes import base_line
from .frames import SMALL
from .metrics import text_width
from .part import Part
from .stack import parts_of, pieces_of, stacked

MARGIN = 8.0
TALLEST = 640.0
"""A figure that is taller has several columns."""
ASPECT = 1.25
"""Width by height that several columns come near to."""
TURN = 9.0
"""Around the line from one column to the next."""
BESIDE = 6.0
"""Between an extent and what it stands beside."""


def lay_out(diagram: Diagram, *, title: str, summary: str = "") -> Drawing:
    """Return a diagram as a figure."""
    pieces = list(pieces_of(diagram))
    columns = _columns(parts_of(pieces), _extents([piece.shape for piece in pieces]))
    x = MARGIN
    top = MARGIN + (TURN if len(columns) > 1 else 0)
    shapes: list[Shape] = []
    before: tuple[Point, float] | None = None
    for column in columns:
        x += column.margin
        part = column.part
        if before is not None:
            shapes.append(_turn(*before, Point(x + part.entries[0], top)))
        shapes += part.draw(x, top)
        shapes += column.texts(x, top)
        if part.exits:
            before = Point(x + part.exits[0], top + part.height), x + part.width + TURN
        x += part.width + 2 * TURN
    height = max([column.part.height for column in columns], default=0)
    bottom = 0 if len(columns) == 1 else TURN
    return Drawing(
        width=x - 2 * TURN + MARGIN,
        height=top + height + bottom + MARGIN,
        title=title,
        summary=summary,
        shapes=tuple(shapes),
    )


@dataclass(frozen=True, kw_only=True)
class _Column:
    """Some pieces of a figure, one below the other.

    Attributes:
        extents: Beside each piece; nothing where it is that of the piece before.
    """

    part: Part
    extents: Sequence[str]

    @property
    def margin(self) -> float:
        """The room for extents."""
        return max([text_width(text, SMALL) + BESIDE for text in self.extents if text], default=0)

    def texts(self, x: float, y: float) -> Iterator[Text]:
        """Yield the extents."""
        for text, child in zip(self.extents, self.part.children, strict=True):
            if text:
                base = base_line(y + child.y + 8, SMALL)
                yield Text(x=x - BESIDE, y=base, text=text, size=SMALL, role="extent", anchor="end")


def _extents(shapes: Sequence[tuple[int, ...]]) -> list[str]:
    """Return the extents of maps, each only where it changes."""
    texts = [extent_text(shape[1:]) for shape in shapes]
    return [text if text != before else "" for before, text in pairwise(["", *texts])]


def _columns(parts: Sequence[Part], extents: Sequence[str]) -> list[_Column]:
    heights = [part.height + 12 for part in parts]
    width = max([part.width for part in parts], default=0) + 2 * TURN + 30
    cuts = _cuts(heights, _count(sum(heights), width))
    columns: list[_Column] = []
    for start, end in pairwise(cuts):
        part = stacked(parts[start:end], enters=start > 0, leaves=end < len(parts))
        columns.append(_Column(part=part, extents=extents[start:end]))
    return columns


def _count(height: float, width: float) -> int:
    """Return the number of columns that gives a figure a good shape."""
    if height <= TALLEST:
        return 1
    return min(range(1, 100), key=lambda count: abs(log(count * width / (height / count)) - log(ASPECT)))


def _cuts(heights: Sequence[float], count: int) -> list[int]:
    """Return where columns begin, and the end, so that the highest is as low as it can be."""
    limit = max(max(heights, default=0), sum(heights) / count)
    while len(cuts := _filled(heights, limit)) > count + 1:
        limit *= 1.02
    return cuts


def _filled(heights: Sequence[float], limit: float) -> list[int]:
    """Return where columns begin, and the end, if each is filled up to a height."""
    cuts, filled = [0], 0.0
    for index, height in enumerate(heights):
        if filled and filled + height > limit:
            cuts.append(index)
            filled = 0.0
        filled += height
    return [*cuts, len(heights)]


def _turn(start: Point, x: float, end: Point) -> Line:
    """Return the line from the foot of a column to the head of the next one."""
    low, high = start.y + TURN, end.y - TURN
    points = (start, Point(start.x, low), Point(x, low), Point(x, high), Point(end.x, high), end)
    return Line(points=points, arrow=False)
