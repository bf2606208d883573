"""Sides: of the lines that lead to a join, one enters from above, the others from its sides."""

from __future__ import annotations

from collections.abc import Sequence

from .layers import Layers, Link, Node, is_around, source_of


def enter_from_the_sides(layers: Layers) -> None:
    """Give lines that enter blocks from the side lanes beside these; rows are in order already."""
    for above, row in zip(layers.rows, layers.rows[1:], strict=False):
        places = {node: place for place, node in enumerate(above)}
        for node in list(row):
            ups = sorted(node.ups, key=lambda link: (places[link.upper], link.start))
            straight = _from_above(node, ups)
            if straight is None:
                continue
            at = ups.index(straight[0]) if straight else 1
            for index, link in enumerate(ups):
                if link not in straight:
                    _turn(link, node, row, left=index < at)
            node.entries = (0.0,)
            for link in straight:
                link.entry = 0


def _from_above(node: Node, ups: Sequence[Link]) -> list[Link] | None:
    """Return which line enters from above, if the others enter from the sides: none if two do; else None."""
    part = node.part
    if part is None or not part.solid or not 2 <= len(ups) <= 3:
        return None
    around = [link for link in ups if is_around(link)]
    near = [link for link in ups if not link.upper.lane]
    sign = part.small and part.width == part.height
    if len(ups) == 3:
        return [ups[1]] if sign else None
    if len(around) == 1:
        return [link for link in ups if link not in around]
    if not sign:
        return near if len(near) == 1 else None
    sums = [link for link in ups if _is_sum(source_of(link))]
    return sums if len(sums) == 1 else near if len(near) == 1 else []


def _is_sum(node: Node) -> bool:
    return node.part is not None and node.part.small


def _turn(link: Link, node: Node, row: list[Node], *, left: bool) -> None:
    """Let a line end in a lane beside what it enters."""
    side = Node(node.layer, host=node, ups=[link])
    node.ups.remove(link)
    link.lower, link.entry = side, 0
    row.insert(row.index(node) + (0 if left else 1), side)
