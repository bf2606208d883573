"""What training did: the filters of the first convolution before and after, and how far each layer moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .surface import Floats

if TYPE_CHECKING:
    from torch import Tensor

RULE = "each filter by itself: zero is mid-grey, its largest weight black or white"
"""How weights become brightness."""
SIDE, GAP = 48, 6
"""Pixels along the longer side of a filter, at least about so many, and between filters."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """How far the weights of a layer moved, as Euclidean lengths.

    Attributes:
        before: Length of the weights w0 as they started.
        after: Length of the trained weights w.
        moved: Length of w - w0.
    """

    layer: str
    shape: tuple[int, ...]
    before: float
    after: float
    moved: float

    @property
    def relative(self) -> float:
        """The length of w - w0 over that of w0; NaN where all started at zero."""
        return self.moved / self.before if self.before else float("nan")


@dataclass(frozen=True, kw_only=True, eq=False)
class Filters:
    """The filters of a network's first convolution.

    Attributes:
        before: As they started, (filters, channels, *kernel).
        after: As they were trained.
    """

    layer: str
    before: Floats
    after: Floats


def changes(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> list[Change]:
    """Return how far each layer's weights moved: parameters of two axes or more, in the order of `before`."""
    return [
        Change(
            layer=name.removesuffix(".weight"),
            shape=tuple(weight.shape),
            before=float(weight.double().norm()),
            after=float(after[name].double().norm()),
            moved=float((after[name].double() - weight.double()).norm()),
        )
        for name, weight in before.items()
        if weight.ndim > 1
    ]


def first_filters(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> Filters | None:
    """Return the filters of the first convolution of `before`, if an image can show them: 1 or 3 channels."""
    name = next((name for name, weight in before.items() if weight.ndim > 2), None)
    if name is None or before[name].shape[1] not in (1, 3):
        return None
    start, end = (state[name].double().numpy() for state in (before, after))
    return Filters(layer=name.removesuffix(".weight"), before=start, after=end)


def contact_sheet(filters: Floats) -> NDArray[np.uint8]:
    """Return filters side by side as one image (height, width, 4), transparent between them.

    Three channels are red, green and blue, one is grey; brightness is by `RULE`. A kernel of one axis is a
    line, and one of three is shown as its slices from left to right.

    Args:
        filters: (filters, channels, *kernel), 1 or 3 channels.
    """
    number, channels, *kernel = filters.shape
    slices = np.moveaxis(filters.reshape(number, channels, -1, *([1, *kernel][-2:])), 2, 3)
    tiles = slices.reshape(number, channels, slices.shape[2], -1)
    largest = np.abs(tiles).max(axis=(1, 2, 3), keepdims=True)
    bright = 0.5 + 0.5 * np.divide(tiles, largest, out=np.zeros_like(tiles), where=largest > 0)
    colours = np.broadcast_to(bright, (number, 3, *tiles.shape[2:]))
    opaque = np.concatenate([colours, np.ones((number, 1, *tiles.shape[2:]))], axis=1)
    pixels = (255 * np.moveaxis(opaque, 1, 3) + 0.5).astype(np.uint8)
    times = max(1, SIDE // max(tiles.shape[2:]))
    return side_by_side(pixels.repeat(times, axis=1).repeat(times, axis=2))


def side_by_side(tiles: NDArray[np.uint8], across: int = 0) -> NDArray[np.uint8]:
    """Return tiles (number, height, width, 4) as one image: so many in a row, or twice as wide as high."""
    number, height, width, _ = tiles.shape
    across = across or min(number, ceil(sqrt(2 * number * height / width)))
    down = ceil(number / across)
    sheet = np.zeros((down * (height + GAP) - GAP, across * (width + GAP) - GAP, 4), dtype=np.uint8)
    for index, tile in enumerate(tiles):
        top, left = index // across * (height + GAP), index % across * (width + GAP)
        sheet[top : top + height, left : left + width] = tile
    return sheet
