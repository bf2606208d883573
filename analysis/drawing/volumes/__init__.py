"""Volumes: a network as boxes in perspective, one after the other, as LeNet, AlexNet and VGG are known.

The height and the depth of a box are the extents of a map, its width is that of the map: all by their square
roots, so that the smallest are seen beside the largest. Vectors are bars.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archscape.spaces import Network

from ..geometry import Drawing, Line, Shape
from ..layout.metrics import text_width
from .captions import captions
from .chain import chain_of
from .perspective import Cuboid
from .places import MARGIN, Placed, place

SCALE = (
    "Height and depth are the extents of a map, length is its channels, each by its square root; bars are "
    "vectors."
)


def draw_volumes(network: Network) -> Drawing:
    """Return the figure of a network.

    Raises:
        InputError: If it is no chain of layers.
    """
    chain = chain_of(network)
    groups = place(chain)
    texts = [*captions(groups)]
    shapes = [*_solids([each for group in groups for each in group]), *texts]
    low = max(text.y + (text_width(text.text, text.size) if text.turned else 0) for text in texts)
    return Drawing(
        width=max(each.cuboid.last for each in groups[-1]) + 2 * MARGIN,
        height=low + MARGIN,
        title=network.name,
        summary=f"{network.name} as {len(chain)} volumes, one after the other. {SCALE}",
        shapes=tuple(shapes),
    )


def _solids(placed: Sequence[Placed]) -> Iterator[Shape]:
    """Yield the volumes from the left to the right, and how each is seen by the next."""
    for here, after in zip(placed, [*placed[1:], None], strict=True):
        yield from here.cuboid.faces(here.volume.kind, here.volume.name, covered=here.covered)
        if after is None or here.covered:
            continue
        if not after.volume.window:
            yield from _fan(here.cuboid, after.cuboid)
        elif len(here.volume.shape) > 2:
            yield from _seen(here.cuboid, after.cuboid, after.volume.window[-2:])


def _seen(here: Cuboid, after: Cuboid, shares: Sequence[float]) -> Iterator[Shape]:
    """Yield a window of a kernel, and lines from it to what is computed there."""
    window, down = here.window(shares)
    yield window
    target = after.point(0, down, -0.5)
    for corner in (1, 3):
        yield Line(points=(window.points[corner], target), kind="ray", arrow=False)


def _fan(here: Cuboid, after: Cuboid) -> Iterator[Line]:
    """Yield lines from everything to everything: a fully connected layer."""
    for start in (-0.5, 0.5):
        for end in (-0.5, 0.5):
            points = here.point(1, start, 0.5), after.point(0, end, -0.5)
            yield Line(points=points, kind="ray", arrow=False)
