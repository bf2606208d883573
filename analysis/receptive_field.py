"""Receptive fields: how much of the input each layer's output sees, along each axis."""

from __future__ import annotations

from collections.abc import Iterable

from archscape.spaces import Graph
from archscape.spaces.graph import Op, Shape


def receptive_fields(graph: Graph) -> dict[str, Shape]:
    """Return the receptive field of every operator of a network, in input elements per spatial axis, by name.

    r = r + (k - 1) j and j = j s for kernel extent k, stride s and jump j; a join sees the largest of its
    inputs (Araujo et al. 2019, "Computing receptive fields"). No field is cut at the border of the input.

    >>> from archscape.spaces import load_network
    >>> receptive_fields(load_network("vgg16").graph)["maxpool5"]
    (212, 212)
    """
    flat = graph.flatten()
    one = (1,) * (len(flat.input) - 1)
    sizes, jumps = [one], [one]
    fields = {}
    for node in flat.nodes:
        assert isinstance(node.op, Op)
        size = _largest(sizes[value] for value in node.inputs)
        jump = _largest(jumps[value] for value in node.inputs)
        kernel, stride = node.op.field(flat.shapes(node))
        if kernel:  # a flat vector has no axis to look along
            size = tuple([r + (k - 1) * j for r, k, j in zip(size, kernel, jump, strict=True)])
            jump = tuple([j * s for j, s in zip(jump, stride, strict=True)])
        sizes.append(size)
        jumps.append(jump)
        fields[node.name] = size
    return fields


def _largest(shapes: Iterable[Shape]) -> Shape:
    """Return the largest extent along each axis."""
    return tuple([max(axis) for axis in zip(*shapes, strict=True)])
