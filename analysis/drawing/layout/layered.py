"""Layered: a diagram with branches becomes one part."""

from __future__ import annotations

from collections.abc import Sequence

from ..diagram import Diagram
from .axes import set_axes
from .layers import in_layers
from .order import order
from .part import Part, Placed
from .route import route


def layered(diagram: Diagram, parts: Sequence[Part], *, head: float = 0, foot: float = 0) -> Part:
    """Return a diagram as one part, made of the parts of its blocks, with some room above and below."""
    layers = in_layers(diagram, parts)
    order(layers)
    width = set_axes(layers)
    nodes = [node for row in layers.rows for node in row]
    names = {node: diagram.blocks[node.value - diagram.inputs].name for node in nodes if node.part}
    routes = route(layers, names, head=head, foot=foot)
    children = [
        Placed(
            node.x - node.left,
            routes.tops[node.layer] + (routes.heights[node.layer] - node.part.height) / 2,
            node.part,
        )
        for node in nodes
        if node.part
    ]
    lines = sorted(routes.lines, key=lambda line: line.kind == "skip")
    return Part(
        width=width,
        height=routes.tops[-1] + routes.heights[-1],
        entries=tuple([node.x for node in layers.inputs]),
        exits=tuple([node.x for node in layers.outputs]),
        solid=False,
        open=True,
        shapes=tuple(lines),
        children=tuple(children),
    )
