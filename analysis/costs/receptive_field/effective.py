"""The effective receptive field: how strongly each input moves the middle of a layer's output.

It is the mean squared gradient, over random inputs and weights, or over random inputs of trained weights. It
falls off like a Gaussian and fills only part of the receptive field: with depth n its extent grows with the
root of n, the receptive field with n (Luo et al. 2016, "Understanding the effective receptive field in deep
convolutional neural networks").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from archscape.spaces import Network
from archscape.spaces.errors import InputError

from . import Field, fields
from .truncated import TruncatedNetwork

Map: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

INPUTS = 2
"""Inputs at once: batch norm needs more than one."""
LEVEL = 1 - 0.9545
"""The share of the largest gradient where the field ends: two deviations (Luo et al. 2016, section 3)."""


@dataclass(frozen=True, kw_only=True)
class EffectiveField:
    """How strongly each input moves the middle of a map.

    Attributes:
        network: Its name.
        layer: The layer's name.
        field: Its receptive field.
        middle: Where the middle element's receptive field has its middle, along each axis of the input.
        squares: Mean squared gradient for each position of the input, over all channels; 1 at its largest.
    """

    network: str
    layer: str
    field: Field
    middle: tuple[float, ...]
    squares: Map

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
        weights: Trained weights, by the names of the network's module.
        draws: How often to draw.
        seed: Of all that is drawn; the same seed gives the same field.

    Raises:
        InputError: If there is no such layer, its output is no map, or the weights do not fit.
    """
    trained = TruncatedNetwork(network, layer)  # the layer's name is checked here
    squares = torch.zeros(network.input[1:], dtype=torch.double)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for _ in range(draws):
            module = TruncatedNetwork(network, layer) if weights is None else trained
            squares += _squares(module, network, layer, weights)
    if not squares.max() > 0:
        raise InputError(f"{layer} of {network.name} does not depend on the input: every gradient is zero")
    field = fields(network.graph)[layer]
    positions = [extent // 2 for extent in trained.shape[1:]]
    steps = zip(field.centre, positions, field.jump, strict=True)
    return EffectiveField(
        network=network.name,
        layer=layer,
        field=field,
        middle=tuple(float(centre + position * jump) for centre, position, jump in steps),
        squares=(squares / squares.max()).numpy(),
    )


def _squares(
    module: TruncatedNetwork, network: Network, layer: str, weights: Mapping[str, Tensor] | None
) -> Tensor:
    """Return the squared gradients of one draw, the sum over inputs and channels."""
    x = torch.randn((INPUTS, *network.input), requires_grad=True)
    if weights is None:
        _take_statistics(module, x.detach())
    else:
        module.load(weights)
    y = module.eval()(x)
    if y.ndim < 3:
        raise InputError(f"the output of {layer} is no map, so it has no middle: {y.shape[1]} flat features")
    middle = y[(slice(None), slice(None), *(extent // 2 for extent in y.shape[2:]))]
    (slope,) = torch.autograd.grad(middle, x, torch.randn(middle.shape))
    return slope.double().square().sum(dim=(0, 1))


def _take_statistics(module: nn.Module, x: Tensor) -> None:
    """Give every batch norm the statistics of a batch, as the first step of training would see it."""
    module.eval()
    for part in module.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            part.train().momentum = 1.0
    with torch.no_grad():
        module(x)
