"""The primitive operators, one family a file. Each states its shape, costs, field and PyTorch text once."""

from __future__ import annotations

from .activation import Activation, PReLU, activation
from .attention import Attention, ContextPool, attend, context_pool
from .border import Crop, Pad, centre_crop, pad
from .constant import Widen, Zero, widen, zero
from .convolution import Conv, conv
from .gdn import GDN, gdn
from .join import Add, Carry, Concat, Multiply, Shift, add, carry, concat, multiply, shift
from .linear import Flatten, Linear, Reshape, flatten, linear, reshape
from .norm import BatchNorm, ChannelLayerNorm, GroupNorm, InstanceNorm, LayerNorm, norm
from .pooling import AvgPool, GlobalAvgPool, MaxPool, avgpool, global_avgpool, maxpool
from .response import LocalResponseNorm, local_response_norm
from .scale import Scale, scale
from .stochastic import Dropout, DropPath, Reparameterise, dropout, droppath, reparameterise

OPERATORS = (
    Activation,
    Add,
    Attention,
    AvgPool,
    BatchNorm,
    Carry,
    ChannelLayerNorm,
    Concat,
    ContextPool,
    Conv,
    DropPath,
    Dropout,
    Flatten,
    GDN,
    GlobalAvgPool,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    Linear,
    LocalResponseNorm,
    MaxPool,
    Multiply,
    PReLU,
    Reparameterise,
    Reshape,
    Scale,
    Shift,
    Widen,
    Zero,
)
"""Every primitive operator; the contract tests walk this list."""

__all__ = [
    "GDN",
    "OPERATORS",
    "Activation",
    "Add",
    "Attention",
    "AvgPool",
    "BatchNorm",
    "Carry",
    "ChannelLayerNorm",
    "Concat",
    "ContextPool",
    "Conv",
    "DropPath",
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
    "PReLU",
    "Reparameterise",
    "Reshape",
    "Scale",
    "Shift",
    "Widen",
    "Zero",
    "activation",
    "add",
    "attend",
    "avgpool",
    "carry",
    "concat",
    "context_pool",
    "conv",
    "dropout",
    "droppath",
    "flatten",
    "gdn",
    "global_avgpool",
    "linear",
    "local_response_norm",
    "maxpool",
    "multiply",
    "norm",
    "reparameterise",
    "reshape",
    "scale",
    "shift",
    "widen",
    "zero",
]
