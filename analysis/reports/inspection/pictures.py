"""Samples, maps and filters as pictures, described once for page and paper: pixels, or lines of one axis.

Three channels are red, green and blue, others are shown by their mean; of three axes of space the middle
slice is shown. What has one axis becomes lines, one below the other.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from archscape.analysis.inspection.look import Box, Floats, Map, Sample
from archscape.analysis.landscape.first_layer import contact_sheet, side_by_side

from ..figures.paper import PALETTE

Pixels = NDArray[np.uint8]

SIDE = 96
"""Pixels along the longer side of a sample, at least about so many."""
SMALL = 40
"""Likewise of a map or a kernel in a sheet."""
MOST_LINES = 16
"""Lines of a picture: of more channels the first ones."""
MOST_MAPS = 32
"""Maps of a layer that are shown."""
MOST_CHANNELS = 16
"""Channels of a filter that are shown."""
NOTHING, IGNORED = "#d3d8de", "#ffffff"
"""Colours of class 0 and of what counts for nothing in a mask."""
COLOURS = "cividis"


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """Something to look at.

    Attributes:
        about: What it shows, for those who do not see it.
        pixels: (height, width, 3 or 4); None for lines.
        lines: (lines, points), each from 0 to 1.
        boxes: In units of `size`, by `is` and `given`.
        size: Height and width that boxes are measured in.
    """

    about: str
    pixels: Pixels | None = None
    lines: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    boxes: Mapping[str, Box] = field(default_factory=dict)
    size: tuple[int, int] = (1, 1)

    @property
    def address(self) -> str:
        """The address of a PNG that the page holds."""
        from matplotlib.image import imsave

        assert self.pixels is not None
        buffer = BytesIO()
        imsave(buffer, self.pixels, format="png")
        return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"

    @property
    def polylines(self) -> list[str]:
        """Points of each line in a box 100 wide and 20 high a line, the first on top."""
        across = np.linspace(0, 100, max(self.lines.shape[1], 2))[: self.lines.shape[1]]
        return [
            " ".join(f"{x:.4g},{20 * (at + 1) - 2 - 16 * y:.4g}" for x, y in zip(across, line, strict=True))
            for at, line in enumerate(self.lines)
        ]


def of_sample(sample: Sample, ends: tuple[float, float]) -> Picture:
    """Return a sample with its boxes; `ends` are the numbers that are dark and light."""
    picture = _of_numbers(sample.x, ends, f"sample {sample.index}")
    return replace(picture, boxes=sample.boxes, size=sample.x.shape[-2:]) if sample.boxes else picture


def of_map(shown: Map, ends: tuple[float, float]) -> Picture:
    """Return what stands beside a sample."""
    if shown.kind == "numbers":
        return _of_numbers(shown.values, ends, shown.name)
    values = shown.values
    if values.ndim == 1:
        return Picture(about=shown.name, lines=_between(values[None], (0.0, max(float(values.max()), 1.0))))
    plane = values[len(values) // 2] if values.ndim == 3 else values
    families = [PALETTE[name] for name in PALETTE if name.startswith("family")]
    colours = np.array([_rgb(NOTHING), *map(_rgb, families), _rgb(IGNORED)])
    known = np.where(plane == 255, len(colours) - 1, np.where(plane > 0, (plane - 1) % len(families) + 1, 0))
    return Picture(about=shown.name, pixels=_enlarged(colours[known.astype(int)], SIDE))


def of_maps(maps: Floats, about: str) -> Picture:
    """Return a layer's maps for one sample, (channels, *spatial), each from its least to its greatest."""
    shown = maps[:MOST_MAPS]
    if shown.ndim == 2:
        return Picture(about=about, lines=_each(shown[:MOST_LINES]))
    planes = shown[:, shown.shape[1] // 2] if shown.ndim == 4 else shown
    from matplotlib import colormaps

    tiles = (255 * colormaps[COLOURS](_each(planes))).astype(np.uint8)
    return Picture(about=about, pixels=side_by_side(_enlarged_all(tiles)))


def of_filters(weights: Floats, about: str) -> Picture:
    """Return the filters of a layer, (filters, channels, *kernel): zero is mid-grey.

    Of one channel or three each is a tile; of others a row of tiles, one a channel; of kernels of one element
    all together are one matrix.
    """
    if weights.ndim == 3:
        rows = weights.reshape(-1, weights.shape[-1]) if weights.shape[-1] > 1 else weights[..., 0]
        return Picture(about=about, lines=0.5 + 0.5 * _signed(rows[:MOST_LINES]))
    if weights.shape[1] in (1, 3) and np.prod(weights.shape[2:]) > 1:
        return Picture(about=about, pixels=contact_sheet(weights))
    if weights.ndim == 5:
        weights = weights[:, :, weights.shape[2] // 2]
    shown = _signed(weights[:, :MOST_CHANNELS])
    if np.prod(weights.shape[2:]) == 1:
        return Picture(about=about, pixels=_enlarged(_grey(0.5 + 0.5 * shown[:, :, 0, 0]), SIDE))
    tiles = _opaque(_grey(0.5 + 0.5 * shown.reshape(-1, *shown.shape[2:])))
    return Picture(about=about, pixels=side_by_side(_enlarged_all(tiles, 24), across=shown.shape[1]))


def of_preferred(x: Floats, about: str) -> Picture:
    """Return a preferred input (C, *spatial), cut to what the unit sees: grey is the mean of the samples."""
    places = np.argwhere(x.any(0))
    if len(places):
        x = x[(slice(None), *map(slice, places.min(0), places.max(0) + 1))]
    largest = float(np.abs(x).max()) or 1.0
    return _of_numbers(x, (-largest, largest), about)


def _of_numbers(values: Floats, ends: tuple[float, float], about: str) -> Picture:
    """Return numbers (C, *spatial) as a picture."""
    bright = _between(values, ends)
    if values.ndim == 2:
        return Picture(about=about, lines=bright[:MOST_LINES])
    planes = bright[:, bright.shape[1] // 2] if values.ndim == 4 else bright
    if len(planes) == 3:
        return Picture(about=about, pixels=_enlarged(_bytes(np.moveaxis(planes, 0, 2)), SIDE))
    return Picture(about=about, pixels=_enlarged(_grey(planes.mean(0)), SIDE))


def _between(values: Floats, ends: tuple[float, float]) -> Floats:
    low, high = ends
    shares: Floats = np.clip(np.nan_to_num((values - low) / ((high - low) or 1.0)), 0, 1)
    return shares


def _each(maps: Floats) -> Floats:
    """Return maps with each from 0 to 1; a flat one is in the middle."""
    axes = tuple(range(1, maps.ndim))
    low, high = maps.min(axes, keepdims=True), maps.max(axes, keepdims=True)
    shares: Floats = np.divide(maps - low, high - low, out=np.full_like(maps, 0.5), where=high > low)
    return shares


def _signed(weights: Floats) -> Floats:
    """Return filters with each between -1 and 1 by its largest weight."""
    largest = np.abs(weights).max(axis=tuple(range(1, weights.ndim)), keepdims=True)
    shares: Floats = np.divide(weights, largest, out=np.zeros_like(weights), where=largest > 0)
    return shares


def _bytes(shares: Floats) -> Pixels:
    return (255 * shares + 0.5).astype(np.uint8)


def _grey(shares: Floats) -> Pixels:
    return np.repeat(_bytes(shares)[..., None], 3, axis=-1)


def _opaque(tiles: Pixels) -> Pixels:
    return np.concatenate([tiles, np.full((*tiles.shape[:-1], 1), 255, np.uint8)], axis=-1)


def _enlarged(pixels: NDArray[np.generic], side: int) -> Pixels:
    """Return an image with each pixel as a square of several."""
    times = max(1, side // max(pixels.shape[:2]))
    return pixels.astype(np.uint8).repeat(times, axis=0).repeat(times, axis=1)


def _enlarged_all(tiles: Pixels, side: int = SMALL) -> Pixels:
    times = max(1, side // max(tiles.shape[1:3]))
    return tiles.repeat(times, axis=1).repeat(times, axis=2)


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour.removeprefix("#")))


def captions(sample: Sample) -> Sequence[str]:
    """Return what is said below a sample, line by line."""
    told = f"is {sample.label}, given {sample.given}" if sample.label else sample.given
    return [line for line in (told, f"loss {sample.loss:.3g}") if line]
