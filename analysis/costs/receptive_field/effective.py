"""The effective receptive field: how strongly each input moves the middle of a layer's output.

It is the mean squared gradient, over random inputs and weights, or over random inputs of trained weights. It
falls off like a Gaussian and fills only part of the receptive field: with depth n its extent grows with the
root of n, the receptive field with n (Luo et al. 2016, "Understanding the effective receptive field in deep
convolutional neural networks").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from archscape.spaces import Network
from archscape.spaces.errors import InputError
from archscape.spaces.printing import Printed, Printout

from . import Field, fields
from .truncated import TruncatedNetwork, input_of

Map: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

INPUTS = 2
"""Inputs at once: batch norm needs more than one."""
LEVEL = 1 - 0.9545
"""The share of the largest gradient where the field ends: two deviations (Luo et al. 2016, section 3)."""


@dataclass(frozen=True, kw_only=True, repr=False)
class EffectiveField(Printed):
    """How strongly each input moves the middle of a map.

    Attributes:
        network: Its name.
        layer: The layer's name.
        field: Its receptive field.
        middle: Where the middle element's receptive field has its middle, along each axis of the input.
        of: The input it is on, of several; else nothing.
        squares: Mean squared gradient for each position of the input, over all channels; 1 at its largest.
    """

    network: str
    layer: str
    field: Field
    middle: tuple[float, ...]
    squares: Map
    of: str = ""

    def printout(self) -> Printout:
        """Return the field along each axis, in theory and in effect."""
        columns = ("axis", "receptive_field", "jump", "centre", "effective", "share")
        ends = (round(self.size, 1), round(self.share, 3))
        axes = enumerate(zip(*self.field, strict=True))
        rows = [(axis, size, float(jump), float(centre), *ends) for axis, (size, jump, centre) in axes]
        return Printout(title=self.title, columns=columns, rows=rows)

    @property
    def title(self) -> str:
        """What it is of, for a reader."""
        return f"{self.network}, {self.layer}{f', on {self.of}' if self.of else ''}"

    @property
    def size(self) -> float:
        """Extent of the effective field: the side of a square, or cube, of as many positions as lie in it.

        A position lies in it if the root of its mean square is above 4.55% of the largest.
        """
        inside = int((np.sqrt(self.squares) > LEVEL).sum())
        return float(inside ** (1 / self.squares.ndim))

    @property
    def share(self) -> float:
        """That extent as a share of the receptive field's."""
        side: float = prod(self.field.size) ** (1 / len(self.field.size))
        return self.size / side


def effective_field(
    network: Network,
    layer: str,
    *,
    of: str | None = None,
    weights: Mapping[str, Tensor] | None = None,
    draws: int = 4,
    seed: int = 0,
) -> EffectiveField:
    """Return the effective receptive field of the middle of a layer's output.

    Each draw takes two inputs of standard normal noise, and weights as they start unless trained ones are
    given. Batch norm takes the statistics of these inputs at the start, and its own where it is trained. The
    gradient is that of the channels weighted by standard normal numbers: its mean square is the sum of the
    channels' squares.

    Args:
        network: Any network.
        layer: Name of an operator whose output is a map.
        of: Which of several inputs it is on; by default the first that the layer sees.
        weights: Trained weights, by the names of the network's module.
        draws: How often to draw.
        seed: Of all that is drawn; the same seed gives the same field.

    Raises:
        InputError: If there is no such layer or input, the layer's output is no map, or the weights do not
            fit.
    """
    trained = TruncatedNetwork(network, layer)  # the layer's name is checked here
    at = input_of(network, layer, of)
    squares = torch.zeros(network.input_shapes[at][1:], dtype=torch.double)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for _ in range(draws):
            module = TruncatedNetwork(network, layer) if weights is None else trained
            squares += _squares(module, network, at, layer, weights)
    if not squares.max() > 0:
        raise InputError(f"{layer} of {network.name} does not depend on the input: every gradient is zero")
    field = fields(network.graph, at)[layer]
    positions = [extent // 2 for extent in trained.shape[1:]]
    steps = zip(field.centre, positions, field.jump, strict=True)
    return EffectiveField(
        network=network.name,
        layer=layer,
        field=field,
        middle=tuple(float(centre + position * jump) for centre, position, jump in steps),
        squares=(squares / squares.max()).numpy(),
        of=[*network.inputs][at] if len(network.inputs) > 1 else "",
    )


def _squares(
    module: TruncatedNetwork, network: Network, at: int, layer: str, weights: Mapping[str, Tensor] | None
) -> Tensor:
    """Return the squared gradients of one draw on one input, the sum over samples and channels."""
    inputs = [torch.randn((INPUTS, *shape)) for shape in network.input_shapes]
    x = inputs[at].requires_grad_()
    if weights is None:
        _take_statistics(module, [each.detach() for each in inputs])
    else:
        module.load(weights)
    y = module.eval()(*inputs)
    if y.ndim < 3:
        raise InputError(f"the output of {layer} is no map, so it has no middle: {y.shape[1]} flat features")
    middle = y[(slice(None), slice(None), *(extent // 2 for extent in y.shape[2:]))]
    (slope,) = torch.autograd.grad(middle, x, torch.randn(middle.shape))
    return slope.double().square().sum(dim=(0, 1))


def _take_statistics(module: nn.Module, inputs: Sequence[Tensor]) -> None:
    """Give every batch norm the statistics of a batch, as the first step of training would see it."""
    module.eval()
    for part in module.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            part.train().momentum = 1.0
    with torch.no_grad():
        module(*inputs)
