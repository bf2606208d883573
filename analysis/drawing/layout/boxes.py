"""Boxes: the part of a block that is no frame: a box with its label, a join, an input."""

from __future__ import annotations

from ..diagram import Block
from ..extents import extent_text
from ..geometry import Box, Shape, Text
from .metrics import ASCENT, DESCENT, fitted, text_width
from .part import Mark, Part

SIZE = 8.0
"""Of labels, in points."""
HEIGHT = 16.0
LINE = 9.5
"""From one line of a label to the next."""
PAD = 6.0
"""Beside a label."""
NARROWEST = 40.0
WIDEST = 180.0
JOIN = 13.0
"""Diameter of a sum, height of a concatenation."""
PER_ENTRY = 9.0
"""The least that a box is wide for each line that enters it."""


def width_of(block: Block) -> float:
    """Return the width that a block's label needs."""
    pad = PAD if block.kind != "join" else PAD + 1
    text = max(text_width(line, SIZE) for line in _lines(block))
    width = min(WIDEST, max(NARROWEST, text + 2 * pad))
    return max(float(-(-width // 1)), PER_ENTRY * (len(set(block.sources)) + 1))


def _lines(block: Block) -> list[str]:
    """Return what stands in a box, how often it stands there after the first line."""
    first, *others = block.label.split("\n")
    return [f"{first} {block.repeat}".strip(), *others]


def is_join(block: Block) -> bool:
    """Tell whether a block is a small sign where lines meet."""
    return block.kind == "join"


def box(block: Block, width: float) -> Part:
    """Return the part of a block that is drawn as one box.

    Args:
        block: What it shows.
        width: At least what `width_of` says, unless it is a sign.
    """
    lines = _lines(block)
    height = HEIGHT + LINE * (len(lines) - 1)
    if is_join(block):
        sign = len(block.label) == 1
        height = JOIN
        width = JOIN if sign and len(set(block.sources)) <= 3 else width_of(block)
    shapes: list[Shape] = [Box(x=0, y=0, width=width, height=height, kind=block.kind, name=block.name)]
    for number, line in enumerate(lines):
        if label := fitted(line, SIZE, width - PAD):
            middle = (height + LINE * (2 * number + 1 - len(lines))) / 2
            shapes.append(Text(x=width / 2, y=base_line(middle, SIZE), text=label, size=SIZE))
    centre = (width / 2,)
    return Part(
        width=width,
        height=height,
        entries=centre if block.sources else (),
        exits=centre,
        small=is_join(block),
        extents=(Mark(height / 2, extent_text(block.shape[1:])),),
        shapes=tuple(shapes),
    )


def base_line(middle: float, size: float) -> float:
    """Return the base line of text that stands around a height."""
    return round(10 * (middle + size * (ASCENT - DESCENT) / 2)) / 10
