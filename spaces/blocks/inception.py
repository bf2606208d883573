"""The inception block of GoogLeNet."""

from __future__ import annotations

from ..graph import Tensor
from ..operators import concat, maxpool
from .block import block
from .kinds import Pair
from .parts import conv_norm_act


@block
def inception(x: Tensor, *, _1x1: int, _3x3: Pair, _5x5: Pair, pool: int) -> Tensor:
    """[1x1, 1x1 3x3, 1x1 5x5, max pool 1x1] (Szegedy et al. 2014, fig. 2b); pairs: reduction, output."""
    point = conv_norm_act(x, width=_1x1, kernel=1, scope="b1x1")
    three = conv_norm_act(x, width=_3x3[0], kernel=1, scope="b3x3")
    three = conv_norm_act(three, width=_3x3[1], kernel=3, scope="b3x3")
    five = conv_norm_act(x, width=_5x5[0], kernel=1, scope="b5x5")
    five = conv_norm_act(five, width=_5x5[1], kernel=5, scope="b5x5")
    last = conv_norm_act(maxpool(x, kernel=3, stride=1, scope="pool"), width=pool, kernel=1, scope="pool")
    return concat(point, three, five, last)
