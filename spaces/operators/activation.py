"""Pointwise nonlinearities."""

from __future__ import annotations

from math import prod
from typing import ClassVar, NamedTuple

from ..graph import Op, Shape, Tensor, Totals, make, place


class _Function(NamedTuple):
    """PyTorch's call for one activation, and its arithmetic operations per element."""

    call: str
    operations: int


FUNCTIONS: dict[str, _Function] = {
    "relu": _Function("F.relu({})", 1),
    "relu6": _Function("F.relu6({})", 2),
    "leaky_relu": _Function("F.leaky_relu({})", 2),
    "elu": _Function("F.elu({})", 3),
    "gelu": _Function("F.gelu({})", 5),
    "silu": _Function("F.silu({})", 5),
    "hardswish": _Function("F.hardswish({})", 5),
    "sigmoid": _Function("torch.sigmoid({})", 4),
    "hardsigmoid": _Function("F.hardsigmoid({})", 4),
    "tanh": _Function("torch.tanh({})", 6),
}
"""Comparisons, additions, multiplications, divisions and exponentials count one each."""


class ActivationFields(NamedTuple):
    """What an `Activation` is given."""

    function: str


class Activation(Op, ActivationFields):
    """y = f(x) for each element."""

    __slots__ = ()
    kind: ClassVar[str] = "act"

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return the function's operations for every element."""
        return make(Totals, (0, 0, FUNCTIONS[self.function].operations * prod(output), 0))

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `F.relu(x)` or its like."""
        return FUNCTIONS[self.function].call.format(arguments[0])


def activation(x: Tensor, function: str | None, *, scope: str = "") -> Tensor:
    """Place an activation, or nothing for None."""
    return x if function is None else place(_OPERATORS[function], x, scope)


_OPERATORS = {function: Activation(function=function) for function in FUNCTIONS}
