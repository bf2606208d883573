"""Windows over maps: convolutions and pools, with zeros around a map where `SAME` is not the same.

Batch norms and factors go into the weights of a convolution; those rules stand in `elementwise`.
"""

from __future__ import annotations

from math import prod
from typing import TypeVar, cast

from archscape.spaces.graph import Shape
from archscape.spaces.operators import (
    AvgPool,
    BatchNorm,
    Conv,
    InnerAvgPool,
    Linear,
    MaxPool,
    TransposedConv,
)

from .conversion import OPEN, WEIGHTED, Converter
from .tflite import Constant, factor, index, pads_as_same

W = TypeVar("W", bound="Conv | MaxPool | AvgPool")


def paddings(before: Shape, after: Shape) -> Constant:
    """Return the zeros on both sides of each axis of a map."""
    sides = [(0, 0), *zip(before, after, strict=True), (0, 0)]
    return index(*[side for pair in sides for side in pair])


def padded(
    to: Converter, tensor: int, shape: Shape, before: Shape, after: Shape, code: str = "PAD"
) -> tuple[int, Shape]:
    """Write zeros around a map, or the least number there is; nothing where there are none."""
    if not any(before + after):
        return tensor, shape
    channels, *extent = shape
    wide = channels, *[n + b + a for n, b, a in zip(extent, before, after, strict=True)]
    least = (factor(),) if code == "PADV2" else ()
    return to.write(code, (tensor,), wide, paddings(before, after), *least), wide


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


def conv(to: Converter, op: Conv, reads: tuple[int, ...]) -> int | None:
    """Windows over a map, of as many groups as inputs a depthwise one."""
    if len(op.kernel) > 2:
        return None
    op, tensor, shape = _planar(op), reads[0], _plane(to.shapes[0])
    before, after = to.pads.get(to.node.inputs[0], ((0, 0), (0, 0)))
    before, after = _plus(before, op.padding), _plus(after, op.padding)
    if any(before + after):
        extent = _inner(to, shape)
        if not pads_as_same(extent, op.kernel, op.stride, op.dilation, before, after):
            tensor, _ = padded(to, tensor, (shape[0], *extent), before, after)
    to.leave(WEIGHTED)
    depthwise = op.groups == op.inputs
    code = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
    return to.write_window(code, (tensor,), *_weights(op, prod(op.kernel) * op.inputs // op.groups))


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


def transposed(to: Converter, op: TransposedConv, reads: tuple[int, ...]) -> int | None:
    """A transposed convolution, where TensorFlow's `SAME` or `VALID` has its padding."""
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
            tensor, _ = padded(to, tensor, shape, sides, sides)
        return to.write("CONV_2D", (tensor,), to.node.shape, *_weights(op, fan_in))
    axes = list(zip(op.kernel, op.stride, op.padding, op.output_padding, strict=True))
    valid = all(p == e == 0 and k >= s for k, s, p, e in axes)
    same = all(k - 2 * p + e == s and (k - s) // 2 == p for k, s, p, e in axes)
    if not valid and not same:
        return None
    channels, *extent = to.node.shape
    size = index(1, *extent, channels)
    return to.write("TRANSPOSE_CONV", reads, to.node.shape, size, *_weights(op, fan_in))


def linear(to: Converter, op: Linear, reads: tuple[int, ...]) -> int:
    """A layer over a vector."""
    weights, biases = _weights(op, op.inputs)
    to.leave(WEIGHTED)
    has_bias = op.bias or to.has_next(BatchNorm)
    return to.write("FULLY_CONNECTED", reads, to.node.shape, weights, *((biases,) if has_bias else ()))


def max_pool(to: Converter, op: MaxPool, reads: tuple[int, ...]) -> int | None:
    """Windows with the least value around the map."""
    return _pooled(to, op, reads, "MAX_POOL_2D", "PADV2")


def avg_pool(to: Converter, op: AvgPool, reads: tuple[int, ...]) -> int | None:
    """Windows with zeros around the map, where they count."""
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
            tensor, _ = padded(to, tensor, shape, op.padding, after, pad)
    to.leave(OPEN)
    return to.write_window(code, (tensor,))
