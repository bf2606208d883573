"""Layered: a diagram with branches becomes one part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..diagram import Block, Diagram
from .axes import set_axes
from .layers import Layers, in_layers
from .order import order
from .part import Mark, Part, Placed
from .route import route
from .sides import enter_from_the_sides


def layered(
    diagram: Diagram,
    make: Callable[[Block, float], Part],
    *,
    head: float = 0,
    foot: float = 0,
    in_order: bool = False,
) -> Part:
    """Return a diagram as one part.

    Args:
        diagram: Its blocks branch.
        make: Returns the part of a block, a box as wide as is said, or as its label needs if that is 0.
        head: Room above.
        foot: Room below.
        in_order: Whether its inputs come from left to right as they are numbered.
    """
    layers = in_layers(diagram, [make(block, 0) for block in diagram.blocks])
    if in_order:
        layers.rows[0].sort(key=lambda node: node not in layers.inputs)
        layers.rows[0][: diagram.inputs] = layers.inputs
    order(layers, first=int(in_order))
    enter_from_the_sides(layers)
    width = set_axes(layers)
    nodes = [node for row in layers.rows for node in row]
    for node in nodes:
        if node.part and node.left + node.right > node.part.width:
            node.part = make(diagram.blocks[node.value - diagram.inputs], node.left + node.right)
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
        extents=tuple(_marks(diagram, layers, children)),
        shapes=tuple(lines),
        children=tuple(children),
    )


def _marks(diagram: Diagram, layers: Layers, children: Sequence[Placed]) -> Iterator[Mark]:
    """Yield the extents of rows in which all maps have the same; those of what leads elsewhere are none."""
    ends = [source.value for source in diagram.outputs] or [diagram.inputs + len(diagram.blocks) - 1]
    main = diagram.needed(ends)
    by_row: dict[int, list[Mark]] = {}
    nodes = [node for row in layers.rows for node in row if node.part]
    for node, child in zip(nodes, children, strict=True):
        if node.value in main:
            marks = [Mark(child.y + y, text) for y, text in child.part.extents]
            by_row.setdefault(node.layer, []).extend(marks)
    for marks in by_row.values():
        if len({text for _, text in marks}) == 1:
            yield marks[0]
