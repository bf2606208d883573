"""Figures: the pieces of a network in columns that fit a page, with the extents of maps beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import log

from ..diagram import Block, Diagram
from ..geometry import Drawing, Line, Point, Shape, Text
from .boxes import base_line
from .frames import SMALL
from .metrics import text_width
from .part import Mark, Part, Placed
from .stack import block_part, parts_of, pieces_of, stacked
from .u_shape import u_shaped

MARGIN = 8.0
APART = 24.0
"""Between a network and its cells."""
TALLEST = 640.0
"""A figure that is taller has several columns."""
ASPECT = 1.25
"""Width by height that several columns come near to."""
TURN = 9.0
"""Around the line from one column to the next."""
BESIDE = 6.0
"""Between an extent and what it stands beside."""


def lay_out(diagram: Diagram, panels: Sequence[Block] = (), *, title: str, summary: str = "") -> Drawing:
    """Return a diagram as a figure, with some cells beside it."""
    part = u_shaped(diagram) or _in_columns(diagram, lowest=TALLEST if not panels else TALLEST / 2)
    if panels:
        part = _beside(part, [block_part(replace(panel, name="")) for panel in panels])
    return Drawing(
        width=part.width + 2 * MARGIN,
        height=part.height + 2 * MARGIN,
        title=title,
        summary=summary,
        shapes=tuple(part.draw(MARGIN, MARGIN)),
    )


def _beside(part: Part, panels: Sequence[Part]) -> Part:
    """Return a part with others to its right, in as many columns as give the whole a good shape."""
    tried = [_with_panels(part, panels, count) for count in range(1, len(panels) + 1)]
    return min(tried, key=lambda whole: abs(log(whole.width / whole.height / ASPECT)))


def _with_panels(part: Part, panels: Sequence[Part], columns: int) -> Part:
    """Return a part with others to its right, in so many columns."""
    children = [Placed(0, 0, part)]
    cuts = _cuts([panel.height + APART for panel in panels], columns)
    x = part.width + APART
    for start, end in pairwise(cuts):
        y = 0.0
        for panel in panels[start:end]:
            children.append(Placed(x, y, panel))
            y += panel.height + APART
        x += max(panel.width for panel in panels[start:end]) + APART
    height = max(child.y + child.part.height for child in children)
    return Part(width=x - APART, height=height, children=tuple(children))


def _in_columns(diagram: Diagram, *, lowest: float) -> Part:
    """Return a diagram in as many columns as give it a good shape, one if it is not taller than that."""
    pieces = list(pieces_of(diagram))
    columns = _columns(parts_of(pieces), lowest)
    x = 0.0
    top = TURN if len(columns) > 1 else 0.0
    lines: list[Shape] = []
    children: list[Placed] = []
    before: tuple[Point, float] | None = None
    for column in columns:
        x += column.margin
        part = column.part
        if before is not None:
            lines.append(_turn(*before, Point(x + part.entries[0], top)))
        children.append(Placed(x, top, part))
        lines += column.texts(x, top)
        if part.exits:
            before = Point(x + part.exits[0], top + part.height), x + part.width + TURN
        x += part.width + 2 * TURN
    height = max([column.part.height for column in columns], default=0)
    bottom = TURN if len(columns) > 1 else 0.0
    width = x - 2 * TURN
    return Part(width=width, height=top + height + bottom, shapes=tuple(lines), children=tuple(children))


@dataclass(frozen=True, kw_only=True)
class _Column:
    """Some pieces of a figure, one below the other.

    Attributes:
        extents: Of maps, where they change.
    """

    part: Part
    extents: Sequence[Mark]

    @property
    def margin(self) -> float:
        """The room for extents."""
        return max([text_width(mark.text, SMALL) + BESIDE for mark in self.extents], default=0)

    def texts(self, x: float, y: float) -> Iterator[Text]:
        """Yield the extents."""
        for mark in self.extents:
            base = base_line(y + mark.y, SMALL)
            yield Text(x=x - BESIDE, y=base, text=mark.text, size=SMALL, role="extent", anchor="end")


def _changes(part: Part, before: str) -> tuple[list[Mark], str]:
    """Return where extents change in a column after one, and the last one."""
    changes: list[Mark] = []
    for child in part.children:
        for y, text in child.part.extents:
            if text and text != before:
                changes.append(Mark(child.y + y, text))
            before = text or before
    return changes, before


def _columns(parts: Sequence[Part], lowest: float) -> list[_Column]:
    heights = [part.height + 12 for part in parts]
    width = max([part.width for part in parts], default=0) + 2 * TURN + 30
    cuts = _cuts(heights, _count(sum(heights), width, lowest))
    columns: list[_Column] = []
    extent = ""
    for start, end in pairwise(cuts):
        part = stacked(parts[start:end], enters=start > 0, leaves=end < len(parts))
        changes, extent = _changes(part, extent)
        columns.append(_Column(part=part, extents=changes))
    return columns


def _count(height: float, width: float, lowest: float) -> int:
    """Return the number of columns that gives a figure a good shape."""
    if height <= lowest:
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
