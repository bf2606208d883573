"""Empirical receptive fields, by gradients: which inputs one element of a layer's output depends on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from archscape.spaces import Network
from archscape.spaces.errors import InputError
from archscape.spaces.graph import Shape
from archscape.spaces.values import shape_text

from .truncated import TruncatedNetwork, input_of


class Seen(NamedTuple):
    """The inputs that one element of a map depends on.

    Attributes:
        place: The element, by its position along each axis.
        inputs: For each position of the network's input, whether the element depends on it.
    """

    place: Shape
    inputs: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

    @property
    def ends(self) -> tuple[tuple[int, int], ...]:
        """First and last position along each axis."""
        return tuple((int(axis.min()), int(axis.max())) for axis in self.inputs.nonzero())

    @property
    def size(self) -> Shape:
        """Extent along each axis, what lies between included."""
        return tuple(high - low + 1 for low, high in self.ends)

    @property
    def inside(self) -> bool:
        """Whether the border of the input cuts nothing off: no position at the border is among them."""
        last = [extent - 1 for extent in self.inputs.shape]
        return all(low > 0 and high < end for (low, high), end in zip(self.ends, last, strict=True))


def empirical_field(
    network: Network, layer: str, *, place: Shape | None = None, of: str | None = None
) -> Seen:
    """Return the inputs with a gradient other than zero of one element of a layer, all channels together.

    The operators are run with positive weights, without activations and norms, with means in place of
    maxima and sums in place of products: no path is cut, and no two cancel. Gradients are in float64.

    Args:
        network: Any network; `network.at(input=...)` where its own input is smaller than the field.
        layer: Name of an operator whose output is a map.
        place: The element along each axis; the middle of the map by default.
        of: Which of several inputs; by default the first that the layer sees.

    Raises:
        InputError: If there is no such layer or input, or the place is not on its map.

    >>> from archscape.spaces import load_network
    >>> empirical_field(load_network("lenet5"), "avgpool2").size
    (16, 16)
    """
    module = TruncatedNetwork(network, layer, linear=True).double()
    inputs = [torch.zeros((1, *shape), dtype=torch.double) for shape in network.input_shapes]
    x = inputs[input_of(network, layer, of)].requires_grad_()
    y = module(*inputs)
    place = tuple(extent // 2 for extent in y.shape[2:]) if place is None else place
    if len(place) != y.ndim - 2 or any(not 0 <= at < n for at, n in zip(place, y.shape[2:], strict=True)):
        map_text = f"{layer} of {network.name} is a map of {shape_text(tuple(y.shape[2:]))}"
        raise InputError(f"{map_text}, but got place {place}")
    y[(slice(None), slice(None), *place)].sum().backward()
    assert x.grad is not None
    return Seen(place, x.grad[0].ne(0).any(dim=0).numpy())
