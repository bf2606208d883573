"""Dense concatenation and the transition between its blocks (Huang et al. 2017)."""

from __future__ import annotations

from fractions import Fraction

from ..errors import ShapeError
from ..graph import Tensor
from ..operators import avgpool, concat
from .block import block
from .kinds import Odd, OptionalWidth, Ratio
from .parts import norm_act, styled_conv


@block
def dense(
    x: Tensor, *, depth: int, growth: int, kernel: Odd = 3, width: OptionalWidth = None, stride: int = 1
) -> Tensor:
    """[x, f1(x), f2(x, f1(x)), ...], each f writes `growth` maps (Huang et al. 2017, eq. 2).

    A stride averages the input first; a width closes the block with a 1x1 convolution to it.
    """
    if stride > 1:
        x = pool(x, kernel=stride)
    for _ in range(depth):
        x = dense_layer(x, growth=growth, kernel=kernel)
    return x if width is None else compress(x, width=width)


@block(repeats=False, lacks=("padding_mode",))
def transition(x: Tensor, *, ratio: Ratio = Fraction(1, 2), stride: int = 2) -> Tensor:
    """Norm, activation, 1x1 to a ratio of the channels, average pooling (Huang et al. 2017, section 3)."""
    width = int(x.channels * ratio)
    if width < 1:
        raise ShapeError(f"ratio {ratio} leaves no channel of {x.channels}")
    y = styled_conv(norm_act(x), width=width, kernel=1)
    return avgpool(y, kernel=stride) if stride > 1 else y


@block
def dense_layer(x: Tensor, *, growth: int, kernel: Odd = 3) -> Tensor:
    """[x, f(x)], f = norm, act, 1x1 to 4 growth, norm, act, kxk to growth (Huang et al. 2017, DenseNet-B)."""
    y = styled_conv(norm_act(x), width=4 * growth, kernel=1)
    y = styled_conv(norm_act(y), width=growth, kernel=kernel)
    return concat(x, y)


@block
def compress(x: Tensor, *, width: int) -> Tensor:
    """Norm, activation, 1x1 convolution."""
    return styled_conv(norm_act(x), width=width, kernel=1)


@block
def pool(x: Tensor, *, kernel: int) -> Tensor:
    """Average pooling."""
    return avgpool(x, kernel=kernel)
