"""The inverted bottleneck of mobile networks."""

from __future__ import annotations

from fractions import Fraction

from ..graph import Tensor
from ..operators import norm
from .block import block
from .kinds import Identity, Odd, OptionalRatio, Rate
from .parts import conv_norm_act, drop, require_sum, squeeze_excite, styled_conv


@block
def inverted(
    x: Tensor,
    *,
    width: int,
    expand: int,
    stride: int = 1,
    kernel: Odd = 3,
    se: OptionalRatio = None,
    shortcut: Identity = "identity",
    droppath: Rate = Fraction(0),
) -> Tensor:
    """x + f(x), f = 1x1 expand, depthwise kxk, linear 1x1 (Sandler et al. 2018, fig. 4d).

    With `expand: 1` f has no first 1x1, as in MobileNetV2's code. The sum stands only where the shape is
    kept, and `droppath` in it; `se` acts on the expanded maps. With `shortcut: none` it is f(x).
    """  # noqa: D403
    hidden = expand * x.channels
    y = conv_norm_act(x, width=hidden, kernel=1, scope="expand") if expand > 1 else x
    y = conv_norm_act(y, width=hidden, kernel=kernel, stride=stride, groups=hidden)
    y = styled_conv(squeeze_excite(y, se), width=width, kernel=1)
    if shortcut is None:
        require_sum(droppath)
    kept = shortcut is not None and y.shape == x.shape
    y = norm(y, last=kept)
    return x + drop(y, droppath) if kept else y
