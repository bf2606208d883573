"""Frames: a part with a line around it, what it is called and how often it stands there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..diagram import Block
from ..extents import extent_text
from ..geometry import Box, Shape, Text
from .boxes import SIZE, base_line
from .metrics import fitted, text_width
from .part import Mark, Part, Placed

SMALL = 7.0
"""Size of captions, in points."""
PAD = 7.0
HEAD = 11.0
"""Above what is framed, for the caption."""
FOOT = 5.0
"""Below what is framed."""
WIDEST = 90.0
"""The longest caption, in points."""


def frame(block: Block, inside: Part) -> Part:
    """Return a part within a frame, through which its lines go; it has left room above for the caption."""
    caption = text_width(block.label, SMALL) if block.label else 0
    first = min(inside.entries, default=inside.width)
    left = max(PAD, min(caption, WIDEST) + 8 - first) if caption else PAD
    right = left if len(inside.entries) == 1 else PAD
    shapes: list[Shape] = [
        Box(
            x=0,
            y=0,
            width=left + inside.width + right,
            height=inside.height,
            kind=block.kind,
            name=block.name,
            frame=True,
        )
    ]
    entries = tuple([left + x for x in inside.entries])
    if caption:
        shapes.append(_caption(4, fitted(block.label, SMALL, left + first - 7)))
    if block.inside is not None and len(entries) > 1:
        shapes += _names(block.inside.names, entries, end=left + inside.width + right)
    return Part(
        width=left + inside.width + right,
        height=inside.height,
        entries=entries,
        exits=tuple([left + x for x in inside.exits]),
        solid=False,
        extents=(Mark(HEAD / 2 + 2, extent_text(block.shape[1:])),),
        shapes=tuple(shapes),
        children=(Placed(left, 0, inside, f"{block.name}." if block.name else ""),),
    )


def _caption(x: float, text: str) -> Text:
    return Text(x=x, y=base_line(HEAD / 2, SMALL), text=text, size=SMALL, role="caption", anchor="start")


def _names(names: Sequence[str], entries: Sequence[float], *, end: float) -> Iterator[Text]:
    """Yield the name of each line that enters a frame, to its right, if there is room."""
    ends = sorted([*entries, end])
    for name, x in zip(names, entries, strict=False):
        room = ends[ends.index(x) + 1] - x - 6
        if text_width(name, SMALL) <= room:
            yield _caption(x + 3, name)


def repeated(part: Part, repeat: str) -> Part:
    """Return a part with the number of times that it stands there to its right."""
    text = Text(
        x=part.width + 4,
        y=base_line(part.height / 2, SIZE),
        text=repeat,
        size=SIZE,
        role="repeat",
        anchor="start",
    )
    width = part.width + 4 + text_width(repeat, SIZE, bold=True) + 1
    return Part(
        width=width,
        height=part.height,
        entries=part.entries,
        exits=part.exits,
        solid=part.solid,
        small=part.small,
        extents=part.extents,
        shapes=(text,),
        children=(Placed(0, 0, part),),
    )
