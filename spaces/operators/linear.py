"""Fully connected layers, and maps as vectors."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from ..errors import ShapeError
from ..graph import Example, Op, Shape, Tensor, Totals, Workload, make, place
from ..memory_use import SAVES_INPUT, VIEW, Footprint
from ..values import Value, shape_text
from .initializers import Initialised

__all__ = ["Flatten", "Linear", "Reshape", "flatten", "linear", "reshape"]


class Linear(Initialised):
    """y = W x + b over the features of a flat vector."""

    inputs: int
    outputs: int
    bias: bool
    init: str | None = None
    kind: ClassVar[str] = "linear"
    stateful: ClassVar[bool] = True
    weighted: ClassVar[bool] = True
    footprint: ClassVar[Footprint] = SAVES_INPUT
    workload: ClassVar[Workload] = "linear"
    example: ClassVar[Example] = Example((8, 12, True), ((8,),))

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
        return self.started(f"nn.Linear({values['inputs']}, {values['outputs']}{bias})")


class Flatten(Op):
    """A map as one vector of features; it moves no data and costs nothing."""

    kind: ClassVar[str] = "flatten"
    copies: ClassVar[bool] = True
    whole: ClassVar[bool] = True  # each feature of the vector is read by the layers that follow
    footprint: ClassVar[Footprint] = VIEW
    text: ClassVar[str] = "torch.flatten({0}, 1)"

    def shape(self, *inputs: Shape) -> Shape:
        """Return (C times the extents,)."""
        return (prod(inputs[0]),)


class Reshape(Op):
    """A flat vector as a map, channels first; it moves no data and costs nothing."""

    size: Shape
    kind: ClassVar[str] = "reshape"
    copies: ClassVar[bool] = True
    footprint: ClassVar[Footprint] = VIEW
    workload: ClassVar[Workload] = "view"
    example: ClassVar[Example] = Example(((4, 3, 2),), ((24,),))

    def shape(self, *inputs: Shape) -> Shape:
        """Return the size of the map, which holds as many elements.

        Raises:
            ShapeError: If the input is not a vector of that many features.
        """
        if inputs[0] != (prod(self.size),):
            raise ShapeError(
                f"{shape_text(self.size)} holds {prod(self.size)} flat features, "
                f"but got {shape_text(inputs[0])}"
            )
        return self.size

    def attributes(self) -> dict[str, Value]:
        """Return the size as a word: it is written as a whole, and is the same in every use of a class."""
        return {"size": shape_text(self.size)}

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `torch.unflatten(x, 1, (C, H, W))`."""
        return f"torch.unflatten({arguments[0]}, 1, {self.size})"


def linear(x: Tensor, *, width: int, bias: bool = True, scope: str = "") -> Tensor:
    """Place a linear layer, its weights started as the network's; a map is flattened first."""
    if x.rank:
        x = flatten(x, scope=scope)
    return place(Linear(inputs=x.channels, outputs=width, bias=bias, init=x.style.init), x, scope)


def flatten(x: Tensor, *, scope: str = "") -> Tensor:
    """Place a flatten."""
    return place(Flatten(), x, scope)


def reshape(x: Tensor, *, size: Shape, scope: str = "") -> Tensor:
    """Place a reshape of a flat vector."""
    return place(Reshape(size=size), x, scope)
