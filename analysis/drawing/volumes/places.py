"""Places: how large the volumes of a chain are, and where they stand along the axis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import sqrt
from typing import NamedTuple

from ..extents import extent_text
from ..layout.metrics import text_width
from .chain import Volume
from .perspective import ACROSS, UP, Cuboid

HEIGHT = 110.0
"""Of the largest extent, and of the longest vector."""
WIDTH = 40.0
"""Of the widest map, where there are few; with more of them it is less, down to `LEAST`."""
LEAST = 16.0
ALL = 420.0
"""What all maps may take together, were all of them as wide as the widest."""
THINNEST = 6.0
FLAT = 14.0
"""The depth of a map that has one axis."""
BAR = 7.0
"""The width and the depth of a vector."""
GAP = 14.0
"""Between maps of different extents."""
MARGIN = 8.0
LETTERS = 6.5
"""The size of text."""


class Placed(NamedTuple):
    """A volume in its place; `covered` if the next one touches it."""

    volume: Volume
    cuboid: Cuboid
    covered: bool


class Size(NamedTuple):
    """How large a volume is drawn."""

    width: float
    height: float
    depth: float


def place(chain: Sequence[Volume]) -> list[list[Placed]]:
    """Return the volumes in their places, in groups of maps of the same extents, which touch each other."""
    sizes = {volume.name: _size(volume, chain) for volume in chain}
    middle = MARGIN + max(size.height + UP * size.depth for size in sizes.values()) / 2
    placed = []
    start = MARGIN
    for group in _groups(chain):
        widths = [_width(volume, sizes[volume.name], len(group)) for volume in group]
        _, height, depth = sizes[group[0].name]
        span = sum(widths) + ACROSS * depth
        slot = max(span, *(text_width(text, LETTERS) for text in _under(group)))
        left = start + (slot - span + ACROSS * depth) / 2
        row = []
        for number, (volume, width) in enumerate(zip(group, widths, strict=True), start=1):
            cuboid = Cuboid(left, width, height, depth, middle)
            row.append(Placed(volume, cuboid, covered=number < len(group)))
            left += width
        placed.append(row)
        start += slot + GAP
    return placed


def _groups(chain: Sequence[Volume]) -> Iterator[list[Volume]]:
    group: list[Volume] = []
    for volume in chain:
        if group and not _touch(group[-1], volume):
            yield group
            group = []
        group.append(volume)
    yield group


def _touch(volume: Volume, after: Volume) -> bool:
    return volume.kind != "input" and not volume.is_vector and volume.shape[1:] == after.shape[1:]


def _size(volume: Volume, chain: Sequence[Volume]) -> Size:
    """Return the size of a volume beside the largest of its chain, by square roots."""
    if volume.is_vector:
        longest = max(other.shape[0] for other in chain if other.is_vector)
        return Size(BAR, max(THINNEST, HEIGHT * sqrt(volume.shape[0] / longest)), BAR)
    maps = [other.shape for other in chain if not other.is_vector]
    largest = max(extent for shape in maps for extent in shape[1:][-2:])
    tall, *deep = (HEIGHT * sqrt(extent / largest) for extent in volume.shape[1:][-2:])
    widest = min(WIDTH, max(LEAST, ALL / len(maps)))
    width = widest * sqrt(volume.shape[0] / max(shape[0] for shape in maps))
    return Size(max(THINNEST, width), tall, deep[0] if deep else FLAT)


def _width(volume: Volume, size: Size, together: int) -> float:
    """Return how wide a volume is drawn, which has room for what stands under it between those of others."""
    if together == 1:
        return size.width
    words = [text_width(word, LETTERS) for word in volume.label.split()]
    short = [width for width in words if width <= LEAST]
    return max(size.width, text_width(str(volume.shape[0]), LETTERS) + 2, *short)


def _under(group: Sequence[Volume]) -> Iterator[str]:
    """Yield what stands under a group and is not broken."""
    yield extent_text(group[0].shape[1:])
    if len(group) == 1:
        yield str(group[0].shape[0])
        yield from group[0].label.split()
