"""Attention over the positions of a map."""

from __future__ import annotations

from fractions import Fraction

from ..errors import ShapeError
from ..graph import Tensor
from ..operators import attend, conv, norm
from .block import block
from .kinds import OptionalWidth, Ratio
from .parts import styled_conv


@block(styled=False)
def attention(x: Tensor, *, heads: int, width: OptionalWidth = None) -> Tensor:
    """W softmax(q k^T / sqrt(d)) v over all positions, q, k, v = 1x1 convolutions (Vaswani et al. 2017).

    Queries, keys and values have `width` channels over all heads; as many as x unless given.
    """
    query, key, value = (
        conv(x, width=width or x.channels, kernel=1, bias=True, scope=name)
        for name in ("query", "key", "value")
    )
    return conv(attend(query, key, value, heads=heads), width=x.channels, kernel=1, bias=True)


@block(lacks=("padding_mode",))
def non_local(x: Tensor, *, ratio: Ratio = Fraction(1, 2)) -> Tensor:
    """x + W softmax(q k^T) v over all positions, q, k, v = 1x1 convolutions to ratio C, W = 1x1 and norm.

    The embedded Gaussian of Wang et al. 2018, fig. 2.
    """  # noqa: D403
    inner = int(x.channels * ratio)
    if inner < 1:
        raise ShapeError(f"ratio {ratio} leaves no channel of {x.channels}")
    query, key, value = (
        conv(x, width=inner, kernel=1, bias=True, scope=name) for name in ("query", "key", "value")
    )
    y = styled_conv(attend(query, key, value, scaled=False), width=x.channels, kernel=1)
    return x + norm(y, last=True)
