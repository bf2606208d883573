"""Nothing, and the parameter-free shortcut."""

from __future__ import annotations

from math import prod
from typing import ClassVar, NamedTuple

from ..codegen.layout import PAIRS
from ..errors import ShapeError
from ..graph import Op, Shape, Tensor, Totals, make, place


class ZeroFields(NamedTuple):
    """What a `Zero` is given."""

    stride: int


class Zero(Op, ZeroFields):
    """0 x at every s-th position (Dong and Yang 2020, `none`): an edge of a cell that is not there."""

    __slots__ = ()
    kind: ClassVar[str] = "zero"
    zero: ClassVar[bool] = True

    def shape(self, *inputs: Shape) -> Shape:
        """Return (C, ceil(N / s)) per axis."""
        return thinned(inputs[0], self.stride)

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return a multiplication per element."""
        return make(Totals, (0, 0, prod(output), 0))

    def field(self, inputs: tuple[Shape, ...]) -> tuple[Shape, Shape]:
        """Return the stride."""
        rank = len(inputs[0]) - 1
        return (1,) * rank, (self.stride,) * rank

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `x * 0`, or `x[..., ::s, ::s] * 0`."""
        return f"{every(arguments[0], values['stride'], rank)} * 0"


class WidenFields(NamedTuple):
    """What a `Widen` is given."""

    stride: int
    more: int


class Widen(Op, WidenFields):
    """x at every s-th position, and further channels of zeros (He et al. 2015, shortcut A)."""

    __slots__ = ()
    kind: ClassVar[str] = "widen"

    def shape(self, *inputs: Shape) -> Shape:
        """Return (C + more, ceil(N / s)) per axis."""
        channels, *extent = thinned(inputs[0], self.stride)
        return channels + self.more, *extent

    @property
    def identity(self) -> bool:
        """Every position and no further channel change nothing."""
        return self.stride == 1 and self.more == 0

    def field(self, inputs: tuple[Shape, ...]) -> tuple[Shape, Shape]:
        """Return the stride."""
        rank = len(inputs[0]) - 1
        return (1,) * rank, (self.stride,) * rank

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `F.pad(x[..., ::s, ::s], (0, 0, 0, 0, 0, more))`."""
        thin = every(arguments[0], values["stride"], rank)
        return f"F.pad({thin}, ({'0, ' * (2 * rank + 1)}{values['more']}))"


def thinned(shape: Shape, stride: int) -> Shape:
    """Return the shape of every s-th position: (C, ceil(N / s)) per axis."""
    return shape[0], *[-(-n // stride) for n in shape[1:]]


def every(x: str, stride: str, rank: int) -> str:
    """Return the text of every s-th position of each axis; a sum or a product in brackets.

    >>> every("x", "2", 2), every("F.relu(x + y)", "1", 3), every("x + y", "1", 1)
    ('x[..., ::2, ::2]', 'F.relu(x + y)', '(x + y)')
    """
    x = bracketed(x)
    return x if stride == "1" or not rank else f"{x}[..., {', '.join([f'::{stride}'] * rank)}]"


def bracketed(text: str) -> str:
    """Return a text that an index or an operator may follow: a sum or a product in brackets."""
    depth = 0
    for character in text:
        depth += (character in PAIRS) - (character in PAIRS.values())
        if character == " " and depth == 0:
            return f"({text})"
    return text


def zero(x: Tensor, *, stride: int = 1, scope: str = "") -> Tensor:
    """Place a zero.

    Raises:
        ShapeError: If a flat vector is to be strided.
    """
    if not x.rank and stride > 1:
        raise ShapeError(f"a stride needs a map, but got {x.channels} flat features")
    return place(Zero(stride=stride), x, scope)


def widen(x: Tensor, *, width: int, stride: int = 1, scope: str = "") -> Tensor:
    """Place a parameter-free shortcut.

    Raises:
        ShapeError: If it would have to lose channels.
    """
    if width < x.channels:
        raise ShapeError(f"padding cannot make {width} channels of {x.channels}; use a projection")
    return place(Widen(stride=stride, more=width - x.channels), x, scope)
