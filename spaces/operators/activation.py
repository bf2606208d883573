"""Nonlinearities: functions of each element, softmax across the channels, and PReLU with its slopes."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import ClassVar, NamedTuple

from ..graph import Example, Op, Shape, Tensor, Totals, make, place
from ..memory_use import SAVES_INPUT, SAVES_OUTPUT, Footprint, Size
from ..values import Term

__all__ = ["Activation", "LeakyReLU", "PReLU", "activation"]


class _Function(NamedTuple):
    """PyTorch's call for one activation, and its arithmetic operations per element."""

    call: str
    operations: int


FUNCTIONS: dict[str, _Function] = {
    "relu": _Function("F.relu({})", 1),
    "relu6": _Function("F.relu6({})", 2),
    "leaky_relu": _Function("F.leaky_relu({})", 2),
    "elu": _Function("F.elu({})", 3),
    "selu": _Function("F.selu({})", 4),
    "gelu": _Function("F.gelu({})", 5),
    "silu": _Function("F.silu({})", 5),
    "hardswish": _Function("F.hardswish({})", 5),
    "mish": _Function("F.mish({})", 10),
    "softplus": _Function("F.softplus({})", 3),
    "sigmoid": _Function("torch.sigmoid({})", 4),
    "hardsigmoid": _Function("F.hardsigmoid({})", 4),
    "tanh": _Function("torch.tanh({})", 6),
    "hardtanh": _Function("F.hardtanh({})", 2),
    "softmax": _Function("F.softmax({}, 1)", 3),
    "log_softmax": _Function("F.log_softmax({}, 1)", 3),
}
"""Comparisons, additions, multiplications, divisions, exponentials and logarithms count one each."""

OF_OUTPUT = ("relu", "sigmoid", "tanh", "softmax", "log_softmax")
"""Those whose derivative PyTorch writes in the output; all others need the input."""
ACTIVATIONS = (*FUNCTIONS, "prelu")
"""Every activation that a style can name; `leaky_relu(slope)` says its slope."""


class Activation(Op):
    """y = f(x) for each element; the softmaxes take the channels of each position together."""

    function: str
    kind: ClassVar[str] = "act"
    example: ClassVar[Example] = Example(("relu",))

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return the function's operations for every element."""
        return make(Totals, (0, 0, FUNCTIONS[self.function].operations * prod(output), 0))

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps what the derivative is written in: the output, or the input."""
        return SAVES_OUTPUT if self.function in OF_OUTPUT else SAVES_INPUT

    def timed_as(self, output: Shape) -> str:
        """Return the function's name: each has a kernel of its own."""
        return self.function

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `F.relu(x)` or its like."""
        return FUNCTIONS[self.function].call.format(arguments[0])


class LeakyReLU(Op):
    """y = max(x, 0) + a min(x, 0) with a slope a that is not PyTorch's own 0.01 (Maas et al. 2013)."""

    slope: Fraction
    kind: ClassVar[str] = "act"
    operations: ClassVar[int] = FUNCTIONS["leaky_relu"].operations  # a comparison and a multiplication
    footprint: ClassVar[Footprint] = SAVES_INPUT
    latency_class: ClassVar[str] = "leaky_relu"
    text: ClassVar[str] = "F.leaky_relu({0}, {slope})"
    example: ClassVar[Example] = Example((Fraction(1, 5),))


class PReLU(Op):
    """y = max(x, 0) + a min(x, 0) with a learned slope a for each channel (He et al. 2015, section 2.1)."""

    channels: int
    kind: ClassVar[str] = "act"
    stateful: ClassVar[bool] = True
    text: ClassVar[str] = "nn.PReLU({channels})"
    example: ClassVar[Example] = Example((8,))

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return a slope per channel; a comparison and a multiplication per element."""
        return make(Totals, (self.channels, 0, 2 * prod(output), 0))

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the input; every element has its own slope's gradient before they are summed."""
        return Footprint(saves=(0,), backward=Size(prod(output)))


def activation(x: Tensor, function: str | Term | None, *, scope: str = "") -> Tensor:
    """Place an activation, or nothing for None."""
    if function is None:
        return x
    if isinstance(function, Term):
        return place(LeakyReLU(slope=Fraction(function.args[0])), x, scope)
    return place(_OPERATORS.get(function) or PReLU(channels=x.channels), x, scope)


_OPERATORS = {function: Activation(function=function) for function in FUNCTIONS}
