"""What generated source needs beyond torch: each definition is copied into the text that uses it.

The code here may use `torch`, `F`, `Tensor`, `nn` and other definitions of this file, nothing else.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ChannelLayerNorm(nn.LayerNorm):
    """Layer norm over the channels of each position (Liu et al. 2022)."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


def he(layer: nn.Module, bias: float = 0.0) -> nn.Module:
    """Weights of variance 2 / fan: out of a convolution, into a linear layer (He et al. 2015)."""
    weight, *_ = layer.parameters()
    inward, outward = fans(layer)
    fan = inward if isinstance(layer, nn.Linear) else outward
    nn.init.normal_(weight, std=(2 / fan) ** 0.5)
    return biased(layer, bias)


def xavier(layer: nn.Module, bias: float = 0.0) -> nn.Module:
    """Uniform weights of variance 2 / (fan in + fan out) (Glorot and Bengio 2010, eq. 16)."""
    weight, *_ = layer.parameters()
    limit = (6 / sum(fans(layer))) ** 0.5
    nn.init.uniform_(weight, -limit, limit)
    return biased(layer, bias)


def lecun(layer: nn.Module, bias: float = 0.0) -> nn.Module:
    """Weights of variance 1 / fan in (LeCun et al. 1998, eq. 16)."""
    weight, *_ = layer.parameters()
    nn.init.normal_(weight, std=fans(layer)[0] ** -0.5)
    return biased(layer, bias)


def truncated(layer: nn.Module, bias: float = 0.0) -> nn.Module:
    """Weights of standard deviation 0.02, none beyond two of them (Liu et al. 2022)."""
    weight, *_ = layer.parameters()
    nn.init.trunc_normal_(weight, std=0.02, a=-0.04, b=0.04)
    return biased(layer, bias)


def biased(layer: nn.Module, bias: float) -> nn.Module:
    """A layer whose bias, if it has one, starts at a number."""
    for start in list(layer.parameters())[1:]:
        nn.init.constant_(start, bias)
    return layer


def zero(norm: nn.Module) -> nn.Module:
    """A norm whose gamma starts at zero, so that its residual branch adds nothing (Goyal et al. 2017)."""
    gamma, *_ = norm.parameters()
    nn.init.zeros_(gamma)
    return norm


def fans(layer: nn.Module) -> tuple[float, float]:
    """How many inputs each output reads, and how many outputs each input feeds."""
    weight, *_ = layer.parameters()
    groups = getattr(layer, "groups", 1)
    inward, outward = weight[0].numel(), weight[:, 0].numel() / groups
    return (outward, inward) if getattr(layer, "transposed", False) else (inward, outward)
