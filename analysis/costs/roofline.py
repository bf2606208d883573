"""What each layer of a network moves and computes: the two axes of a roofline (Williams et al. 2009).

A layer moves what it cannot do without: it reads its maps and its weights once and writes its output once,
whatever a cache keeps. A view moves nothing. Multiply-accumulates for each byte are its intensity: a device
that computes R of them while it moves a byte is bound by its memory below R, and by its arithmetic above.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple, cast

from archscape.spaces import Network
from archscape.spaces.graph import Op, Shape

from .memory import check


class Traffic(NamedTuple):
    """What a layer moves and computes.

    Attributes:
        name: Full name.
        bytes_moved: Bytes of the maps, parameters and buffers that it reads, and of the map that it writes.
        macs: Multiply-accumulates.
    """

    name: str
    bytes_moved: int
    macs: int

    @property
    def macs_per_byte(self) -> float | None:
        """The intensity; None of a layer that moves nothing."""
        return self.macs / self.bytes_moved if self.bytes_moved else None


def traffic(network: Network, *, batch: int = 1, dtype: str = "float32") -> list[Traffic]:
    """Return what each layer moves and computes, in order. Nothing is built; no torch is needed.

    Args:
        network: The network.
        batch: Inputs at once.
        dtype: The type of weights and maps, as `memory` names it.

    Raises:
        InputError: For an unknown type, or a batch below 1.

    >>> from archscape.spaces import load_network
    >>> first = traffic(load_network("lenet5"))[0]
    >>> first.bytes_moved == 4 * (1 * 32 * 32 + 6 * 25 + 6 + 6 * 28 * 28), round(first.macs_per_byte, 2)
    (True, 5.0)
    """
    item, flat = check(batch, dtype), network.graph.flatten()
    return [
        _layer(node.name, cast("Op", node.op), flat.shapes(node), node.shape, batch, item)
        for node in flat.nodes
    ]


def _layer(name: str, op: Op, inputs: tuple[Shape, ...], output: Shape, batch: int, item: int) -> Traffic:
    costs = op.costs(inputs, output)
    if op.memory(inputs, output, False).view:
        return Traffic(name, 0, batch * costs.macs)
    state = item * costs.params + op.buffers().bytes(1, item)
    maps = sum(map(prod, inputs)) + prod(output)
    return Traffic(name, batch * item * maps + state, batch * costs.macs)
