"""Drawing: the figure of a network, from the graph alone."""

from __future__ import annotations

from archscape.spaces import Network

from .blocks import diagram_of
from .geometry import Drawing
from .layout.figure import lay_out


def draw(network: Network, *, layers: bool = False) -> Drawing:
    """Return the figure of a network.

    Args:
        network: Nothing of it is built.
        layers: Whether every operator is a box of its own.

    >>> from archscape.spaces import load_network
    >>> draw(load_network("lenet5")).title
    'lenet5'
    """
    return lay_out(diagram_of(network, layers=layers), title=network.name)
