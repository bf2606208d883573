"""What each operator becomes on TensorFlow Lite, as LiteRT's converter was seen to do it.

Batch norms and factors go into the weights of the layer before, rectifiers into the operator before. Zeros
around a map are an operator of their own, unless TensorFlow's `SAME` puts the same ones.
"""

from __future__ import annotations

from math import prod
from typing import TypeVar, cast

from archscape.spaces.graph import Op, Shape
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

from .conversion import OPEN, WEIGHTED, Converter, Rule
from .tflite import Constant, index, pads_as_same

W = TypeVar("W", bound="Conv | MaxPool | AvgPool")

FUSED = ("relu", "relu6", "hardtanh")
"""Activations that an operator does by itself at its end."""
ALONE = {
    "relu": "RELU",
    "relu6": "RELU6",
    "hardtanh": "RELU_N1_TO_1",
    "sigmoid": "LOGISTIC",
    "tanh": "TANH",
    "hardswish": "HARD_SWISH",
    "leaky_relu": "LEAKY_RELU",
    "softmax": "SOFTMAX",
    "gelu": "GELU",
    "elu": "SELECT",
    "selu": "SELECT",
    "mish": "SELECT",
    "softplus": "SELECT",
}
"""Activations as operators; of those that become several, the one that TensorFlow Lite Micro lacks."""


def factor(size: int = 1) -> Constant:
    """Return a number for each channel, or for all."""
    return Constant("factor", size)


def paddings(before: Shape, after: Shape) -> Constant:
    """Return the zeros on both sides of each axis of a map."""
    sides = [(0, 0), *zip(before, after, strict=True), (0, 0)]
    return index(*[side for pair in sides for side in pair])


def _view(to: Converter, op: Op, reads: tuple[int, ...]) -> int:
    to.leave(to.room)
    return reads[0]


def _padded(
    to: Converter, tensor: int, shape: Shape, before: Shape, after: Shape, code: str = "PAD"
) -> tuple[int, Shape]:
    """Write zeros around a map, or the least number there is; nothing where there are none."""
    if not any(before + after):
        return tensor, shape
    channels, *extent = shape
    wide = channels, *[n + b + a for n, b, a in zip(extent, before, after, strict=True)]
    least = (factor(),) if code == "PADV2" else ()
    return to.write(code, (tensor,), wide, paddings(before, after), *least), wide


def _conv(to: Converter, op: Conv, reads: tuple[int, ...]) -> int | None:
    if len(op.kernel) > 2:
        return None
    op, tensor, shape = _planar(op), reads[0], _plane(to.shapes[0])
    before, after = to.pads.get(to.node.inputs[0], ((0, 0), (0, 0)))
    before, after = _plus(before, op.padding), _plus(after, op.padding)
    if any(before + after):
        extent = _inner(to, shape)
        if not pads_as_same(extent, op.kernel, op.stride, op.dilation, before, after):
            tensor, _ = _padded(to, tensor, (shape[0], *extent), before, after)
    to.leave(WEIGHTED)
    depthwise = op.groups == op.inputs
    code = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
    return to.write_window(code, (tensor,), *_weights(op, prod(op.kernel) * op.inputs // op.groups))


def _plane(shape: Shape) -> Shape:
    """Return the shape of a 1-D map as one of height 1."""
    return (shape[0], 1, *shape[1:]) if len(shape) == 2 else shape


def _planar(op: W) -> W:
    """Return windows over a line as those over a plane."""
    if len(op.kernel) > 1:
        return op
    units = {"kernel": 1, "stride": 1, "padding": 0, "dilation": 1}
    sides = {name: (unit, *getattr(op, name)) for name, unit in units.items() if hasattr(op, name)}
    return cast("W", op._replace(**sides))


def _inner(to: Converter, shape: Shape) -> Shape:
    """Return the extent of a map without the zeros that a convolution takes over."""
    before, after = to.pads.get(to.node.inputs[0], ((0, 0), (0, 0)))
    return tuple([n - b - a for n, b, a in zip(shape[1:], before, after, strict=True)])


def _plus(first: Shape, second: Shape) -> Shape:
    return tuple([a + b for a, b in zip(first, second, strict=True)])


def _weights(op: Conv | Linear | TransposedConv, fan_in: int) -> tuple[Constant, Constant]:
    """Return weights and biases; every convolution has biases there, of zero if need be."""
    outputs = op.outputs
    return (
        Constant("weight", fan_in * outputs, (), outputs),
        Constant("bias", outputs, (), outputs),
    )


def _transposed(to: Converter, op: TransposedConv, reads: tuple[int, ...]) -> int | None:
    if len(op.kernel) != 2 or op.groups > 1:
        return None
    shape, fan_in = to.shapes[0], prod(op.kernel) * op.inputs
    to.leave(WEIGHTED)
    if set(op.stride) == {1} and not any(op.output_padding):
        sides = tuple([k - 1 - p for k, p in zip(op.kernel, op.padding, strict=True)])
        tensor = reads[0]
        if min(sides) < 0:
            return None
        if not pads_as_same(shape[1:], op.kernel, op.stride, (1, 1), sides, sides):
            tensor, _ = _padded(to, tensor, shape, sides, sides)
        return to.write("CONV_2D", (tensor,), to.node.shape, *_weights(op, fan_in))
    axes = list(zip(op.kernel, op.stride, op.padding, op.output_padding, strict=True))
    valid = all(p == e == 0 and k >= s for k, s, p, e in axes)
    same = all(k - 2 * p + e == s and (k - s) // 2 == p for k, s, p, e in axes)
    if not valid and not same:
        return None
    channels, *extent = to.node.shape
    size = index(1, *extent, channels)
    return to.write("TRANSPOSE_CONV", reads, to.node.shape, size, *_weights(op, fan_in))


def _linear(to: Converter, op: Linear, reads: tuple[int, ...]) -> int:
    weights, biases = _weights(op, op.inputs)
    to.leave(WEIGHTED)
    has_bias = op.bias or to.has_next(BatchNorm)
    return to.write("FULLY_CONNECTED", reads, to.node.shape, weights, *((biases,) if has_bias else ()))


def _batch_norm(to: Converter, op: BatchNorm, reads: tuple[int, ...]) -> int:
    if to.room == WEIGHTED and len(to.node.shape) != 2:
        to.leave(WEIGHTED)
        return reads[0]
    codes = (
        ["SUB", "MUL", "MUL", "ADD"][: 4 if op.affine else 2] if len(to.node.shape) > 2 else ["MUL", "ADD"]
    )
    for code in codes:
        reads = (to.write(code, reads, to.node.shape, factor(op.channels)),)
    to.leave(OPEN)
    return reads[0]


def _activation(to: Converter, op: Activation, reads: tuple[int, ...]) -> int | None:
    function, room = op.function, to.room
    if function in FUSED and room:
        return reads[0]
    if function == "silu":
        return _silu(to, reads)
    if function == "hardsigmoid":
        return _hard_sigmoid(to, reads)
    if function not in ALONE or (function == "softmax" and len(to.node.shape) not in (1, 3)):
        return None
    return to.write(ALONE[function], reads, to.node.shape)


def _silu(to: Converter, reads: tuple[int, ...]) -> int:
    gate = to.write("LOGISTIC", reads, to.node.shape)
    to.leave(OPEN)
    return to.write("MUL", (reads[0], gate), to.node.shape)


def _hard_sigmoid(to: Converter, reads: tuple[int, ...]) -> int:
    """ReLU6(x + 3) / 6: the sum goes into weights before, the quotient into weights behind."""
    tensor = reads[0]
    if to.room != WEIGHTED:
        tensor = to.write("ADD", reads, to.node.shape, factor())
    return _scaled(to, tensor)


def _scaled(to: Converter, tensor: int) -> int:
    """Write a product with a number, unless the weights of the one that reads it take it."""
    readers = to.readers()
    if len(readers) == 1 and readers[0] and type(readers[0].op) in (Conv, Linear):
        return tensor
    to.leave(OPEN)
    return to.write("MUL", (tensor,), to.node.shape, factor())


def _times(to: Converter, op: Times, reads: tuple[int, ...]) -> int:
    if to.room == WEIGHTED:
        to.leave(WEIGHTED)
        return reads[0]
    return _scaled(to, reads[0])


def _scale(to: Converter, op: Scale, reads: tuple[int, ...]) -> int:
    if to.room == WEIGHTED:
        to.leave(WEIGHTED)
        return reads[0]
    to.leave(OPEN)
    return to.write("MUL", reads, to.node.shape, factor(op.channels))


def _prelu(to: Converter, op: PReLU, reads: tuple[int, ...]) -> int:
    """max(x, 0) - a max(-x, 0)."""
    shape = to.node.shape
    positive = to.write("RELU", reads, shape)
    negative = to.write("MUL", (to.write("MUL", reads, shape, factor()),), shape, factor(op.channels))
    to.leave(OPEN)
    return to.write("SUB", (positive, negative), shape)


def _elementwise(code: str) -> Rule:
    def rule(to: Converter, op: Op, reads: tuple[int, ...]) -> int:
        tensor, *others = reads
        for other in others:
            tensor = to.write(code, (tensor, other), to.node.shape)
        to.leave(OPEN)
        return tensor

    return rule


def _concat(to: Converter, op: Concat, reads: tuple[int, ...]) -> int:
    """Maps side by side; a concatenation that this one alone reads goes into it."""
    parts: list[int] = []
    for tensor, value in zip(reads, to.node.inputs, strict=True):
        number = to.writer(tensor)
        step = to.steps[number] if number >= 0 else None
        if step and step.code == "CONCATENATION" and len(to.users[value]) == 1:
            parts += step.inputs
            to.steps[number] = None
        else:
            parts.append(tensor)
    return to.write("CONCATENATION", tuple(parts), to.node.shape)


def _max_pool(to: Converter, op: MaxPool, reads: tuple[int, ...]) -> int | None:
    return _pooled(to, op, reads, "MAX_POOL_2D", "PADV2")


def _avg_pool(to: Converter, op: AvgPool, reads: tuple[int, ...]) -> int | None:
    return _pooled(to, op, reads, "AVERAGE_POOL_2D", "PAD")


def _pooled(to: Converter, op: MaxPool | AvgPool, reads: tuple[int, ...], code: str, pad: str) -> int | None:
    """Windows over a map; padding that counts in a mean is an operator of its own."""
    if len(op.kernel) > 2:
        return None
    op, shape, tensor = _planar(op), _plane(to.shapes[0]), reads[0]
    axes = zip(shape[1:], _plane(to.node.shape)[1:], op.kernel, op.stride, op.padding, strict=True)
    after = tuple([max((m - 1) * s + k - n - p, p) if op.ceil else p for n, m, k, s, p in axes])
    if any(op.padding + after):
        counts = type(op) is AvgPool
        if counts or not pads_as_same(shape[1:], op.kernel, op.stride, (1, 1), op.padding, after):
            if type(op) is InnerAvgPool or (counts and op.ceil):
                return None
            tensor, _ = _padded(to, tensor, shape, op.padding, after, pad)
    to.leave(OPEN)
    return to.write_window(code, (tensor,))


def _mean(to: Converter, op: GlobalAvgPool, reads: tuple[int, ...]) -> int | None:
    channels, *extent = to.shapes[0]
    if reads[0] in to.planes:
        reads = (_channels_first(to, reads[0], to.shapes[0]),)
    elif len(extent) == 1:
        reads = (to.write("RESHAPE", reads, to.shapes[0], index(1, channels, 1, *extent), axes=3),)
    if len(extent) > 2:
        return None
    tensor = to.write("MEAN" if prod(extent) > 1 else "SUM", reads, to.node.shape, index(1, 2))
    is_given = len(extent) == 1 and None in to.readers()
    return to.write("RESHAPE", (tensor,), to.node.shape, index(1, channels, 1)) if is_given else tensor


def _over_channels(code: str) -> Rule:
    def rule(to: Converter, op: Op, reads: tuple[int, ...]) -> int | None:
        return to.write(code, reads, to.node.shape, index(3)) if len(to.node.shape) == 3 else None

    return rule


def _channels_first(to: Converter, tensor: int, shape: Shape) -> int:
    """Write a transpose; nothing where the order of elements stays."""
    is_last = len(shape) == 3 or tensor in to.planes
    if is_last and shape[0] > 1 and prod(shape[1:]) > 1:
        return to.write("TRANSPOSE", (tensor,), shape, index(0, 3, 1, 2))
    return tensor


def _flatten(to: Converter, op: Op, reads: tuple[int, ...]) -> int | None:
    """Channels first; one position is a vector as it stands, for a mean and for a layer."""
    shape = to.shapes[0]
    if len(shape) not in (2, 3):
        return None
    if prod(shape[1:]) == 1 and (_is_mean(to, reads[0]) or _feeds_layers(to)):
        return reads[0]
    tensor = _channels_first(to, reads[0], shape)
    return to.write("RESHAPE", (tensor,), to.node.shape, index(1, to.node.shape[0]))


def _is_mean(to: Converter, tensor: int) -> bool:
    number = to.writer(tensor)
    step = to.steps[number] if number >= 0 else None
    return step is not None and step.code in ("MEAN", "SUM") and len(to.users[to.node.inputs[0]]) == 1


def _feeds_layers(to: Converter) -> bool:
    """Tell whether linear layers alone read this node's vector, dropout or none between."""
    return all(reader and type(reader.op) in (Linear, Dropout) for reader in to.readers())


def _reshape(to: Converter, op: Reshape, reads: tuple[int, ...]) -> int | None:
    if len(op.size) != 3:
        return None
    channels, height, width = op.size
    tensor = to.write("RESHAPE", reads, op.size, index(1, channels, height, width), axes=2)
    if channels > 1 and height * width > 1:
        return to.write("TRANSPOSE", (tensor,), op.size, index(0, 2, 3, 1))
    return tensor


def _sliced(to: Converter, tensor: int, shape: Shape, start: Shape, size: Shape) -> int:
    return to.write("SLICE", (tensor,), shape, index(*start), index(*size))


def _split(to: Converter, op: Split, reads: tuple[int, ...]) -> int | None:
    width = to.node.shape[0]
    return _range(to, reads[0], op.part * width)


def _slice(to: Converter, op: Slice, reads: tuple[int, ...]) -> int | None:
    return _range(to, reads[0], op.start)


def _range(to: Converter, tensor: int, start: int) -> int | None:
    """Write a part of the channels."""
    width, *extent = to.node.shape
    if len(extent) != 2:
        return None
    return _sliced(to, tensor, to.node.shape, (0, 0, 0, start), (1, *extent, width))


def _crop(to: Converter, op: Crop, reads: tuple[int, ...]) -> int | None:
    """Write a part of the map, one axis after the other."""
    if len(op.start) != 2:
        return None
    tensor, shape = reads[0], list(to.shapes[0])
    for axis in (1, 2):
        first, stop = op.start[axis - 1], op.stop[axis - 1]
        if (first, stop) != (0, shape[axis]):
            shape[axis] = stop - first
            begin = tuple([first if place == axis else 0 for place in range(4)])
            tensor = _sliced(to, tensor, tuple(shape), begin, (1, *shape[1:], shape[0]))
    return tensor


def _pad(to: Converter, op: Pad, reads: tuple[int, ...]) -> int | None:
    sides = op.before, op.after
    if len(op.before) == 1 and op.mode == "zeros":
        return to.write("PAD", reads, to.node.shape, index(0, 0, 0, 0, *op.before, *op.after), axes=3)
    if len(op.before) != 2:
        return None
    if op.mode == "zeros":
        readers = to.readers()
        if len(readers) == 1 and readers[0] and type(readers[0].op) is Conv:
            to.pads[to.value] = sides
            return reads[0]
        return _padded(to, reads[0], to.shapes[0], *sides)[0]
    if op.mode == "reflect" or (op.mode == "replicate" and max(op.before + op.after) < 2):
        return to.write("MIRROR_PAD", reads, to.node.shape, paddings(*sides))
    return None


def _resize(to: Converter, op: Upsample | Resize, reads: tuple[int, ...]) -> int | None:
    if len(to.node.shape) != 3:
        return None
    code = "RESIZE_NEAREST_NEIGHBOR" if op.mode == "nearest" else "RESIZE_BILINEAR"
    return to.write(code, reads[:1], to.node.shape, index(*to.node.shape[1:]))


def _channel_shuffle(to: Converter, op: ChannelShuffle, reads: tuple[int, ...]) -> int | None:
    """Channels first, groups apart, groups and their channels exchanged, together, channels last."""
    if len(to.node.shape) != 3:
        return None
    shape, groups = to.node.shape, op.groups
    channels, height, width = shape
    tensor = _channels_first(to, reads[0], shape)
    apart = index(1, groups, channels // groups, height, width)
    tensor = to.write("RESHAPE", (tensor,), shape, apart)
    tensor = to.write("TRANSPOSE", (tensor,), shape, index(0, 2, 1, 3, 4), axes=5)
    tensor = to.write("RESHAPE", (tensor,), shape, index(1, channels, height, width), axes=5)
    return to.write("TRANSPOSE", (tensor,), shape, index(0, 2, 3, 1))


def _pixel_shuffle(to: Converter, op: PixelShuffle, reads: tuple[int, ...]) -> int:
    """Seven copies of the map in turn: PyTorch's view with six axes in steps of four."""
    tensor, shape = reads[0], to.shapes[0]
    channels, height, width = to.node.shape
    for number in range(3):
        tensor = to.write("TRANSPOSE", (tensor,), shape, index(-number))
        tensor = to.write("RESHAPE", (tensor,), shape, index(-number, channels, height, width))
    return to.write("TRANSPOSE", (tensor,), shape, index(0, 2, 3, 1))


def _leaky(to: Converter, op: LeakyReLU, reads: tuple[int, ...]) -> int:
    return to.write("LEAKY_RELU", reads, to.node.shape)


RULES: dict[type[Op], Rule] = {
    Activation: _activation,
    Add: _elementwise("ADD"),
    AvgPool: _avg_pool,
    BatchNorm: _batch_norm,
    ChannelMax: _over_channels("REDUCE_MAX"),
    ChannelMean: _over_channels("MEAN"),
    ChannelShuffle: _channel_shuffle,
    Concat: _concat,
    Conv: _conv,
    Crop: _crop,
    Dropout: _view,
    DropPath: _view,
    Flatten: _flatten,
    GlobalAvgPool: _mean,
    InnerAvgPool: _avg_pool,
    LeakyReLU: _leaky,
    Linear: _linear,
    MaxPool: _max_pool,
    Multiply: _elementwise("MUL"),
    PReLU: _prelu,
    Pad: _pad,
    PixelShuffle: _pixel_shuffle,
    Reshape: _reshape,
    Resize: _resize,
    Scale: _scale,
    Shift: _elementwise("ADD"),
    Slice: _slice,
    Split: _split,
    Subtract: _elementwise("SUB"),
    Times: _times,
    TransposedConv: _transposed,
    Upsample: _resize,
}
"""How each operator is converted; whatever is not here has no known conversion."""
