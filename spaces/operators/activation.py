"""Nonlinearities: functions of each element, softmax across the channels, and PReLU with its slopes."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import ClassVar, NamedTuple

from ..graph import ANYTHING, Bounds, Example, Op, Shape, Tensor, Totals, make, place
from ..memory_use import SAVES_INPUT, SAVES_OUTPUT, Footprint, Size
from ..values import Term

__all__ = ["Activation", "LeakyReLU", "PReLU", "activation"]


class _Function(NamedTuple):
    """PyTorch's call for one activation, and what is known of it.

    Attributes:
        call: The call, a format of its argument.
        operations: Arithmetic operations per element.
        bounds: Between which values its own lie.
        unchanged: Between which values it returns what it reads.
        module: PyTorch's class of it, if that needs no arguments.
    """

    call: str
    operations: int
    bounds: Bounds = ANYTHING
    unchanged: Bounds | None = None
    module: str = ""


_POSITIVE, _UNIT = Bounds(low=0), Bounds(0, 1)

FUNCTIONS: dict[str, _Function] = {
    "relu": _Function("F.relu({})", 1, _POSITIVE, _POSITIVE, module="nn.ReLU"),
    "relu6": _Function("F.relu6({})", 2, Bounds(0, 6), Bounds(0, 6), module="nn.ReLU6"),
    "leaky_relu": _Function("F.leaky_relu({})", 2, unchanged=_POSITIVE, module="nn.LeakyReLU"),
    "elu": _Function("F.elu({})", 3, Bounds(low=-1), _POSITIVE, module="nn.ELU"),
    "selu": _Function("F.selu({})", 4, module="nn.SELU"),
    "gelu": _Function("F.gelu({})", 5, module="nn.GELU"),
    "silu": _Function("F.silu({})", 5, module="nn.SiLU"),
    "hardswish": _Function("F.hardswish({})", 5, module="nn.Hardswish"),
    "mish": _Function("F.mish({})", 10, module="nn.Mish"),
    "softplus": _Function("F.softplus({})", 3, _POSITIVE, module="nn.Softplus"),
    "sigmoid": _Function("torch.sigmoid({})", 4, _UNIT, module="nn.Sigmoid"),
    "hardsigmoid": _Function("F.hardsigmoid({})", 4, _UNIT, module="nn.Hardsigmoid"),
    "tanh": _Function("torch.tanh({})", 6, Bounds(-1, 1), module="nn.Tanh"),
    "hardtanh": _Function("F.hardtanh({})", 2, Bounds(-1, 1), Bounds(-1, 1), module="nn.Hardtanh"),
    "softmax": _Function("F.softmax({}, 1)", 3, _UNIT),
    "log_softmax": _Function("F.log_softmax({}, 1)", 3, Bounds(high=0)),
}
"""Comparisons, additions, multiplications, divisions, exponentials and logarithms count one each."""

USUAL_SLOPE = Fraction(1, 100)
"""The slope of PyTorch's leaky ReLU unless given."""
OF_OUTPUT = ("relu", "sigmoid", "tanh", "softmax", "log_softmax")
"""Those whose derivative PyTorch writes in the output; all others need the input."""
ACTIVATIONS = (*FUNCTIONS, "prelu")
"""Every activation that a style can name; `leaky_relu(slope)` says its slope, `prelu(1)` has one for all."""


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

    @property
    def unchanged(self) -> Bounds | None:
        """Between which values it returns what it reads: a rectifier what is positive."""
        return FUNCTIONS[self.function].unchanged

    def bounds(self, inputs: Sequence[Bounds]) -> Bounds:
        """Return between which values the function's own lie."""
        return FUNCTIONS[self.function].bounds

    @property
    def interchangeable(self) -> str:
        """PyTorch's class of the function."""
        return FUNCTIONS[self.function].module

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

    @property
    def unchanged(self) -> Bounds | None:
        """What is positive."""
        return _POSITIVE


class PReLU(Op):
    """y = max(x, 0) + a min(x, 0) with a learned slope a per channel, or one for all (He et al. 2015)."""

    channels: int
    kind: ClassVar[str] = "act"
    stateful: ClassVar[bool] = True
    text: ClassVar[str] = "nn.PReLU({channels})"
    example: ClassVar[Example] = Example((8,))

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return the slopes; a comparison and a multiplication per element."""
        return make(Totals, (self.channels, 0, 2 * prod(output), 0))

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the input; every element has its own slope's gradient before they are summed."""
        return Footprint(saves=(0,), backward=Size(prod(output)))


def activation(x: Tensor, function: str | Term | None, *, scope: str = "") -> Tensor:
    """Place an activation, or nothing for None."""
    if function is None:
        return x
    if isinstance(function, Term) and function.word == "prelu":
        return place(PReLU(channels=1), x, scope)
    if isinstance(function, Term):
        slope = Fraction(function.args[0])
        return place(LeakyReLU(slope) if slope != USUAL_SLOPE else _OPERATORS["leaky_relu"], x, scope)
    return place(_OPERATORS.get(function) or PReLU(channels=x.channels), x, scope)


_OPERATORS = {function: Activation(function=function) for function in FUNCTIONS}
