"""Zeros in place of a map, and the parameter-free shortcut that widens it with them."""

from __future__ import annotations

from typing import ClassVar

from ..errors import ShapeError
from ..graph import Example, Op, Shape, Tensor, check_map, place
from ..values import Value
from .text import every

__all__ = ["Widen", "Zero", "pad_channels", "widen", "zero"]


class _Thinned(Op):
    """Every s-th position of a map."""

    stride: int

    def shape(self, *inputs: Shape) -> Shape:
        """Return (C, ceil(N / s)) per axis."""
        return inputs[0][0], *[-(-n // self.stride) for n in inputs[0][1:]]

    def field(self, inputs: tuple[Shape, ...]) -> tuple[Shape, Shape]:
        """Return the stride."""
        rank = len(inputs[0]) - 1
        return (1,) * rank, (self.stride,) * rank


class Zero(_Thinned):
    """0 x at every s-th position (Dong and Yang 2020, `none`): an edge of a cell that is not there."""

    kind: ClassVar[str] = "zero"
    copies: ClassVar[bool] = True
    zero: ClassVar[bool] = True
    operations: ClassVar[int] = 1
    example: ClassVar[Example] = Example((2,))

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `x * 0`, or `x[..., ::s, ::s] * 0`."""
        return f"{every(arguments[0], values['stride'], rank)} * 0"


class Widen(_Thinned):
    """x at every s-th position, and further channels of zeros (He et al. 2015, shortcut A), after its own."""

    more: int
    before: int = 0
    kind: ClassVar[str] = "widen"
    copies: ClassVar[bool] = True
    example: ClassVar[Example] = Example((2, 4))

    def shape(self, *inputs: Shape) -> Shape:
        """Return (C + more, ceil(N / s)) per axis."""
        channels, *extent = super().shape(*inputs)
        return self.before + channels + self.more, *extent

    @property
    def identity(self) -> bool:
        """Every position and no further channel change nothing."""
        return self.stride == 1 and self.more == self.before == 0

    def attributes(self) -> dict[str, Value]:
        """Return the attributes by name; channels before its own only where there are any."""
        attributes = super().attributes()
        if not self.before:
            del attributes["before"]
        return attributes

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `F.pad(x[..., ::s, ::s], (0, 0, 0, 0, before, more))`."""
        thin = every(arguments[0], values["stride"], rank)
        return f"F.pad({thin}, ({'0, ' * (2 * rank)}{values.get('before', '0')}, {values['more']}))"


def zero(x: Tensor, *, stride: int = 1, scope: str = "") -> Tensor:
    """Place a zero.

    Raises:
        ShapeError: If a flat vector is to be strided.
    """
    if stride > 1:
        check_map(x, "a stride")
    return place(Zero(stride=stride), x, scope)


def widen(x: Tensor, *, width: int, stride: int = 1, scope: str = "") -> Tensor:
    """Place a parameter-free shortcut.

    Raises:
        ShapeError: If it would have to lose channels.
    """
    if width < x.channels:
        raise ShapeError(f"padding cannot make {width} channels of {x.channels}; use a projection")
    return place(Widen(stride=stride, more=width - x.channels), x, scope)


def pad_channels(x: Tensor, before: int, after: int, *, scope: str = "") -> Tensor:
    """Place channels of zeros before and after those of a map; nothing where there are none to place."""
    return place(Widen(stride=1, more=after, before=before), x, scope) if before or after else x
