"""Rendering: each 8x8 original drawn at a random scale, angle and place, among pieces of other digits.

The drawing repeats bit for bit on every machine and NumPy version: all randomness comes from the raw stream
of PCG64, whose values NumPy guarantees, and cosines, the only operation a processor may round its own way,
are rounded to 16 bits before use.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..random_bits import Bytes, Doubles, Floats, grain, normal, uniform
from .originals import Integers

SIDE = 16  # pixels of a rendered image
PIECES = 2  # fragments of other digits in each image
PIECE_SIDE = 6  # pixels of a fragment
PIECE_INK = 0.5  # brightness of a fragment beside the digit's own
SCALES = (1.3, 1.7)  # rendered pixels per original pixel
ANGLE = 0.2  # largest rotation, radians
SLACK = 0.5  # pixels a digit may reach beyond the edge
NOISE = 0.05  # standard deviation of the noise, in units of full ink

_CHUNK = 512  # images drawn at once: their coordinates stay in the processor's cache
_BORDER = 1  # empty pixels around an original, so that sampling needs no test at its edge
_DRAWS = 5  # random numbers of a digit
_PIECE_DRAWS = 7  # random numbers of a fragment


@dataclass(frozen=True, kw_only=True, eq=False)
class Rendered:
    """Renderings, and what was drawn.

    Attributes:
        images: (n, 16, 16) with grey levels from 0 to 255.
        ink: Of each digit by itself, (n, 16, 16), from 0 to 1: without fragments, noise and contrast.
        centres: Row and column of each digit's centre in its image, (n, 2), in pixels.
    """

    images: Bytes
    ink: Floats
    centres: Doubles


def render(digits: Bytes, *, copies: int, seed: int) -> Rendered:
    """Draw `copies` renderings of each original, one original after the other.

    Args:
        digits: Images (n, 8, 8) with ink from 0 to 16; the fragments, too, are cut from these alone.
        copies: Renderings of each original.
        seed: Of the drawing; the same seed gives the same bytes.
    """
    bordered = np.pad(digits, ((0, 0), (_BORDER, _BORDER), (_BORDER, _BORDER)))
    inked = bordered.astype(np.float32) / np.float32(16)
    count = len(digits) * copies
    draws = uniform(seed, (count, _DRAWS + PIECES * _PIECE_DRAWS))
    shape = (count, SIDE, SIDE)
    noise = grain(seed + 1, shape)
    rendered = Rendered(
        images=np.empty(shape, np.uint8), ink=np.empty(shape, np.float32), centres=np.empty((count, 2))
    )
    for start in range(0, count, _CHUNK):
        part = slice(start, min(start + _CHUNK, count))
        which = np.arange(part.start, part.stop) // copies
        rendered.ink[part], rendered.centres[part] = _draw_digits(inked, which, draws[part])
        rendered.images[part] = _clutter(rendered.ink[part], inked, draws[part], noise[part])
    return rendered


def _draw_digits(inked: Floats, which: Integers, draws: Doubles) -> tuple[Floats, Doubles]:
    """Return the ink of the digits `which`, and where their centres lie."""
    low, high = SCALES
    scale = low + (high - low) * draws[:, 0]
    angle = ANGLE * (2 * draws[:, 1] - 1)
    room = np.maximum(0, SIDE / 2 - 4 * scale) + SLACK
    centre = (SIDE - 1) / 2 + (2 * draws[:, 2:4] - 1) * room[:, None]
    return _sample(inked, which, angle, scale, centre, np.full_like(centre, 3.5), SIDE), centre


def _clutter(ink: Floats, inked: Floats, draws: Doubles, noise: Bytes) -> Bytes:
    """Lay the fragments over the ink of the digits, then vary the contrast and add the noise."""
    canvas = ink.copy()
    for piece in range(PIECES):
        first = _DRAWS + piece * _PIECE_DRAWS
        _lay_fragment(canvas, inked, draws[:, first : first + _PIECE_DRAWS])
    contrast = (0.5 + 0.5 * draws[:, 4]).astype(np.float32)[:, None, None]
    grey = np.rint((canvas * contrast + normal(noise) * np.float32(NOISE)) * 200 + 30)
    image: Bytes = np.clip(grey, 0, 255).astype(np.uint8)
    return image


def _lay_fragment(canvas: Floats, inked: Floats, draws: Doubles) -> None:
    """Lay a turned fragment of some digit over each image of the canvas, keeping the darker ink."""
    count = len(canvas)
    other = (draws[:, 0] * len(inked)).astype(np.int64)
    middle = np.full((count, 2), (PIECE_SIDE - 1) / 2)
    angle, scale, source = draws[:, 1] * 2 * np.pi, 1.2 + 0.5 * draws[:, 2], 1.5 + 4 * draws[:, 3:5]
    ink = _sample(inked, other, angle, scale, middle, source, PIECE_SIDE) * np.float32(PIECE_INK)
    corner = (draws[:, 5:7] * (SIDE - PIECE_SIDE + 1)).astype(np.int64)
    across = np.arange(PIECE_SIDE)
    image = np.arange(count)[:, None, None]
    row = corner[:, 0, None, None] + across[None, :, None]
    column = corner[:, 1, None, None] + across[None, None, :]
    canvas[image, row, column] = np.maximum(canvas[image, row, column], ink)


def _sample(
    inked: Floats,
    which: Integers,
    angle: Doubles,
    scale: Doubles,
    centre: Doubles,
    source: Doubles,
    side: int,
) -> Floats:
    """Return (n, side, side) images of turned and scaled originals, by bilinear interpolation.

    Args:
        inked: Originals with their border, (m, 10, 10).
        which: Original of each image, (n,).
        angle: Radians, (n,).
        scale: Rendered pixels per original pixel, (n,).
        centre: Row and column in the image, (n, 2), where the point `source` of the original comes to lie.
        source: Row and column in the original without its border, (n, 2).
        side: Pixels of a rendered image.
    """
    width = inked.shape[-1]
    cos, sin = (_rounded(turn(angle) / scale)[:, None, None] for turn in (np.cos, np.sin))
    to_y, to_x = _columns(centre)
    from_y, from_x = _columns(source + _BORDER)
    grid = np.arange(side, dtype=np.float32)
    y, x = grid[None, :, None] - to_y, grid[None, None, :] - to_x
    last = np.float32(width - 1 - 2**-8)
    row = np.clip(cos * y - sin * x + from_y, 0, last)
    column = np.clip(sin * y + cos * x + from_x, 0, last)
    top, left = row.astype(np.int32), column.astype(np.int32)
    row -= top
    column -= left
    at = top * width + left + (which * width * width).astype(np.int32)[:, None, None]
    ink = inked.ravel()
    above = ink[at] * (1 - column) + ink[at + 1] * column
    below = ink[at + width] * (1 - column) + ink[at + width + 1] * column
    image: Floats = above * (1 - row) + below * row
    return image


def _columns(points: Doubles) -> tuple[Floats, Floats]:
    """Return the two columns of (n, 2) points as (n, 1, 1) each."""
    first, second = points.astype(np.float32).T[:, :, None, None]
    return first, second


def _rounded(values: Doubles) -> Floats:
    return (np.rint(values * 65536) / 65536).astype(np.float32)
