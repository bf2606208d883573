"""The units of ShuffleNet: grouped 1x1 convolutions, and channels that change groups between them."""

from __future__ import annotations

from ..errors import ShapeError
from ..graph import Tensor
from ..operators import avgpool, channel_range, channel_shuffle, channels, concat, norm
from ..operators import split as halves
from .block import block
from .kinds import Parts
from .parts import act, conv_norm_act, styled_conv


@block(styled=False, repeats=False)
def split(x: Tensor, *, part: int, parts: Parts = 2) -> Tensor:
    """One of several parts of the channels, counted from 1: equal ones, or of so many channels each."""
    count = parts if isinstance(parts, int) else len(parts)
    if part > count:
        raise ShapeError(f"part {part} is beyond the {count} parts")
    if isinstance(parts, int):
        return channels(x, parts=parts, part=part - 1)
    return channel_range(x, sizes=parts, part=part - 1)


@block(styled=False, repeats=False)
def shuffle(x: Tensor, *, groups: int) -> Tensor:
    """The first channel of every group, then the second of every group, ... (Zhang et al. 2018, fig. 1c)."""
    return channel_shuffle(x, groups=groups)


@block
def shufflev1(x: Tensor, *, width: int, groups: int = 3, stride: int = 1) -> Tensor:
    """x + f(x), f = grouped 1x1, shuffle, depthwise 3x3, grouped 1x1 (Zhang et al. 2018, fig. 2b).

    With a stride, f(x) stands beside the 3x3 average of x (fig. 2c). Inside f are
    `width / 4` channels; an input of fewer is not grouped, as in the paper's stage 2.
    """  # noqa: D403
    _check_kept(x, width, stride)
    hidden, beside = width // 4, 0 if stride == 1 else x.channels
    if hidden < 1 or width <= beside:
        raise ShapeError(f"width {width} is too narrow for a unit on {x.channels} channels")
    y = conv_norm_act(x, width=hidden, kernel=1, groups=1 if x.channels < hidden else groups)
    y = channel_shuffle(y, groups=groups)
    y = norm(styled_conv(y, width=hidden, stride=stride, groups=hidden))
    y = norm(styled_conv(y, width=width - beside, kernel=1, groups=groups))
    return act(concat(avgpool(x, kernel=3, stride=stride), y) if beside else x + y)


@block
def shufflev2(x: Tensor, *, width: int, stride: int = 1) -> Tensor:
    """shuffle[x1, f(x2)], f = 1x1, depthwise 3x3, 1x1; x1 and x2 are halves of x (Ma et al. 2018, fig. 3c).

    With a stride both are x, and x1 takes a depthwise 3x3 and a 1x1 convolution
    (fig. 3d).
    """
    _check_kept(x, width, stride)
    if width % 2:
        raise ShapeError(f"width {width} has no half")
    half = width // 2
    short, y = halves(x, scope="half") if stride == 1 else (_strided(x, half, stride), x)
    y = conv_norm_act(y, width=half, kernel=1)
    y = norm(styled_conv(y, width=half, stride=stride, groups=half))
    y = conv_norm_act(y, width=half, kernel=1)
    return channel_shuffle(concat(short, y), groups=2)


def _strided(x: Tensor, width: int, stride: int) -> Tensor:
    """Place the left branch of a strided unit: depthwise 3x3, 1x1."""
    y = styled_conv(x, width=x.channels, stride=stride, groups=x.channels, scope="short")
    return conv_norm_act(norm(y, scope="short"), width=width, kernel=1, scope="short")


def _check_kept(x: Tensor, width: int, stride: int) -> None:
    if stride == 1 and width != x.channels:
        raise ShapeError(f"a unit of stride 1 keeps its {x.channels} channels, but got width {width}")
