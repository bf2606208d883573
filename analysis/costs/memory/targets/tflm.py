"""TensorFlow Lite Micro: the arena that its planner makes for the maps, and what stands beside it."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from archscape.spaces import Network
from archscape.spaces.graph import Flat, Node
from archscape.spaces.operators import Activation, BatchNorm, Conv, Linear
from archscape.spaces.operators.opaque import Opaque

from .base import TargetMemory
from .greedy import Buffer, aligned, plan

ITEM = {"int8": 1, "float32": 4}
"""Bytes of an element of maps and weights."""


def tflm_memory(network: Network, dtype: str) -> TargetMemory:
    """Return what a network takes on TensorFlow Lite Micro."""
    flat, item = network.graph.flatten(), ITEM[dtype]
    owners = _owners(flat)
    buffers, places = _buffers(flat, owners, item)
    offsets = plan(buffers)
    ends = [offset + aligned(buffer.size) for offset, buffer in zip(offsets, buffers, strict=True)]
    live = [
        sum([aligned(buffer.size) for buffer in buffers if buffer.first <= time <= buffer.last])
        for time in range(len(places))
    ]
    return TargetMemory(
        network=network,
        target="tflm",
        dtype=dtype,
        arena=max(ends),
        persistent=1024 + 96 * (len(flat.nodes) + len(buffers)),
        flash=item * network.totals.params + 64 * len(flat.nodes),
        place=places[live.index(max(live))],
        unsupported=tuple([node.name for node in flat.nodes if type(node.op) is Opaque]),
    )


def _owners(flat: Flat) -> list[int]:
    """Return for each value the one in whose memory it lies: norms and activations are fused, views free."""
    owners = list(range(flat.start))
    for index, node in enumerate(flat.nodes):
        owners.append(owners[node.inputs[0]] if _is_fused(flat, node) else flat.start + index)
    return owners


def _is_fused(flat: Flat, node: Node) -> bool:
    """Tell whether an operator becomes a part of the one before it, or nothing at all."""
    source = node.inputs[0] - flat.start
    before = flat.nodes[source].op if source >= 0 else None
    if node.op.memory(flat.shapes(node), node.shape, False).view:  # type: ignore[union-attr]
        return True
    if isinstance(node.op, BatchNorm):
        return isinstance(before, Conv | Linear)
    return isinstance(node.op, Activation) and node.op.function in ("relu", "relu6") and before is not None


def _buffers(flat: Flat, owners: Sequence[int], item: int) -> tuple[list[Buffer], list[str]]:
    """Return the buffers of the maps, and the operator that runs at each time; at 0 there is none."""
    places, last, first = ["input"], dict.fromkeys(range(flat.start), 0), dict.fromkeys(range(flat.start), 0)
    for index, node in enumerate(flat.nodes):
        value = owners[flat.start + index]
        if value == flat.start + index:
            places.append(node.name)
            first[value] = last[value] = len(places) - 1
            for source in node.inputs:
                last[owners[source]] = len(places) - 1
    for value in flat.outputs:
        last[owners[value]] = len(places) - 1
    sizes = {value: item * prod(flat.shape_of(value)) for value in first}
    return [Buffer(sizes[value], first[value], last[value]) for value in first], places
