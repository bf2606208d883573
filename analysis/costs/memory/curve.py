"""Memory over the graph: what is held while each operator runs, and where that is most."""

from __future__ import annotations

from typing import NamedTuple

from archscape.spaces import InputError, Network
from archscape.spaces.errors import suggest

from . import MODES, check, graph_curve
from .eager import eager_curve

INPUT = "input"
"""The place before the first operator: the input alone is held."""


class Moment(NamedTuple):
    """What is held while an operator runs.

    Attributes:
        place: The operator's full name, or `INPUT`.
        bytes: Maps, and what the operator holds beside them; weights are not among it.
    """

    place: str
    bytes: int


def memory_curve(
    network: Network, *, batch: int = 1, dtype: str = "float32", mode: str = "graph"
) -> list[Moment]:
    """Return the bytes held at inference while each operator runs, in order; its most is `memory`'s peak.

    Args:
        network: The network.
        batch: Inputs at once.
        dtype: A name of `memory.ITEM`, the type of maps.
        mode: A name of `memory.MODES`.

    Raises:
        InputError: For an unknown type or mode, or a batch below 1.

    >>> from archscape.spaces import load_network
    >>> max(memory_curve(load_network("vgg16")), key=lambda moment: moment.bytes)
    Moment(place='conv1.0.act1', bytes=25690112)
    """
    item = check(batch, dtype)
    if mode not in MODES:
        raise InputError(f"there is no mode '{mode}'{suggest(mode, MODES)}")
    flat = network.graph.flatten()
    held = graph_curve(flat, batch, item) if mode == "graph" else eager_curve(network, batch, item)
    places = [INPUT, *[node.name for node in flat.nodes]]
    return [Moment(place, count) for place, count in zip(places, held, strict=True)]
