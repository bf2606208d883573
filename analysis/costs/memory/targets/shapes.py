"""Maps in another form: as vectors, in part, with more around them, in another order or at another extent."""

from __future__ import annotations

from math import prod

from archscape.spaces.graph import Op, Shape
from archscape.spaces.operators import (
    ChannelShuffle,
    Conv,
    Crop,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Linear,
    Pad,
    PixelShuffle,
    Reshape,
    Resize,
    Slice,
    Split,
    Upsample,
)

from .conversion import Converter, Rule
from .tflite import index
from .windows import padded, paddings


def _channels_first(to: Converter, tensor: int, shape: Shape) -> int:
    """Write a transpose; nothing where the order of elements stays."""
    is_last = len(shape) == 3 or tensor in to.planes
    if is_last and shape[0] > 1 and prod(shape[1:]) > 1:
        return to.write("TRANSPOSE", (tensor,), shape, index(0, 3, 1, 2))
    return tensor


def mean(to: Converter, op: GlobalAvgPool, reads: tuple[int, ...]) -> int | None:
    """One number for each channel; a sum where there is one position."""
    channels, *extent = to.shapes[0]
    if prod(extent) == 1 and not to.has_next(Flatten):
        return reads[0]
    if reads[0] in to.planes:
        reads = (_channels_first(to, reads[0], to.shapes[0]),)
    elif len(extent) == 1:
        reads = (to.write("RESHAPE", reads, to.shapes[0], index(1, channels, 1, *extent), axes=3),)
    if len(extent) > 2:
        return None
    tensor = to.write("MEAN" if prod(extent) > 1 else "SUM", reads, to.node.shape, index(1, 2))
    is_given = len(extent) == 1 and None in to.readers()
    return to.write("RESHAPE", (tensor,), to.node.shape, index(1, channels, 1)) if is_given else tensor


def over_channels(code: str) -> Rule:
    """Return the rule of an operator over the channels of each position."""

    def rule(to: Converter, op: Op, reads: tuple[int, ...]) -> int | None:
        return to.write(code, reads, to.node.shape, index(3)) if len(to.node.shape) == 3 else None

    return rule


def flatten(to: Converter, op: Op, reads: tuple[int, ...]) -> int | None:
    """Channels first; one position is a vector as it stands, for a mean and for a layer."""
    shape = to.shapes[0]
    if len(shape) not in (2, 3):
        return None
    if prod(shape[1:]) == 1 and (_is_mean(to, reads[0]) or _feeds_layers(to)):
        return reads[0]
    tensor = _channels_first(to, reads[0], shape)
    return to.write("RESHAPE", (tensor,), to.node.shape, index(1, to.node.shape[0]))


def _is_mean(to: Converter, tensor: int) -> bool:
    step = to.writer(tensor)
    return step is not None and step.code in ("MEAN", "SUM") and len(to.users[to.node.inputs[0]]) == 1


def _feeds_layers(to: Converter) -> bool:
    """Tell whether linear layers alone read this node's vector, dropout or none between."""
    return all(reader and type(reader.op) in (Linear, Dropout) for reader in to.readers())


def reshape(to: Converter, op: Reshape, reads: tuple[int, ...]) -> int | None:
    """A vector as a map: channels first, then last."""
    if len(op.size) != 3:
        return None
    channels, height, width = op.size
    tensor = to.write("RESHAPE", reads, op.size, index(1, channels, height, width), axes=2)
    if channels > 1 and height * width > 1:
        return to.write("TRANSPOSE", (tensor,), op.size, index(0, 2, 3, 1))
    return tensor


def _sliced(to: Converter, tensor: int, shape: Shape, start: Shape, size: Shape) -> int:
    return to.write("SLICE", (tensor,), shape, index(*start), index(*size))


def split(to: Converter, op: Split, reads: tuple[int, ...]) -> int | None:
    """One of equal parts of the channels."""
    width = to.node.shape[0]
    return _range(to, reads[0], op.part * width)


def channel_range(to: Converter, op: Slice, reads: tuple[int, ...]) -> int | None:
    """Some of the channels."""
    return _range(to, reads[0], op.start)


def _range(to: Converter, tensor: int, start: int) -> int | None:
    """Write a part of the channels."""
    width, *extent = to.node.shape
    if len(extent) != 2:
        return None
    return _sliced(to, tensor, to.node.shape, (0, 0, 0, start), (1, *extent, width))


def crop(to: Converter, op: Crop, reads: tuple[int, ...]) -> int | None:
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


def pad(to: Converter, op: Pad, reads: tuple[int, ...]) -> int | None:
    """Zeros, unless a convolution takes them over; or the map mirrored at its edges."""
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
        return padded(to, reads[0], to.shapes[0], *sides)[0]
    if op.mode == "reflect" or (op.mode == "replicate" and max(op.before + op.after) < 2):
        return to.write("MIRROR_PAD", reads, to.node.shape, paddings(*sides))
    return None


def resize(to: Converter, op: Upsample | Resize, reads: tuple[int, ...]) -> int | None:
    """A map of another extent."""
    if len(to.node.shape) != 3:
        return None
    code = "RESIZE_NEAREST_NEIGHBOR" if op.mode == "nearest" else "RESIZE_BILINEAR"
    return to.write(code, reads[:1], to.node.shape, index(*to.node.shape[1:]))


def channel_shuffle(to: Converter, op: ChannelShuffle, reads: tuple[int, ...]) -> int | None:
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


def pixel_shuffle(to: Converter, op: PixelShuffle, reads: tuple[int, ...]) -> int:
    """Seven copies of the map in turn: PyTorch's view with six axes in steps of four."""
    tensor, shape = reads[0], to.shapes[0]
    channels, height, width = to.node.shape
    for number in range(3):
        tensor = to.write("TRANSPOSE", (tensor,), shape, index(-number))
        tensor = to.write("RESHAPE", (tensor,), shape, index(-number, channels, height, width))
    return to.write("TRANSPOSE", (tensor,), shape, index(0, 2, 3, 1))
