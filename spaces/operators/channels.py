"""Channel splits and shuffles; no arithmetic."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from ..brackets import bracketed
from ..errors import ShapeError
from ..graph import Example, Op, Shape, Tensor, Workload, place
from ..memory_use import SHARES, VIEW, Footprint, Size

__all__ = ["ChannelShuffle", "Split", "channel_shuffle", "channels", "split"]


class Split(Op):
    """One of several equal parts of the channels, counted from 0."""

    parts: int
    part: int
    kind: ClassVar[str] = "split"
    workload: ClassVar[Workload] = "view"
    example: ClassVar[Example] = Example((2, 1))

    def shape(self, *inputs: Shape) -> Shape:
        """Return the share of the channels, and the extent."""
        return inputs[0][0] // self.parts, *inputs[0][1:]

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """A share is a view; its gradient stands among zeros for the others."""
        return Footprint(view=True, backward=Size(prod(inputs[0]) - prod(output))) if training else VIEW

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `x.chunk(2, dim=1)[0]`."""
        return f"{bracketed(arguments[0])}.chunk({values['parts']}, dim=1)[{values['part']}]"


class ChannelShuffle(Op):
    """The first channel of every group, then the second of every group, ... (Zhang et al. 2018, fig. 1c)."""

    groups: int
    kind: ClassVar[str] = "shuffle"
    footprint: ClassVar[Footprint] = SHARES  # the gradient is the same memory in another order
    helper: ClassVar[str] = "channel_shuffle"
    text: ClassVar[str] = "channel_shuffle({0}, {groups})"
    example: ClassVar[Example] = Example((2,))


def split(x: Tensor, *, parts: int = 2, scope: str = "") -> tuple[Tensor, ...]:
    """Place the split of the channels into equal parts.

    Raises:
        ShapeError: If the parts do not divide the channels.
    """
    return tuple([channels(x, parts=parts, part=part, scope=scope) for part in range(parts)])


def channels(x: Tensor, *, parts: int, part: int, scope: str = "") -> Tensor:
    """Place one of the equal parts of the channels, counted from 0.

    Raises:
        ShapeError: If the parts do not divide the channels.
    """
    if x.channels % parts:
        raise ShapeError(f"{x.channels} channels cannot be split into {parts} equal parts")
    return place(Split(parts, part), x, scope) if parts > 1 else x


def channel_shuffle(x: Tensor, *, groups: int, scope: str = "") -> Tensor:
    """Place a shuffle of the channels; nothing where it leaves them as they are.

    Raises:
        ShapeError: If the groups do not divide the channels.
    """
    if x.channels % groups:
        raise ShapeError(f"{groups} groups must divide {x.channels} channels")
    return x if groups in (1, x.channels) else place(ChannelShuffle(groups), x, scope)
