"""The chain of maps and vectors that a figure of volumes shows."""

from __future__ import annotations

from dataclasses import dataclass

from archscape.spaces import Network
from archscape.spaces.errors import InputError
from archscape.spaces.graph import Flat, Node, Op, Shape

from ..labels import label_of

SHOWN = ("conv", "depthwise", "linear", "pool", "resize")
"""Kinds of operators whose output is a volume even if it has the shape of their input."""


@dataclass(frozen=True, kw_only=True)
class Volume:
    """A map, or a vector.

    Attributes:
        kind: Of the operator that computes it.
        label: What that operator is, such as `5×5 conv /2`.
        name: Of its layer.
        shape: Channels, then extents.
        window: Which share of the map before it one of its elements sees along each axis; empty for all.
    """

    kind: str
    label: str
    name: str
    shape: Shape
    window: tuple[float, ...] = ()

    @property
    def is_vector(self) -> bool:
        """Whether it has no extent: it is drawn as a bar."""
        return set(self.shape[1:]) <= {1}


def chain_of(network: Network) -> list[Volume]:
    """Return the input of a network and what its layers make of it, one after the other.

    What changes no shape, such as norms and activations, belongs to the layer before.

    Raises:
        InputError: If it branches, or reads several inputs.
    """
    flat = network.graph.flatten()
    _check_chain(network, flat)
    (name,) = network.inputs
    volumes = [Volume(kind="input", label=name, name=name, shape=flat.inputs[0])]
    for node in flat.nodes:
        assert isinstance(node.op, Op)
        label = label_of(node.op)
        before = volumes[-1].shape
        if label.kind in SHOWN or (len(node.shape) > 1 and node.shape != before):
            volumes.append(
                Volume(
                    kind=label.kind,
                    label=label.text.replace(f", {node.shape[0]}", "", 1).replace(",", ""),
                    name=node.name,
                    shape=node.shape,
                    window=_window(node, before),
                )
            )
    return volumes


def _check_chain(network: Network, flat: Flat) -> None:
    law = "volumes stand one after the other, each made of the one before"
    remedy = "draw it with `--style boxes`"
    if len(flat.inputs) > 1:
        raise InputError(f"{law}, but {network.name} reads {network.input_text}; {remedy}")
    for value, node in enumerate(flat.nodes):
        if node.inputs != (value,):
            raise InputError(f"{law}, but {network.name} branches before {node.name}; {remedy}")


def _window(node: Node, before: Shape) -> tuple[float, ...]:
    """Return which share of the map before it an element of a node sees along each axis."""
    assert isinstance(node.op, Op)
    if node.op.whole or {*before[1:]} <= {1} or {*node.shape[1:]} <= {1}:
        return ()
    seen, _ = node.op.field((before,))
    return tuple(min(1.0, float(size / extent)) for size, extent in zip(seen, before[1:], strict=True))
