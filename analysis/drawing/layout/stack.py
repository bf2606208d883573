"""Stacks: a diagram is cut where a single line runs, and its pieces stand one below the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from archscape.spaces.graph import Shape

from ..diagram import Block, Diagram, Source
from ..geometry import Line, Point
from .alternatives import chosen
from .boxes import box, width_of
from .frames import FOOT, HEAD, frame, repeated
from .layered import layered
from .part import Part, Placed

GAP = 14.0
"""Between two boxes: room for an arrow."""
TO_FRAME = 9.0
AFTER_LINES = 9.0
"""From where lines have met to the next box."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A piece of a diagram between two places where a single line runs.

    Attributes:
        diagram: Its blocks, which read what the piece before it gives.
        shape: Of what it gives; nothing if it gives nothing on.
    """

    diagram: Diagram
    shape: Shape

    @property
    def alone(self) -> Block | None:
        """Its block, if it is a single one in a chain."""
        blocks = self.diagram.blocks
        if len(blocks) != 1 or self.diagram.outputs not in ((), (Source(self.diagram.inputs),)):
            return None
        return blocks[0] if len(blocks[0].sources) == self.diagram.inputs < 2 else None


def pieces_of(diagram: Diagram) -> Iterator[Piece]:
    """Yield the pieces of a diagram, from its inputs to its outputs."""
    end = diagram.inputs + len(diagram.blocks)
    last = {source: values[-1] for source, values in diagram.readers().items()}
    last |= dict.fromkeys(diagram.outputs, end)
    live = [Source(value) for value in range(diagram.inputs)]
    entering = live
    start = diagram.inputs
    for value in range(diagram.inputs, end):
        count = 1 + max([source.output for source in last if source.value == value], default=0)
        outputs = [source for number in range(count) if (source := Source(value, number)) in last]
        live = [source for source in (*live, *outputs) if last.get(source, value) > value]
        if value == end - 1:
            live = list(diagram.outputs)
        if value == end - 1 or (len(live) == 1 and live[0].value >= start):
            yield piece_of(diagram, range(start, value + 1), entering, live)
            entering, start = live, value + 1


def piece_of(diagram: Diagram, values: range, entering: Sequence[Source], leaving: Sequence[Source]) -> Piece:
    """Return some blocks as a diagram of their own."""
    first, inputs = values.start, len(entering)

    def inner(source: Source) -> Source:
        if source in entering:
            return Source(entering.index(source))
        return source._replace(value=source.value - first + inputs)

    blocks = [
        replace(block, sources=tuple(map(inner, block.sources)))
        for block in diagram.blocks[first - diagram.inputs : values.stop - diagram.inputs]
    ]
    piece = Diagram(inputs=inputs, blocks=tuple(blocks), outputs=tuple(map(inner, leaving)))
    shape: Shape = blocks[-1].shape if len(blocks) == 1 else ()
    if leaving and leaving[0].value >= diagram.inputs:
        shape = diagram.blocks[leaving[0].value - diagram.inputs].shape
    return Piece(diagram=piece, shape=shape)


def part_of(diagram: Diagram, *, head: float = 0, foot: float = 0) -> Part:
    """Return a diagram as one part, with some room above and below."""
    pieces = list(pieces_of(diagram))
    if len(pieces) == 1 and pieces[0].alone is None:
        return _piece_part(pieces[0], 0, head=head, foot=foot)
    return stacked(
        parts_of(pieces),
        head=head,
        foot=foot,
        enters=diagram.inputs > 0,
        leaves=bool(diagram.outputs),
    )


def parts_of(pieces: Sequence[Piece]) -> list[Part]:
    """Return the parts of pieces; boxes that stand alone in one are equally wide."""
    alone = [piece.alone for piece in pieces]
    width = max([width_of(block) for block in alone if block and not block.is_framed], default=0)
    return [_piece_part(piece, width) for piece in pieces]


def _piece_part(piece: Piece, width: float, *, head: float = 0, foot: float = 0) -> Part:
    block = piece.alone
    if block is not None:
        return block_part(block, width)
    return layered(piece.diagram, block_part, head=head, foot=foot)


def block_part(block: Block, width: float = 0) -> Part:
    """Return the part of a block: a frame, or a box as wide as its label needs, or wider."""
    if block.alternatives:
        part = chosen(block, [part_of(option) for option in block.alternatives])
    elif block.inside is not None:
        part = frame(block, part_of(block.inside, head=HEAD if block.label else FOOT, foot=FOOT))
    else:
        return box(block, width or width_of(block))
    return repeated(part, block.repeat) if block.repeat else part


def stacked(
    parts: Sequence[Part], *, head: float = 0, foot: float = 0, enters: bool = False, leaves: bool = False
) -> Part:
    """Return parts one below the other, with the line that runs through them.

    The first may be entered, and the last left, by several lines.
    """
    axis = parts[0].entry if parts else 0.0
    lines: list[Line] = []
    children: list[Placed] = []
    y = head
    start = Point(axis, 0) if enters and len(parts[0].entries) < 2 else None
    before: Part | None = None
    for part in parts:
        if start is not None:
            y += _gap(before, part)
            if y > start.y and (part.entries or before):
                lines.append(Line(points=(start, Point(start.x, y)), arrow=part.solid))
        left = (start.x if start else axis) - part.entry
        children.append(Placed(left, y, part))
        y += part.height
        start = Point(left + part.exit, y)
        before = part
    if leaves and foot and start is not None:
        y += foot
        lines.append(Line(points=(start, Point(start.x, y)), arrow=False))
    left = min([child.x for child in children], default=0)
    return Part(
        width=max([child.x + child.part.width for child in children], default=0) - left,
        height=y,
        entries=_shifted(parts[0].entries, children[0].x - left) if enters else (),
        exits=_shifted(parts[-1].exits, children[-1].x - left) if leaves else (),
        solid=False,
        open=True,
        shapes=tuple([_moved(line, -left) for line in lines]),
        children=tuple([child._replace(x=child.x - left) for child in children]),
    )


def _shifted(xs: Sequence[float], by: float) -> tuple[float, ...]:
    return tuple([x + by for x in xs])


def _moved(line: Line, by: float) -> Line:
    return replace(line, points=tuple([Point(point.x + by, point.y) for point in line.points]))


def _gap(before: Part | None, part: Part) -> float:
    """Return the room between two parts for the line from one to the other."""
    after_lines = before is not None and before.open
    if part.open:
        return 0
    if not part.solid:
        return TO_FRAME / 2 if after_lines else TO_FRAME
    return AFTER_LINES if after_lines else GAP
