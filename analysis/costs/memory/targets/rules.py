"""What each operator becomes on TensorFlow Lite, as LiteRT's converter was seen to do it."""

from __future__ import annotations

from archscape.spaces import Network
from archscape.spaces.graph import Op
from archscape.spaces.operators import (
    Activation,
    Add,
    AvgPool,
    BatchNorm,
    ChannelMax,
    ChannelMean,
    ChannelShuffle,
    Concat,
    Conv,
    Crop,
    Dropout,
    DropPath,
    Flatten,
    GlobalAvgPool,
    InnerAvgPool,
    LeakyReLU,
    Linear,
    MaxPool,
    Multiply,
    Pad,
    PixelShuffle,
    PReLU,
    Reshape,
    Resize,
    Scale,
    Shift,
    Slice,
    Split,
    Subtract,
    Times,
    TransposedConv,
    Upsample,
)

from . import elementwise, shapes, windows
from .conversion import Converter, Rule
from .quantizing import quantize
from .tflite import Model

RULES: dict[type[Op], Rule] = {
    Activation: elementwise.activation,
    Add: elementwise.chained("ADD"),
    AvgPool: windows.avg_pool,
    BatchNorm: elementwise.batch_norm,
    ChannelMax: shapes.over_channels("REDUCE_MAX"),
    ChannelMean: shapes.over_channels("MEAN"),
    ChannelShuffle: shapes.channel_shuffle,
    Concat: elementwise.concat,
    Conv: windows.conv,
    Crop: shapes.crop,
    Dropout: elementwise.view,
    DropPath: elementwise.view,
    Flatten: shapes.flatten,
    GlobalAvgPool: shapes.mean,
    InnerAvgPool: windows.avg_pool,
    LeakyReLU: elementwise.leaky,
    Linear: windows.linear,
    MaxPool: windows.max_pool,
    Multiply: elementwise.chained("MUL"),
    PReLU: elementwise.prelu,
    Pad: shapes.pad,
    PixelShuffle: shapes.pixel_shuffle,
    Reshape: shapes.reshape,
    Resize: shapes.resize,
    Scale: elementwise.scale,
    Shift: elementwise.chained("ADD"),
    Slice: shapes.channel_range,
    Split: shapes.split,
    Subtract: elementwise.chained("SUB"),
    Times: elementwise.times,
    TransposedConv: windows.transposed,
    Upsample: shapes.resize,
}
"""How each operator is converted; whatever is not here has no known conversion."""


def tflite_model(network: Network, dtype: str) -> Model:
    """Return the operators that LiteRT's converter, and with int8 its quantizer, make of a network."""
    model = Converter(network.graph.flatten()).convert(RULES)
    return quantize(model) if dtype == "int8" else model
