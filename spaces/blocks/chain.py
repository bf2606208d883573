"""The plain rows of a chain: convolutions, norms, pooling, linear layers, dropout."""

from __future__ import annotations

from fractions import Fraction

from .. import operators
from ..errors import ShapeError
from ..graph import Tensor
from ..values import Term
from .block import block
from .kinds import Odd, OptionalAct, OptionalSize, Over, Padding, PoolPadding, Rate, Size
from .parts import conv_norm_act, norm_act, typed_conv


@block
def conv(
    x: Tensor,
    *,
    width: int,
    kernel: Size = 3,
    stride: Size = 1,
    padding: Padding = "same",
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution, norm, activation."""
    return conv_norm_act(
        x, width=width, kernel=kernel, stride=stride, padding=padding, dilation=dilation, groups=groups
    )


@block
def separable(x: Tensor, *, width: int, kernel: Odd = 3, stride: int = 1) -> Tensor:
    """Depthwise kxk and pointwise 1x1 convolution, each with norm and act (Howard et al. 2017, fig. 3)."""
    return norm_act(typed_conv(x, conv=Term("separable"), width=width, kernel=kernel, stride=stride))


@block
def factorised(x: Tensor, *, width: int, kernel: Odd = 3, stride: int = 1) -> Tensor:
    """A kxk convolution as kx1 and 1xk, each with norm and activation (Szegedy et al. 2015, fig. 6)."""
    return norm_act(typed_conv(x, conv=Term("factorised"), width=width, kernel=kernel, stride=stride))


@block(repeats=False, lacks=("padding_mode",))
def norm(x: Tensor) -> Tensor:
    """Norm and activation, as after the last pre-activation block."""
    return norm_act(x)


@block(styled=False, repeats=False)
def lrn(x: Tensor, *, size: int = 5) -> Tensor:
    """Local response normalisation over neighbouring channels (Krizhevsky et al. 2012, section 3.3)."""
    return operators.local_response_norm(x, size=size)


@block(styled=False, repeats=False, excludes={"over": ("kernel", "stride", "padding")})
def maxpool(
    x: Tensor,
    *,
    kernel: OptionalSize = 2,
    stride: OptionalSize = None,
    padding: PoolPadding = "same",
    over: Over = "space",
) -> Tensor:
    """The largest value of each window; of the whole map with kernel none.

    The stride is the kernel unless given. Over channels, the largest value of all
    channels at each position; over the group, of the orientations of a `p4conv`.
    """
    if over != "space":
        return operators.channel_max(x) if over == "channels" else operators.group_max(x)
    if kernel is None:
        _check_whole(stride, padding)
        return operators.global_maxpool(x)
    return operators.maxpool(x, kernel=kernel, stride=stride, padding=padding)


@block(styled=False, repeats=False, excludes={"over": ("kernel", "stride", "padding", "pad_counts")})
def avgpool(
    x: Tensor,
    *,
    kernel: OptionalSize = None,
    stride: OptionalSize = None,
    padding: PoolPadding = "same",
    pad_counts: bool = True,
    over: Over = "space",
) -> Tensor:
    """The mean of each window; of the whole map without a kernel.

    Zeros of the padding count unless `pad_counts` is false. Over channels, the mean of
    all channels at each position; over the group, of the orientations of a `p4conv`.
    """
    if over != "space":
        return operators.channel_mean(x) if over == "channels" else operators.group_mean(x)
    if kernel is None:
        _check_whole(stride, padding)
        return operators.global_avgpool(x)
    return operators.avgpool(x, kernel=kernel, stride=stride, padding=padding, pad_counts=pad_counts)


@block(styled=False)
def linear(x: Tensor, *, width: int, act: OptionalAct = None, bias: bool = True) -> Tensor:
    """A fully connected layer; a map is flattened first."""
    return operators.activation(operators.linear(x, width=width, bias=bias), act)


@block(styled=False, repeats=False)
def dropout(x: Tensor, *, rate: Rate = Fraction(1, 2)) -> Tensor:
    """Zeroes a share of the elements while training (Srivastava et al. 2014)."""
    return operators.dropout(x, rate=rate)


def _check_whole(stride: object, padding: object) -> None:
    if stride is not None or padding != "same":
        raise ShapeError("a pooling of the whole map has no stride and no padding; give it a kernel")
