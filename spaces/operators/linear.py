"""Fully connected layers."""

from __future__ import annotations

from math import prod
from typing import ClassVar, NamedTuple

from ..graph import NoFields, Op, Shape, Tensor, Totals, make, place


class LinearFields(NamedTuple):
    """What a `Linear` is given."""

    inputs: int
    outputs: int
    bias: bool


class Linear(Op, LinearFields):
    """y = W x + b over the features of a flat vector."""

    __slots__ = ()
    kind: ClassVar[str] = "linear"
    stateful: ClassVar[bool] = True
    weighted: ClassVar[bool] = True

    def shape(self, *inputs: Shape) -> Shape:
        """Return (outputs,)."""
        return (self.outputs,)

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return (N + 1) M parameters, N M macs, and one addition of the bias per output."""
        n, m = self.inputs, self.outputs
        return make(Totals, ((n + self.bias) * m, n * m, m if self.bias else 0, m))

    def module(self, values: dict[str, str], rank: int) -> str:
        """Return `nn.Linear(...)`."""
        bias = "" if values["bias"] == "True" else f", bias={values['bias']}"
        return f"nn.Linear({values['inputs']}, {values['outputs']}{bias})"


class Flatten(Op, NoFields):
    """A map as one vector of features; it moves no data and costs nothing."""

    __slots__ = ()
    kind: ClassVar[str] = "flatten"

    def shape(self, *inputs: Shape) -> Shape:
        """Return (C times the extents,)."""
        return (prod(inputs[0]),)

    def field(self, inputs: tuple[Shape, ...]) -> tuple[Shape, Shape]:
        """Return the whole map: each feature of the vector is read by the layers that follow."""
        return inputs[0][1:], (1,) * (len(inputs[0]) - 1)

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `torch.flatten(x, 1)`."""
        return f"torch.flatten({arguments[0]}, 1)"


def linear(x: Tensor, *, width: int, bias: bool = True, scope: str = "") -> Tensor:
    """Place a linear layer; a map is flattened first."""
    if x.rank:
        x = flatten(x, scope=scope)
    return place(Linear(inputs=x.channels, outputs=width, bias=bias), x, scope)


def flatten(x: Tensor, *, scope: str = "") -> Tensor:
    """Place a flatten."""
    return place(Flatten(), x, scope)
