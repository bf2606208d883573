"""The parts of blocks: a convolution with its norm and activation, shortcuts, gates."""

from __future__ import annotations

from fractions import Fraction
from typing import Required, TypedDict, Unpack

from ..errors import ShapeError
from ..graph import Shape, Tensor
from ..operators import activation, conv, deform_conv, droppath, global_avgpool, multiply, norm, widen
from ..operators.padding import Padding
from ..values import Term

STANDARD = Term("standard")


class Window(TypedDict, total=False):
    """How a convolution is placed; what is left out is as `operators.conv` has it."""

    width: Required[int]
    kernel: int | Shape
    stride: int | Shape
    padding: Padding
    dilation: int | Shape
    groups: int


def styled_conv(x: Tensor, *, scope: str = "", **window: Unpack[Window]) -> Tensor:
    """Place a convolution, with a bias where the network's style has one."""
    return conv(x, bias=has_bias(x), scope=scope, **window)


def has_bias(x: Tensor) -> bool:
    """Tell whether a convolution has a bias: where the network has no norm, unless `defaults` say."""
    style = x.trace.style
    return style.norm is None if style.bias is None else style.bias


def conv_norm_act(x: Tensor, *, scope: str = "", **window: Unpack[Window]) -> Tensor:
    """Place a convolution, the network's norm and the network's activation."""
    return norm_act(styled_conv(x, scope=scope, **window), scope=scope)


def act(x: Tensor, *, scope: str = "") -> Tensor:
    """Place the network's activation."""
    return activation(x, x.trace.style.act, scope=scope)


def norm_act(x: Tensor, *, scope: str = "") -> Tensor:
    """Place the network's norm and activation: the pre-activation of He et al. 2016."""
    return act(norm(x, scope=scope), scope=scope)


def typed_conv(
    x: Tensor, *, conv: Term, width: int, kernel: int = 3, stride: int = 1, scope: str = ""
) -> Tensor:
    """Place a kxk convolution of a type; norms and activations stand only between its own parts.

    `standard`; `grouped(n)`; `dilated(n)`; `separable`: depthwise kxk, 1x1 (Howard et al. 2017);
    `factorised`: kx1, 1xk (Szegedy et al. 2015, fig. 6); `deformable` (Dai et al. 2017).
    """
    if conv.word == "standard":
        return styled_conv(x, width=width, kernel=kernel, stride=stride, scope=scope)
    if conv.word == "separable":
        y = conv_norm_act(
            x,
            width=x.channels,
            kernel=kernel,
            stride=stride,
            groups=x.channels,
            scope=_join(scope, "depthwise"),
        )
        return styled_conv(y, width=width, kernel=1, scope=_join(scope, "pointwise"))
    if conv.word == "deformable":
        bias = has_bias(x)
        return deform_conv(x, width=width, kernel=kernel, stride=stride, bias=bias, scope=scope)
    if conv.word == "factorised":
        return _factorised(x, width=width, kernel=kernel, stride=stride, scope=scope)
    groups = int(conv.args[0]) if conv.word == "grouped" else 1
    dilation = int(conv.args[0]) if conv.word == "dilated" else 1
    return styled_conv(
        x, width=width, kernel=kernel, stride=stride, groups=groups, dilation=dilation, scope=scope
    )


def _factorised(x: Tensor, *, width: int, kernel: int, stride: int, scope: str) -> Tensor:
    """Place one convolution along each axis in turn."""
    for axis in range(x.rank):
        along = tuple([kernel if i == axis else 1 for i in range(x.rank)])
        step = tuple([stride if i == axis else 1 for i in range(x.rank)])
        if axis:
            x = norm_act(x, scope=scope)
        x = styled_conv(x, width=width, kernel=along, stride=step, scope=scope)
    return x


def shortcut(x: Tensor, *, width: int, stride: int, how: str = "projection") -> Tensor:
    """Return x where the shape is kept, else `projection`: a strided 1x1 convolution and norm, or `pad`.

    `pad` takes every s-th position and adds channels of zeros (He et al. 2015, options B and A).
    """
    if stride == 1 and width == x.channels:
        return x
    if how == "pad":
        return widen(x, width=width, stride=stride)
    return norm(styled_conv(x, width=width, kernel=1, stride=stride, scope="projection"), scope="projection")


def squeeze_excite(x: Tensor, ratio: Fraction | None) -> Tensor:
    """Place a squeeze-and-excitation with ratio C hidden units; nothing for None."""
    return x if ratio is None else excite(x, hidden=max(1, int(x.channels * ratio)))


def excite(x: Tensor, *, hidden: int, gate: str = "sigmoid", function: str | Term = "relu") -> Tensor:
    """x * sigmoid(W2 relu(W1 mean(x))) with so many hidden units (Hu et al. 2018, fig. 2)."""  # noqa: D403
    s = global_avgpool(x, scope="se")
    s = activation(conv(s, width=hidden, kernel=1, bias=True, scope="se"), function, scope="se")
    s = activation(conv(s, width=x.channels, kernel=1, bias=True, scope="se"), gate, scope="se")
    return multiply(x, s)


def drop(x: Tensor, rate: Fraction) -> Tensor:
    """Place a drop path; nothing for a rate of 0."""
    return droppath(x, rate=rate) if rate else x


def require_sum(rate: Fraction) -> None:
    """Raise if a block without its shortcut is to drop its only path."""
    if rate:
        raise ShapeError(
            f"droppath {rate} drops f(x) of x + f(x); with `shortcut: none` nothing would be left"
        )


def _join(scope: str, part: str) -> str:
    return f"{scope}_{part}" if scope else part
