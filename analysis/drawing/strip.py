"""Strips: a network in a line of text, a bar a layer, for tables that show many of them.

The height of a bar is the extent of the map that the layer writes, its length the channels, each by its
square root beside the largest of the network; its colour is its kind. Skips are not shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from typing import NamedTuple
from urllib.parse import quote

from archscape.spaces import Network
from archscape.spaces.graph import Op

from .labels import label_of
from .style import KINDS
from .svg import number

LEGEND = (
    "A bar a layer: its height is the extent of the map, its length the channels, each by its square root"
)
"""What a strip shows, for those who see one for the first time."""
SHOWN = ("conv", "depthwise", "linear", "pool", "resize", "attention")
WIDTH, HEIGHT = 120.0, 20.0
LEAST = 3.0
"""The height of a vector, and the least of a map."""
GAP = 0.5
LONGEST = 12.0
"""The length of the widest layer, where there is room."""
SAFE = " !$&'()*+,-./:;=?@[]_~"
"""What may stand in a data URI and in an attribute as it is."""


class Bar(NamedTuple):
    """A layer: its kind, and its length and height in points."""

    kind: str
    length: float
    height: float


def bars(network: Network) -> list[Bar]:
    """Return the layers of a network that multiply, pool or resize."""
    flat = network.graph.flatten()
    layers = []
    for node in flat.nodes:
        assert isinstance(node.op, Op)
        if (kind := label_of(node.op).kind) in SHOWN:
            layers.append((kind, node.shape))
    extents = [shape[1] for _, shape in layers if len(shape) > 1]
    largest = max([*(shape[1] for shape in flat.inputs if len(shape) > 1), *extents, 1])
    widest = max((shape[0] for _, shape in layers), default=1)
    lengths = [LONGEST * sqrt(shape[0] / widest) for _, shape in layers]
    room = WIDTH - GAP * len(layers)
    scale = min(1.0, max(room, WIDTH / 2) / sum(lengths)) if lengths else 1.0
    heights = [HEIGHT * sqrt(shape[1] / largest) if len(shape) > 1 else LEAST for _, shape in layers]
    return [
        Bar(kind, max(0.3, scale * length), max(LEAST, height))
        for (kind, _), length, height in zip(layers, lengths, heights, strict=True)
    ]


def to_strip(network: Network) -> str:
    """Return a network as a small SVG, whose colours are seen on light and on dark pages."""
    layers = bars(network)
    gap = min(GAP, max(0.0, WIDTH - sum(bar.length for bar in layers)) / max(len(layers), 1))
    paths: dict[str, list[str]] = {}
    left = 0.0
    for kind, length, height in layers:
        top, right = number((HEIGHT - height) / 2), _fine(left + length)
        paths.setdefault(kind, []).append(f"M{_fine(left)},{top}H{right}v{number(height)}H{_fine(left)}z")
        left += length + gap
    return "".join(_svg(paths))


def picture(svg: str) -> str:
    """Return an SVG as an address that an image of a page shows: nothing is asked for, nothing of it runs."""
    return f"data:image/svg+xml,{quote(svg.replace(chr(34), chr(39)), safe=SAFE)}"


def _svg(paths: dict[str, list[str]]) -> Iterator[str]:
    size = f"{WIDTH:g} {HEIGHT:g}"
    yield f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {size}'>"
    for kind, steps in paths.items():
        fill = KINDS[kind].fill
        assert fill is not None
        yield f"<path fill='{fill.light}' d='{''.join(steps)}'/>"
    yield "</svg>"


def _fine(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
