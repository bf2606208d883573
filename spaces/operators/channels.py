"""Parts of the channels, their order, a softmax across parts, and pooling over all channels."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from ..brackets import bracketed
from ..errors import ShapeError
from ..graph import Example, Op, Shape, Tensor, Totals, Workload, check_map, make, place
from ..memory_use import SAVES_OUTPUT, SHARES, VIEW, Footprint, Size
from .activation import activation

__all__ = ["ChannelMax", "ChannelMean", "ChannelShuffle", "PartSoftmax", "Slice", "Split"]
__all__ += ["channel_max", "channel_mean", "channel_range", "channel_shuffle", "channels"]
__all__ += ["part_softmax", "split"]


class Split(Op):
    """One of several equal parts of the channels, counted from 0."""

    parts: int
    part: int
    kind: ClassVar[str] = "split"
    copies: ClassVar[bool] = True
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


class Slice(Op):
    """The channels from `start`, counted from 0, up to `stop`, which is not among them."""

    start: int
    stop: int
    kind: ClassVar[str] = "split"
    workload: ClassVar[Workload] = "view"
    example: ClassVar[Example] = Example((2, 7))

    def shape(self, *inputs: Shape) -> Shape:
        """Return so many channels, and the extent."""
        return self.stop - self.start, *inputs[0][1:]

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """A part is a view; its gradient stands among zeros for the others."""
        return Footprint(view=True, backward=Size(prod(inputs[0]) - prod(output))) if training else VIEW

    def call(self, arguments: list[str], values: dict[str, str], rank: int) -> str:
        """Return `x[:, 16:64]`."""
        return f"{bracketed(arguments[0])}[:, {values['start']}:{values['stop']}]"


class PartSoftmax(Op):
    """exp(x_i) / sum_j exp(x_j) across equal parts of the channels, by element (Li et al. 2019, eq. 5)."""

    parts: int
    kind: ClassVar[str] = "softmax"
    operations: ClassVar[int] = 3  # as of the softmax across channels
    footprint: ClassVar[Footprint] = SAVES_OUTPUT
    text: ClassVar[str] = "{0}.unflatten(1, ({parts}, -1)).softmax(1).flatten(1, 2)"
    example: ClassVar[Example] = Example((2,))


class Mean(Op):
    """The mean of several elements in place of them."""

    kind: ClassVar[str] = "mean"
    copies: ClassVar[bool] = True

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return an addition for each element but one of those averaged, and a division."""
        return make(Totals, (0, 0, prod(inputs[0]), 0))


class Max(Op):
    """The largest of several elements in place of them."""

    kind: ClassVar[str] = "max"
    copies: ClassVar[bool] = True

    def costs(self, inputs: tuple[Shape, ...], output: Shape) -> Totals:
        """Return a comparison for each element but one of those compared."""
        return make(Totals, (0, 0, prod(inputs[0]) - prod(output), 0))

    def memory(self, inputs: tuple[Shape, ...], output: Shape, training: bool) -> Footprint:
        """Autograd keeps the places of the maxima, as inference makes them; its zeros are made twice."""
        places = Size(indices=prod(output))
        if training:
            return Footprint(keeps=places, backward=Size(prod(inputs[0])))
        return Footprint(during=places)


class _ChannelPool(Op):
    """One number for all channels of each position."""

    def shape(self, *inputs: Shape) -> Shape:
        """Return one channel, and the extent."""
        return 1, *inputs[0][1:]


class ChannelMean(Mean, _ChannelPool):
    """The mean over the channels of each position (Woo et al. 2018, section 3)."""

    text: ClassVar[str] = "{0}.mean(1, keepdim=True)"


class ChannelMax(Max, _ChannelPool):
    """The largest value among the channels of each position (Woo et al. 2018, section 3)."""

    text: ClassVar[str] = "{0}.max(1, keepdim=True).values"


class ChannelShuffle(Op):
    """The first channel of every group, then the second of every group, ... (Zhang et al. 2018, fig. 1c)."""

    groups: int
    kind: ClassVar[str] = "shuffle"
    copies: ClassVar[bool] = True
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


def channel_range(x: Tensor, *, sizes: Shape, part: int, scope: str = "") -> Tensor:
    """Place one part of the channels, counted from 0, of parts of given sizes.

    Raises:
        ShapeError: If the sizes do not add up to the channels.
    """
    if sum(sizes) != x.channels:
        law = f"parts of {', '.join(map(str, sizes))} channels hold {sum(sizes)}"
        raise ShapeError(f"{law}, but the map has {x.channels}")
    if len(set(sizes)) == 1:
        return channels(x, parts=len(sizes), part=part, scope=scope)
    start = sum(sizes[:part])
    return place(Slice(start=start, stop=start + sizes[part]), x, scope)


def part_softmax(x: Tensor, *, parts: int, scope: str = "") -> Tensor:
    """Place a softmax across equal parts of the channels; with a part for each channel it is the plain one.

    Raises:
        ShapeError: If the parts do not divide the channels.
    """
    if x.channels % parts:
        raise ShapeError(f"{x.channels} channels cannot be split into {parts} equal parts")
    if parts == x.channels:
        return activation(x, "softmax", scope=scope)
    return place(PartSoftmax(parts), x, scope)


def channel_mean(x: Tensor, *, scope: str = "") -> Tensor:
    """Place the mean over the channels; nothing for a single one."""
    check_map(x, "a mean over the channels")
    return x if x.channels == 1 else place(ChannelMean(), x, scope)


def channel_max(x: Tensor, *, scope: str = "") -> Tensor:
    """Place the maximum over the channels; nothing for a single one."""
    check_map(x, "a maximum over the channels")
    return x if x.channels == 1 else place(ChannelMax(), x, scope)


def channel_shuffle(x: Tensor, *, groups: int, scope: str = "") -> Tensor:
    """Place a shuffle of the channels; nothing where it leaves them as they are.

    Raises:
        ShapeError: If the groups do not divide the channels.
    """
    if x.channels % groups:
        raise ShapeError(f"{groups} groups must divide {x.channels} channels")
    return x if groups in (1, x.channels) else place(ChannelShuffle(groups), x, scope)
