"""The primitive operators, one family a file. Each states its shape, costs, field and PyTorch text once."""

from __future__ import annotations

from .activation import Activation, activation
from .border import Crop, Pad, centre_crop, pad
from .convolution import Conv, conv
from .dropout import Dropout, dropout
from .join import Add, Concat, Multiply, add, concat, multiply
from .linear import Flatten, Linear, flatten, linear
from .norm import BatchNorm, ChannelLayerNorm, GroupNorm, InstanceNorm, LayerNorm, norm
from .pooling import AvgPool, GlobalAvgPool, MaxPool, avgpool, global_avgpool, maxpool
from .response import LocalResponseNorm, local_response_norm

OPERATORS = (
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    ChannelLayerNorm,
    Concat,
    Conv,
    Dropout,
    Flatten,
    GlobalAvgPool,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    Linear,
    LocalResponseNorm,
    MaxPool,
    Multiply,
)
"""Every primitive operator; the contract tests walk this list."""

__all__ = [
    "OPERATORS",
    "Activation",
    "Add",
    "AvgPool",
    "BatchNorm",
    "ChannelLayerNorm",
    "Concat",
    "Conv",
    "Dropout",
    "Flatten",
    "GlobalAvgPool",
    "GroupNorm",
    "InstanceNorm",
    "LayerNorm",
    "Linear",
    "LocalResponseNorm",
    "MaxPool",
    "Multiply",
    "activation",
    "add",
    "avgpool",
    "concat",
    "conv",
    "dropout",
    "flatten",
    "global_avgpool",
    "linear",
    "local_response_norm",
    "maxpool",
    "multiply",
    "norm",
]
