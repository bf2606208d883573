"""Receptive fields: how much of the input each layer's output sees, along each axis."""

from __future__ import annotations

from archscape.spaces import Graph
from archscape.spaces.graph import Op, Shape


def receptive_fields(graph: Graph) -> dict[str, Shape]:
    """Return the receptive field of every operator of a network, in input elements per spatial axis, by name.

    r = r + (k - 1) j and j = j s for kernel extent k, stride s and jump j; a join sees the largest of its inputs.
    The field is not cut at the border of the input (Araujo et al. 2019, "Computing receptive fields").

    >>> from archscape.spaces import load_network
    >>> receptive_fields(load_network("vgg16").graph)["maxpool5"]
    (212, 212)
    """
    flat = graph.flatten()
    rank = len(flat.input) - 1
    sizes: list[Shape] = [(1,) * rank]
    jumps: list[Shape] = [(1,) * rank]
    fields = {}
    for node in flat.nodes:
        assert isinstance(node.op, Op)
        size = tuple(map(max, *(sizes[i] for i in node.inputs))) if len(node.inputs) > 1 else sizes[node.inputs[0]]
        jump = tuple(map(max, *(jumps[i] for i in node.inputs))) if len(node.inputs) > 1 else jumps[node.inputs[0]]
        kernel, stride = node.op.field(flat.shapes(node))
        if kernel:
            size = tuple([r + (k - 1) * j for r, k, j in zip(size, kernel, jump, strict=True)])
            jump = tuple([j * s for j, s in zip(jump, stride, strict=True)])
        sizes.append(size)
        jumps.append(jump)
        fields[node.name] = size
    return fields
