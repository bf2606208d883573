"""Figures: the pieces of a network in columns that fit a page, with the extents of maps beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import log

from ..diagram import Block, Diagram
from ..geometry import Drawing, Line, Point, Shape, Text
from .boxes import base_line
from .channels import TRACK
from .fold import folded
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
FOLDED = 1100.0
"""A piece that is taller is cut into parts for several columns."""
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
    columns = _columns(diagram, lowest)
    x = 0.0
    lines = max([len(column.part.exits) for column in columns], default=0)
    top = TURN + TRACK * (lines - 1) if len(columns) > 1 else 0.0
    shapes: list[Shape] = []
    children: list[Placed] = []
    starts: list[Point] = []
    for column in columns:
        part = column.part
        left = x + column.margin
        ends = [Point(left + end, top) for end in part.entries]
        shapes += _turns(starts, x, ends)
        children.append(Placed(left, top, part))
        shapes += column.texts(left, top)
        starts = [Point(left + end, top + part.height) for end in part.exits]
        x = left + part.width + 2 * TURN + TRACK * (len(starts) - 1)
    height = max([column.part.height for column in columns], default=0)
    width = x - 2 * TURN + (TRACK if not starts else 0)
    return Part(width=width, height=2 * top + height, shapes=tuple(shapes), children=tuple(children))


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


def _columns(diagram: Diagram, lowest: float) -> list[_Column]:
    """Return the columns of a diagram."""
    runs = _runs(diagram, lowest)
    columns: list[_Column] = []
    extent = ""
    for number, run in enumerate(runs, 1):
        part = stacked(run, enters=number > 1, leaves=number < len(runs))
        changes, extent = _changes(part, extent)
        columns.append(_Column(part=part, extents=changes))
    return columns


def _runs(diagram: Diagram, lowest: float) -> list[list[Part]]:
    """Return the parts that stand in each column."""
    pieces = list(pieces_of(diagram))
    parts = parts_of(pieces)
    tallest = max(range(len(parts)), key=lambda number: parts[number].height)
    tall, piece = parts[tallest], pieces[tallest]
    if tall.height > FOLDED:
        if piece.alone is None:
            first, *others = folded(piece.diagram, _count(tall.height, tall.width + 2 * TURN, 0))
            if others:
                before, after = parts[:tallest], parts[tallest + 1 :]
                return [[*before, first], *([part] for part in others[:-1]), [others[-1], *after]]
        elif piece.alone.inside is not None and not piece.alone.repeat:
            number = next(
                number for number, block in enumerate(diagram.blocks) if block.name == piece.alone.name
            )
            return _runs(diagram.opened(diagram.inputs + number), lowest)
    heights = [part.height + 12 for part in parts]
    width = max(part.width for part in parts) + 2 * TURN + 30
    cuts = _cuts(heights, _count(sum(heights), width, lowest))
    return [parts[start:end] for start, end in pairwise(cuts)]


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


def _turns(starts: Sequence[Point], right: float, ends: Sequence[Point]) -> Iterator[Line]:
    """Yield the lines from the foot of a column to the head of the next one, which do not cross.

    The one from the right stays nearest to the columns below, and is the highest above.
    """
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        inner = TRACK * (len(starts) - 1 - number)
        low, x = start.y + TURN + inner, right - TURN - TRACK * number
        high = end.y - TURN - TRACK * number
        corners = (Point(start.x, low), Point(x, low), Point(x, high), Point(end.x, high))
        yield Line(points=(start, *corners, end), arrow=False)
