"""Plain and residual blocks."""

from __future__ import annotations

from fractions import Fraction

from ..errors import ShapeError
from ..graph import Tensor
from ..operators import norm, widen
from ..values import Term
from .block import block
from .kinds import ConvType, Odd, OptionalRatio, Rate, Shortcut, StrideOn
from .parts import (
    STANDARD,
    act,
    conv_norm_act,
    drop,
    norm_act,
    require_sum,
    squeeze_excite,
    styled_conv,
    typed_conv,
)
from .parts import shortcut as passed_on


@block
def plain(
    x: Tensor,
    *,
    width: int,
    stride: int = 1,
    kernel: Odd = 3,
    conv: ConvType = STANDARD,
    se: OptionalRatio = None,
) -> Tensor:
    """f(x), f = kxk, kxk: the basic block without its shortcut (He et al. 2015, fig. 3 middle)."""
    y = norm_act(typed_conv(x, conv=conv, width=width, kernel=kernel, stride=stride))
    y = norm_act(typed_conv(y, conv=conv, width=width, kernel=kernel))
    return squeeze_excite(y, se)


@block
def basic(
    x: Tensor,
    *,
    width: int,
    stride: int = 1,
    kernel: Odd = 3,
    conv: ConvType = STANDARD,
    se: OptionalRatio = None,
    preact: bool = False,
    shortcut: Shortcut = "projection",
    droppath: Rate = Fraction(0),
) -> Tensor:
    """x + f(x), f = kxk, kxk (He et al. 2015, fig. 5 left; preact: He et al. 2016, fig. 4e).

    With `shortcut: none` it is f(x).
    """  # noqa: D403
    x, short = _entry(x, width=width, stride=stride, preact=preact, how=shortcut)
    y = norm_act(typed_conv(x, conv=conv, width=width, kernel=kernel, stride=stride))
    y = typed_conv(y, conv=conv, width=width, kernel=kernel)
    return _exit(y, short, se=se, preact=preact, droppath=droppath)


@block
def bottleneck(
    x: Tensor,
    *,
    width: int,
    stride: int = 1,
    kernel: Odd = 3,
    squeeze: int = 4,
    groups: int = 1,
    conv: ConvType = STANDARD,
    se: OptionalRatio = None,
    preact: bool = False,
    shortcut: Shortcut = "projection",
    stride_on: StrideOn = "kernel",
    droppath: Rate = Fraction(0),
) -> Tensor:
    """x + f(x), f = 1x1 reduce, kxk, 1x1 expand (He et al. 2015, fig. 5 right; preact: He et al. 2016).

    The paper has the stride on the `first` 1x1; on the `kernel` is the form in common use. With
    `shortcut: none` it is f(x).
    """  # noqa: D403
    inner = width // squeeze
    if inner < 1:
        raise ShapeError(f"squeeze {squeeze} leaves no channel of width {width}")
    x, short = _entry(x, width=width, stride=stride, preact=preact, how=shortcut)
    first, second = (stride, 1) if stride_on == "first" else (1, stride)
    y = conv_norm_act(x, width=inner, kernel=1, stride=first)
    y = norm_act(typed_conv(y, conv=_with_groups(conv, groups), width=inner, kernel=kernel, stride=second))
    y = styled_conv(y, width=width, kernel=1)
    return _exit(y, short, se=se, preact=preact, droppath=droppath)


def _entry(
    x: Tensor, *, width: int, stride: int, preact: bool, how: str | None
) -> tuple[Tensor, Tensor | None]:
    """Return what f reads, and what is added to it in the end, if anything.

    With pre-activation, f and a projection both read norm and activation of x; an identity shortcut keeps x.
    """
    if not preact:
        return x, passed_on(x, width=width, stride=stride, how=how) if how else None
    y = norm_act(x, scope="pre")
    if how is None:
        return y, None
    if stride == 1 and width == x.channels:
        return y, x
    if how == "pad":
        return y, widen(y, width=width, stride=stride)
    return y, styled_conv(y, width=width, kernel=1, stride=stride, scope="projection")


def _exit(
    y: Tensor, short: Tensor | None, *, se: Fraction | None, preact: bool, droppath: Fraction
) -> Tensor:
    """Return the sum with the shortcut: plain with pre-activation, else normed before and activated after."""
    if short is None:
        require_sum(droppath)
        return squeeze_excite(y, se) if preact else act(squeeze_excite(norm(y), se))
    if preact:
        return drop(squeeze_excite(y, se), droppath) + short
    return act(drop(squeeze_excite(norm(y, last=True), se), droppath) + short)


def _with_groups(conv: Term, groups: int) -> Term:
    if groups == 1:
        return conv
    if conv != STANDARD:
        raise ShapeError(f"groups {groups} and the convolution type {conv} cannot both hold")
    return Term("grouped", (groups,))
