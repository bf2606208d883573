"""Folds: a piece that is taller than a page is cut where a few lines run, one part for each column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from ..diagram import Block, Diagram, Source
from .layered import layered
from .part import Part
from .stack import GAP, block_part, piece_of

MOST_LINES = 3
"""So many lines at most lead from one column to the next."""


PER_LINE = 250.0
"""A cut may be so much higher or lower for one line less."""


class _Cut(NamedTuple):
    """A place where a diagram may be cut.

    Attributes:
        value: Of the block after which it is.
        lines: The values that are read below.
        y: How far down it is, about.
    """

    value: int
    lines: list[Source]
    y: float

    def badness(self, y: float) -> float:
        """Return how bad it is as the cut that should be so far down."""
        return abs(self.y - y) + PER_LINE * len(self.lines)


def folded(diagram: Diagram, count: int) -> list[Part]:
    """Return a diagram as so many parts, or fewer; each gives its lines to the next in their order."""
    cuts = list(_cuts(diagram))
    height = cuts.pop().y
    chosen: list[_Cut] = []
    for number in range(1, count):
        later = [cut for cut in cuts if not chosen or cut.value > chosen[-1].value]
        if later:
            chosen.append(min(later, key=lambda cut: cut.badness(height * number / count)))
    entering = [Source(value) for value in range(diagram.inputs)]
    start = diagram.inputs
    parts: list[Part] = []
    ends = [(cut.value + 1, cut.lines) for cut in chosen]
    for stop, leaving in [*ends, (diagram.inputs + len(diagram.blocks), list(diagram.outputs))]:
        piece = piece_of(diagram, range(start, stop), entering, leaving).diagram
        part = layered(piece, block_part, in_order=bool(parts))
        across = sorted(zip(part.exits, leaving, strict=True))
        parts.append(replace(part, exits=tuple([x for x, _ in across])))
        entering, start = [source for _, source in across], stop
    return parts


def _cuts(diagram: Diagram) -> Iterator[_Cut]:
    """Yield where a diagram may be cut, and its end."""
    end = diagram.inputs + len(diagram.blocks)
    last = {source: values[-1] for source, values in diagram.readers().items()}
    last |= dict.fromkeys(diagram.outputs, end)
    y = 0.0
    for value, block in enumerate(diagram.blocks, diagram.inputs):
        y += _height(block) + GAP
        lines = sorted([source for source, reader in last.items() if source.value <= value < reader])
        if len(lines) <= MOST_LINES or value == end - 1:
            yield _Cut(value, lines, y)


def _height(block: Block) -> float:
    return block_part(block).height
