"""Synthetic graphs to calibrate on: operators of generic shapes, drawn from a seed, nobody's network.

A graph is a list of operators in the order in which networks have them (a norm and an activation behind most
convolutions, a sum with an earlier map, a gate), so that each is timed with its input as warm and its weights
as cold as they are in a network. Widths, extents and kernels are drawn evenly in their logarithm.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import exp, log, prod
from random import Random
from typing import TypeAlias

from archscape.spaces import operators as ops
from archscape.spaces.graph import Flat, Shape, Style, Tensor, Trace, place
from archscape.spaces.operators.norm import norm_operator
from archscape.spaces.values import Term

LENGTH = 12
"""Operators in a graph, about."""
ELEMENTS = 2**23
"""Elements of a map of all inputs, at most: 32 MB in float32."""
MACS = 600_000_000
"""Multiply-accumulates of a convolution of all inputs, at most."""
WEIGHTS = 5_000_000
"""Weights of a convolution, at most."""
NARROW = 16
"""A convolution that could not be so wide within these bounds has a smaller kernel, or strides."""
FUNCTIONS = ("relu", "relu", "relu", "relu6", "leaky_relu", "silu", "sigmoid", "tanh", "gelu", "hardswish")

Part: TypeAlias = "Callable[[Tensor, BoundedRandom], Tensor]"


class BoundedRandom(Random):
    """Random numbers, and how large what they decide may be.

    Attributes:
        batch: Inputs at once; a larger batch has smaller maps, so that graphs take as long.
    """

    batch = 1

    @property
    def elements(self) -> int:
        """Elements of a map of one input, at most."""
        return ELEMENTS // self.batch

    @property
    def macs(self) -> int:
        """Multiply-accumulates of a convolution of one input, at most."""
        return MACS // self.batch


def synthetic_graph(seed: int, *, batch: int = 1) -> Flat:
    """Return the graph of a number for so many inputs at once; the same number gives the same graph.

    >>> synthetic_graph(3) == synthetic_graph(3)
    True
    """
    rng = BoundedRandom(f"chain {seed}")
    rng.batch = batch
    if seed % 12 == 11:
        return _closed(_fully_connected(_start((_near(64, 16_000, rng),)), rng))
    if seed % 40 == 0:
        return _closed(_heavy(_start((_near(128, 512, rng), *(max(1, round(7 / batch**0.5)),) * 2)), rng))
    x = _common(_start(_map(rng)), rng)
    x = SPECIAL[seed % len(SPECIAL)](x, rng)
    while len(x.trace.nodes) < LENGTH:
        x = _common(x, rng)
    if _elements(x) <= 50_000 and rng.random() < 0.3:
        ops.linear(x, width=_near(10, 2000, rng))
    return _closed(x)


def _start(shape: Shape) -> Tensor:
    return Trace((shape,), Style()).arguments()[0]


def _closed(x: Tensor) -> Flat:
    trace = x.trace
    return Flat(trace.inputs, tuple(trace.nodes), (len(trace.nodes),))


def _near(low: float, high: float, rng: BoundedRandom) -> int:
    """Return a whole number, even in its logarithm; four of five are multiples of 8 where that is near."""
    value = exp(rng.uniform(log(low), log(high)))
    return 8 * round(value / 8) if value >= 16 and rng.random() < 0.8 else max(1, round(value))


def _map(rng: BoundedRandom) -> Shape:
    """Return the shape of an input: mostly an image or a map within a network."""
    rank = rng.choices((2, 1, 3), (86, 9, 5))[0]
    extent = {1: (32, 8192), 2: (4, 288), 3: (4, 24)}[rank]
    n = max(4, round(_near(*extent, rng) / rng.batch ** (1 / rank)))
    most = max(1, rng.elements // n**rank)
    channels = rng.choice((1, 3, 3, 4)) if rng.random() < 0.3 else _near(4, 1024, rng)
    return (min(channels, most), *(n,) * rank)


def _elements(x: Tensor) -> int:
    return prod(x.shape)


def _positions(x: Tensor) -> int:
    return prod(x.shape[1:])


def _common(x: Tensor, rng: BoundedRandom) -> Tensor:
    """Place what most networks are made of."""
    return rng.choices((_block, _residual, _gate, _branches, _pool), (10, 3, 1, 2, 1))[0](x, rng)


def _block(x: Tensor, rng: BoundedRandom) -> Tensor:
    x = _convolution(x, rng)
    if rng.random() < 0.7:
        x = place(norm_operator("batch", x.channels, x.rank), x)
    return ops.activation(x, rng.choice(FUNCTIONS)) if rng.random() < 0.8 else x


def _convolution(x: Tensor, rng: BoundedRandom) -> Tensor:
    """Place a convolution: 1x1, of a larger kernel, dilated, depthwise or in groups."""
    smallest = min(x.shape[1:])
    kernel = rng.choices((1, 3, 5, 7, 2, 4, 11), (40, 34, 8, 5, 3, 3, 2))[0] if smallest > 4 else 1
    kernel = min(kernel, 3) if x.rank == 3 else kernel
    stride = 2 if smallest >= 8 and rng.random() < 0.15 else 1
    stride = 4 if smallest >= 64 and rng.random() < 0.1 else stride
    if _most(x, kernel, stride, 1, rng) < NARROW:
        kernel, stride = 1, 2 if smallest >= 8 else 1
    dilation = 2 if kernel == 3 and smallest > 8 and rng.random() < 0.1 else 1
    kind = rng.choices(("dense", "depthwise", "grouped"), (70, 18, 12) if kernel > 1 else (92, 0, 8))[0]
    groups = x.channels if kind == "depthwise" and x.channels > 4 else 1
    if kind == "grouped":
        groups = rng.choice([g for g in (2, 4, 8, 16, 32) if x.channels % g == 0] or [1])
    width = x.channels if groups == x.channels else _width(x, kernel, stride, groups, rng)
    bias = rng.random() < 0.3
    padding = "same" if kernel % 2 else kernel // 2
    return ops.conv(
        x,
        width=width,
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        bias=bias,
    )


def _width(x: Tensor, kernel: int, stride: int, groups: int, rng: BoundedRandom) -> int:
    """Return a width that keeps a convolution within the bounds, a multiple of its groups."""
    most = _most(x, kernel, stride, groups, rng)
    low = min(8, max(1, most))
    return max(1, _near(low, max(low, most), rng) // groups) * groups


def _most(x: Tensor, kernel: int, stride: int, groups: int, rng: BoundedRandom) -> int:
    """Return the largest width that keeps a convolution within the bounds."""
    fan_in = kernel**x.rank * x.channels // groups
    positions = max(1, _positions(x) // stride**x.rank)
    bounds = (rng.macs // (fan_in * positions), WEIGHTS // fan_in, rng.elements // positions, 2048)
    return int(min(bounds))


def _residual(x: Tensor, rng: BoundedRandom) -> Tensor:
    y = ops.activation(x, rng.choice(FUNCTIONS))
    y = place(norm_operator("batch", y.channels, y.rank), y) if rng.random() < 0.5 else y
    return ops.activation(ops.add(x, y), "relu")


def _gate(x: Tensor, rng: BoundedRandom) -> Tensor:
    """Place a squeeze-and-excitation gate: a factor for each channel."""
    y = ops.conv(ops.global_avgpool(x), width=max(1, x.channels // 8), kernel=1, bias=True)
    y = ops.conv(ops.activation(y, "relu"), width=x.channels, kernel=1, bias=True)
    return ops.multiply(x, ops.activation(y, "sigmoid"))


def _branches(x: Tensor, rng: BoundedRandom) -> Tensor:
    """Place a concatenation, of which one part may have little to add."""
    if 2 * _elements(x) > rng.elements:
        return _block(x, rng)
    y = ops.conv(x, width=min(_width(x, 1, 1, 1, rng), x.channels), kernel=1, bias=False)
    return ops.concat(x, y)


def _pool(x: Tensor, rng: BoundedRandom) -> Tensor:
    if min(x.shape[1:]) < 6:
        return _block(x, rng)
    kernel, stride = rng.choice(((2, 2), (3, 2), (3, 1), (2, 2)))
    padding = 1 if kernel == 3 and rng.random() < 0.5 else 0
    pool = ops.maxpool if rng.random() < 0.7 else ops.avgpool
    return pool(x, kernel=kernel, stride=stride, padding=padding)


def _fully_connected(x: Tensor, rng: BoundedRandom) -> Tensor:
    """Place linear layers; now and then one whose weights fit no cache."""
    while len(x.trace.nodes) < 6:
        most = (20_000_000 if rng.random() < 0.3 else 2_000_000) // -(-rng.batch // 8)
        x = ops.linear(x, width=min(_near(10, 4096, rng), max(10, most // x.channels)))
        x = ops.activation(x, rng.choice(("relu", "tanh", "softmax")))
    return x


def _heavy(x: Tensor, rng: BoundedRandom) -> Tensor:
    """Place a convolution whose weights fit no cache, such as one that reads a map as a whole."""
    kernel = rng.choice((3, 5, 7))
    width = _near(4e6, 3e7, rng) // (kernel**2 * x.channels)
    return ops.activation(ops.conv(x, width=width, kernel=kernel, bias=True), "relu")


def _divisible_by_8(x: Tensor, rng: BoundedRandom) -> Tensor:
    """Return the map, behind a convolution to a width that 8 divides if its own is not."""
    if x.channels % 8 == 0:
        return x
    return ops.conv(x, width=max(8, _width(x, 1, 1, 1, rng) // 8 * 8), kernel=1, bias=False)


def _norm(word: str | Term) -> Part:
    def part(x: Tensor, rng: BoundedRandom) -> Tensor:
        x = _divisible_by_8(x, rng)
        return x if _elements(x) < 16 else place(norm_operator(word, x.channels, x.rank), x)

    return part


def _act(word: str) -> Part:
    return lambda x, rng: ops.activation(x, word)


def _pooled(x: Tensor, most: int = 32) -> Tensor:
    """Return the map, pooled to an extent that operators of quadratic cost can bear."""
    step = -(-max(x.shape[1:]) // most)
    return x if step < 2 else ops.maxpool(x, kernel=step, padding="valid")


def _transposed(x: Tensor, rng: BoundedRandom) -> Tensor:
    x = _pooled(x, 64)
    kernel, stride = rng.choice(((2, 2), (4, 2), (3, 1), (3, 2), (5, 2), (9, 4), (8, 4), (16, 8), (32, 16)))
    if x.rank == 3 or _elements(x) * stride**x.rank > rng.elements:
        kernel, stride = 3, 1
    most = min(WEIGHTS, rng.macs // _positions(x)) // (kernel**x.rank * x.channels)
    width = _near(1, max(1, min(most, 512, rng.elements // (_positions(x) * stride**x.rank))), rng)
    return ops.transposed_conv(x, width=width, kernel=kernel, stride=stride, bias=False)


def _upsample(x: Tensor, rng: BoundedRandom) -> Tensor:
    x = _pooled(x, 64)
    mode = rng.choice(("nearest", "bilinear"))
    return x if _elements(x) * 2**x.rank > rng.elements else ops.upsample(x, scale=2, mode=mode)


def _shuffle(x: Tensor, rng: BoundedRandom) -> Tensor:
    x = _divisible_by_8(x, rng)
    left, right = ops.split(ops.channel_shuffle(x, groups=rng.choice((2, 4, 8))))
    return ops.concat(left, ops.activation(right, "relu"))


def _pad(x: Tensor, rng: BoundedRandom) -> Tensor:
    x = ops.pad(x, sides=rng.choice((1, 2, 3)))
    return ops.centre_crop(x, tuple([max(1, n - 2) for n in x.shape[1:]]))


def _deformed(x: Tensor, rng: BoundedRandom) -> Tensor:
    if x.rank != 2:
        return _masked(x, rng)
    x = _pooled(x)
    return ops.deform_conv(x, width=_width(x, 3, 1, 1, rng), kernel=3, bias=False)


def _masked(x: Tensor, rng: BoundedRandom) -> Tensor:
    x = _pooled(x, 64)
    return ops.masked_conv(x, width=_width(x, 3, 1, 1, rng), kernel=3, mask="B", bias=True)


def _attention(x: Tensor, rng: BoundedRandom) -> Tensor:
    x = _pooled(_divisible_by_8(x, rng), 24 if x.rank < 3 else 8)
    query, key, value = [ops.conv(x, width=x.channels, kernel=1, bias=True) for _ in range(3)]
    return ops.attend(query, key, value, heads=rng.choice((1, 2, 4, 8)))


def _unpool(x: Tensor, rng: BoundedRandom) -> Tensor:
    if min(x.shape[1:]) < 2:
        return x
    return ops.unpool(ops.maxpool(x, kernel=2), x, kernel=2)


def _global(x: Tensor, rng: BoundedRandom) -> Tensor:
    y = ops.global_maxpool(x) if rng.random() < 0.5 else ops.global_avgpool(x)
    return ops.multiply(x, ops.activation(y, "sigmoid"))


def _flattened(x: Tensor, rng: BoundedRandom) -> Tensor:
    """Place the head of a network beside its trunk: a map flattened, and what reads it."""
    y = ops.linear(ops.flatten(_pooled(x, 8)), width=_near(8, 64, rng)) if x.channels <= 1024 else x
    ops.activation(y, "tanh")
    return x


SPECIAL: tuple[Part, ...] = (
    *(_transposed, _upsample, _shuffle, _pad, _deformed, _masked, _attention),
    lambda x, rng: ops.gdn(_pooled(x, 64), inverse=rng.random() < 0.5),
    _unpool,
    lambda x, rng: ops.carry(ops.activation(x, "relu"), x, ops.activation(x, "sigmoid")),
    _global,
    lambda x, rng: ops.local_response_norm(x, size=5),
    lambda x, rng: ops.scale(x, start=Fraction(1, 10)),
    *(_flattened, _global, _transposed, _flattened),
    *(_norm("layer"), _norm("instance"), _norm(Term("group", (8,)))),
    *(_act("softmax"), _act("elu"), _act("mish"), _act("softplus"), _act("hardsigmoid"), _act("prelu")),
)
"""What some networks have; each graph has one of them, in turn."""
