"""Norms, activations, factors and joins, of which many go into the operator before."""

from __future__ import annotations

from archscape.spaces.graph import Op
from archscape.spaces.operators import (
    Activation,
    BatchNorm,
    Concat,
    Conv,
    LeakyReLU,
    Linear,
    PReLU,
    Scale,
    Times,
)

from .conversion import OPEN, WEIGHTED, Converter, Rule
from .tflite import factor

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


def view(to: Converter, op: Op, reads: tuple[int, ...]) -> int:
    """Nothing: the same map."""
    to.leave(to.room)
    return reads[0]


def batch_norm(to: Converter, op: BatchNorm, reads: tuple[int, ...]) -> int:
    """Nothing behind a layer with weights; else its parts."""
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


def activation(to: Converter, op: Activation, reads: tuple[int, ...]) -> int | None:
    """Nothing behind an operator that can end with it; else an operator."""
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


def times(to: Converter, op: Times, reads: tuple[int, ...]) -> int:
    """A product with a number, in the weights before or behind if it can be."""
    if to.room == WEIGHTED:
        to.leave(WEIGHTED)
        return reads[0]
    return _scaled(to, reads[0])


def scale(to: Converter, op: Scale, reads: tuple[int, ...]) -> int:
    """A product with a number for each channel, in the weights before if it can be."""
    if to.room == WEIGHTED:
        to.leave(WEIGHTED)
        return reads[0]
    to.leave(OPEN)
    return to.write("MUL", reads, to.node.shape, factor(op.channels))


def prelu(to: Converter, op: PReLU, reads: tuple[int, ...]) -> int:
    """max(x, 0) - a max(-x, 0)."""
    shape = to.node.shape
    positive = to.write("RELU", reads, shape)
    negative = to.write("MUL", (to.write("MUL", reads, shape, factor()),), shape, factor(op.channels))
    to.leave(OPEN)
    return to.write("SUB", (positive, negative), shape)


def chained(code: str) -> Rule:
    """Return the rule of an operator of two maps, taken from the first on."""

    def rule(to: Converter, op: Op, reads: tuple[int, ...]) -> int:
        tensor, *others = reads
        for other in others:
            tensor = to.write(code, (tensor, other), to.node.shape)
        to.leave(OPEN)
        return tensor

    return rule


def concat(to: Converter, op: Concat, reads: tuple[int, ...]) -> int:
    """Maps side by side; a concatenation that this one alone reads goes into it."""
    parts: list[int] = []
    for tensor, value in zip(reads, to.node.inputs, strict=True):
        step = to.writer(tensor)
        if step and step.code == "CONCATENATION" and len(to.users[value]) == 1:
            parts += step.inputs
            to.take_back(tensor)
        else:
            parts.append(tensor)
    return to.write("CONCATENATION", tuple(parts), to.node.shape)


def leaky(to: Converter, op: LeakyReLU, reads: tuple[int, ...]) -> int:
    """An operator of its own."""
    return to.write("LEAKY_RELU", reads, to.node.shape)
