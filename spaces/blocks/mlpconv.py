"""The block of the network in network."""

from __future__ import annotations

from ..graph import Tensor
from .block import block
from .kinds import OptionalPair, Size
from .parts import conv_norm_act


@block
def mlpconv(
    x: Tensor, *, width: int, kernel: Size = 3, stride: Size = 1, inner: OptionalPair = None
) -> Tensor:
    """An MLP slid over the map: kxk and two 1x1 convolutions, with norm and activation (Lin et al. 2013).

    `inner` is the width of the first two, `width` unless given.
    """
    first, second = inner or (width, width)
    y = conv_norm_act(x, width=first, kernel=kernel, stride=stride)
    return conv_norm_act(conv_norm_act(y, width=second, kernel=1), width=width, kernel=1)
