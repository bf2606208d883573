"""U shapes: an encoder goes down, a decoder up beside it, and what skips over leads across.

As Ronneberger, Fischer and Brox (2015) draw U-Net.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

from ..diagram import Block, Diagram
from ..extents import extent_text
from ..geometry import Line, Point, Shape, Text
from .boxes import HEIGHT, base_line, width_of
from .frames import SMALL
from .metrics import text_width
from .part import Part, Placed
from .stack import GAP, block_part

PITCH = HEIGHT + GAP
"""Between the middles of rows."""
ACROSS = 16.0
"""Before and behind what stands between the two sides: room for an arrow."""
LEAST_ACROSS = 70.0
BESIDE = 6.0


@dataclass(frozen=True, kw_only=True)
class _Skip:
    """What leads from the encoder to the decoder.

    Attributes:
        start: A value of the encoder.
        between: Values that stand between the two sides, from left to right.
        end: A value of the decoder.
    """

    start: int
    between: tuple[int, ...]
    end: int


@dataclass(frozen=True, kw_only=True)
class _Sides:
    """An encoder, a decoder and what leads across, the uppermost first."""

    down: list[int]
    up: list[int]
    skips: list[_Skip]


def u_shaped(diagram: Diagram) -> Part | None:
    """Return a network as a U if extents go down and up again, and two lines at least lead across."""
    sides = _sides(diagram)
    if sides is None:
        return None
    rows = _rows(sides)
    return _drawn(diagram, sides, rows)


def _sides(diagram: Diagram) -> _Sides | None:
    main = _main_way(diagram.blocks)
    sizes = [prod(diagram.blocks[value].shape[1:]) for value in main]
    turn = len(sizes) - 1 - sizes[::-1].index(min(sizes))
    down, up = main[: turn + 1], main[turn + 1 :]
    aside = sorted(set(range(len(diagram.blocks))) - set(main))
    skips = [skip for value in up if (skip := _skip_to(value, diagram, down, aside)) is not None][::-1]
    stands = [*down, *up, *(value for skip in skips for value in skip.between)]
    fits = (
        len(skips) > 1
        and sorted(stands) == list(range(len(diagram.blocks)))
        and all(a.start < b.start for a, b in pairwise(skips))
        and not any(block.inside or block.alternatives for block in diagram.blocks)
        and sum(len(block.sources) for block in diagram.blocks) == _links(len(main), skips, diagram.blocks)
    )
    return _Sides(down=down, up=up, skips=skips) if fits else None


def _links(main: int, skips: Sequence[_Skip], blocks: Sequence[Block]) -> int:
    """Return how many lines a U has: those of its two sides and those across, gates reading both sides."""
    gated = sum(len(blocks[value].sources) - 1 for skip in skips for value in skip.between)
    return main - 1 + sum(len(skip.between) + 1 for skip in skips) + gated


def _main_way(blocks: Sequence[Block]) -> list[int]:
    """Return the values on the way from the input to the output that skips nothing."""
    depths: list[int] = []
    for block in blocks:
        depths.append(1 + max([depths[source.value] for source in block.sources], default=0))
    way = [len(blocks) - 1]
    while blocks[way[-1]].sources:
        read = sorted({source.value for source in blocks[way[-1]].sources}, key=lambda value: depths[value])
        deepest = read.pop()
        # A gate on the way across reads the decoder too, which is the main way.
        gated = [value for value in read if value in {source.value for source in blocks[deepest].sources}]
        way.append(gated[-1] if gated else deepest)
    return way[::-1]


def _skip_to(value: int, diagram: Diagram, down: Sequence[int], aside: Sequence[int]) -> _Skip | None:
    """Return what leads across to a value of the decoder."""
    ends = [source.value for source in diagram.blocks[value].sources]
    across = [end for end in ends if end in aside or end in down[:-1]]
    if len(ends) != 2 or len(across) != 1:
        return None
    between: list[int] = []
    end = across[0]
    while end in aside:
        between.insert(0, end)
        read = [source.value for source in diagram.blocks[end].sources]
        from_left = [each for each in read if each in aside or each in down]
        if len(from_left) != 1 or len(read) > 2:
            return None
        end = from_left[0]
    return _Skip(start=end, between=tuple(between), end=value)


def _rows(sides: _Sides) -> dict[int, int]:
    """Return the row of every value: what a skip joins, and what is between, stands in one row."""
    rows: dict[int, int] = {}
    down, up = sides.down, sides.up[::-1]
    starts = [down.index(skip.start) for skip in sides.skips]
    ends = [up.index(skip.end) for skip in sides.skips]
    row = max(starts[0], ends[0])
    for value in range(starts[0] + 1):
        rows[down[value]] = row - starts[0] + value
    for value in range(ends[0] + 1):
        rows[up[value]] = row - ends[0] + value
    bounds = zip(pairwise([*starts, len(down)]), pairwise([*ends, len(up)]), strict=True)
    for (start, next_start), (end, next_end) in bounds:
        for offset, value in enumerate(down[start + 1 : next_start + 1], 1):
            rows[value] = row + offset
        for offset, value in enumerate(up[end + 1 : next_end + 1], 1):
            rows[value] = row + offset
        row += max(next_start - start, next_end - end)
        if next_start < len(down):
            rows[down[next_start]] = rows[up[next_end]] = row
    for skip in sides.skips:
        rows |= dict.fromkeys(skip.between, rows[skip.start])
    return rows


def _drawn(diagram: Diagram, sides: _Sides, rows: dict[int, int]) -> Part:
    """Return the U as one part."""
    blocks = diagram.blocks
    margins = [_margin(blocks, side) for side in (sides.down, sides.up)]
    widths = [_width(blocks, side) for side in (sides.down, sides.up)]
    across = max([LEAST_ACROSS, *(_across(blocks, skip) for skip in sides.skips)])
    left = margins[0] + widths[0] / 2
    right = margins[0] + widths[0] + across + widths[1] / 2
    middle = margins[0] + widths[0] + across / 2
    centres = {value: Point(left, _y(rows[value])) for value in sides.down}
    centres |= {value: Point(right, _y(rows[value])) for value in sides.up}
    for skip in sides.skips:
        x = middle - sum(width_of(blocks[value]) + ACROSS for value in skip.between) / 2
        for value in skip.between:
            width = width_of(blocks[value])
            centres[value] = Point(x + (ACROSS + width) / 2, _y(rows[value]))
            x += width + ACROSS
    parts = {value: block_part(blocks[value]) for value in centres}
    parts |= {value: block_part(blocks[value], widths[0]) for value in sides.down}
    parts |= {value: block_part(blocks[value], widths[1]) for value in sides.up}
    shapes: list[Shape] = [
        *_lines(diagram, sides, centres, parts),
        *_texts(blocks, sides.down, centres, margins[0] - BESIDE, "end"),
        *_texts(blocks, sides.up, centres, right + widths[1] / 2 + BESIDE, "start"),
    ]
    children = [
        Placed(centres[value].x - part.entry, centres[value].y - part.height / 2, part)
        for value, part in parts.items()
    ]
    return Part(
        width=right + widths[1] / 2 + margins[1],
        height=_y(max(rows.values())) + PITCH,
        solid=False,
        shapes=tuple(shapes),
        children=tuple(children),
    )


def _y(row: int) -> float:
    return row * PITCH + HEIGHT / 2


def _width(blocks: Sequence[Block], side: Sequence[int]) -> float:
    return max([width_of(blocks[value]) for value in side])


def _across(blocks: Sequence[Block], skip: _Skip) -> float:
    return 2 * ACROSS + sum(width_of(blocks[value]) + ACROSS for value in skip.between)


def _extents(blocks: Sequence[Block], side: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Yield the values at which the extent of the maps changes, with the extent."""
    before = ""
    for value in side:
        text = extent_text(blocks[value].shape[1:])
        if text != before:
            yield value, text
        before = text


def _margin(blocks: Sequence[Block], side: Sequence[int]) -> float:
    return max([text_width(text, SMALL) + BESIDE for _, text in _extents(blocks, side)], default=0)


def _texts(
    blocks: Sequence[Block], side: Sequence[int], centres: dict[int, Point], x: float, anchor: str
) -> Iterator[Text]:
    for value, text in _extents(blocks, side):
        y = base_line(centres[value].y, SMALL)
        yield Text(
            x=x, y=y, text=text, size=SMALL, role="extent", anchor="end" if anchor == "end" else "start"
        )


def _lines(
    diagram: Diagram, sides: _Sides, centres: dict[int, Point], parts: dict[int, Part]
) -> Iterator[Line]:
    blocks = diagram.blocks

    def line(start: int, end: int, *points: Point, kind: str = "flow") -> Line:
        return Line(points=points, kind=kind, source=blocks[start].name, target=blocks[end].name)

    def edge(value: int, side: float) -> Point:
        """Return the middle of the left side of a box, -1, or of its right side, 1."""
        part = parts[value]
        reach = part.entry if side < 0 else part.width - part.entry
        return Point(centres[value].x + side * reach, centres[value].y)

    def below(value: int) -> Point:
        return Point(centres[value].x, centres[value].y + parts[value].height / 2)

    def above(value: int) -> Point:
        return Point(centres[value].x, centres[value].y - parts[value].height / 2)

    for a, b in pairwise(sides.down):
        yield line(a, b, below(a), above(b))
    for a, b in pairwise(sides.up):
        yield line(a, b, above(a), below(b))
    start, end = sides.down[-1], sides.up[0]
    low = max(below(start).y, below(end).y) + GAP - 4
    turn = (Point(centres[start].x, low), Point(centres[end].x, low))
    yield line(start, end, below(start), *turn, below(end))
    for skip in sides.skips:
        for a, b in pairwise((skip.start, *skip.between, skip.end)):
            yield line(a, b, edge(a, 1), edge(b, -1), kind="skip")
        for gate in skip.between:
            for source in blocks[gate].sources:
                if source.value in sides.up:
                    corner = Point(centres[gate].x, centres[source.value].y)
                    yield line(source.value, gate, edge(source.value, -1), corner, below(gate), kind="branch")
