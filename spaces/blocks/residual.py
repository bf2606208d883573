"""Plain and residual blocks."""

from __future__ import annotations

from fractions import Fraction

from ..errors import ShapeError
from ..graph import Tensor
from ..operators import norm
from ..values import Term
from .block import block
from .kinds import ConvType, Odd, OptionalRatio
from .parts import STANDARD, act, conv_norm_act, norm_act, shortcut, squeeze_excite, styled_conv, typed_conv


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
) -> Tensor:
    """x + f(x), f = kxk, kxk (He et al. 2015, fig. 5 left; preact: He et al. 2016, fig. 4e)."""  # noqa: D403
    x, short = _entry(x, width=width, stride=stride, preact=preact)
    y = norm_act(typed_conv(x, conv=conv, width=width, kernel=kernel, stride=stride))
    y = typed_conv(y, conv=conv, width=width, kernel=kernel)
    return _exit(y, short, se=se, preact=preact)


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
) -> Tensor:
    """x + f(x), f = 1x1 reduce, kxk, 1x1 expand (He et al. 2015, fig. 5 right; preact: He et al. 2016)."""  # noqa: D403
    inner = width // squeeze
    if inner < 1:
        raise ShapeError(f"squeeze {squeeze} leaves no channel of width {width}")
    x, short = _entry(x, width=width, stride=stride, preact=preact)
    y = conv_norm_act(x, width=inner, kernel=1)
    y = norm_act(typed_conv(y, conv=_with_groups(conv, groups), width=inner, kernel=kernel, stride=stride))
    y = styled_conv(y, width=width, kernel=1)
    return _exit(y, short, se=se, preact=preact)


def _entry(x: Tensor, *, width: int, stride: int, preact: bool) -> tuple[Tensor, Tensor]:
    """Return what f reads, and what is added to it in the end.

    With pre-activation, f and a projection both read norm and activation of x; an identity shortcut keeps x.
    """
    if not preact:
        return x, shortcut(x, width=width, stride=stride)
    y = norm_act(x, scope="pre")
    if stride == 1 and width == x.channels:
        return y, x
    return y, styled_conv(y, width=width, kernel=1, stride=stride, scope="projection")


def _exit(y: Tensor, short: Tensor, *, se: Fraction | None, preact: bool) -> Tensor:
    """Return the sum with the shortcut: plain with pre-activation, else normed before and activated after."""
    if preact:
        return squeeze_excite(y, se) + short
    return act(squeeze_excite(norm(y), se) + short)


def _with_groups(conv: Term, groups: int) -> Term:
    if groups == 1:
        return conv
    if conv != STANDARD:
        raise ShapeError(f"groups {groups} and the convolution type {conv} cannot both hold")
    return Term("grouped", (groups,))
