"""Receptive field by depth: what is seen after so many convolutions in a row."""

from __future__ import annotations

from typing import NamedTuple

from archscape.spaces import Network
from archscape.spaces.graph import Op, Shape

from . import receptive_fields


class FieldAtDepth(NamedTuple):
    """What the layers of one depth see.

    Attributes:
        depth: Convolutions and linear layers on the longest way to it.
        layer: The layer of that depth that sees most; the last of several.
        field: Its receptive field.
    """

    depth: int
    layer: str
    field: Shape


def field_growth(network: Network) -> list[FieldAtDepth]:
    """Return the largest receptive field at every depth, as long as a layer writes more than one place.

    >>> from archscape.spaces import load_network
    >>> [sight.field[0] for sight in field_growth(load_network("vgg16"))][:5]
    [3, 6, 10, 16, 24]
    """
    flat, fields = network.graph.flatten(), receptive_fields(network.graph)
    depths = [0]
    deepest: dict[int, FieldAtDepth] = {}
    for node in flat.nodes:
        assert isinstance(node.op, Op)
        depth = max([depths[value] for value in node.inputs]) + node.op.weighted
        depths.append(depth)
        if depth and max(node.shape[1:], default=1) > 1:
            seen = FieldAtDepth(depth, node.name, fields[node.name])
            if depth not in deepest or max(seen.field) >= max(deepest[depth].field):
                deepest[depth] = seen
    return [deepest[depth] for depth in sorted(deepest)]
