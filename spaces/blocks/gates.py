"""Blocks in which one path opens and closes another: squeeze-and-excitation, highways, global context."""

from __future__ import annotations

from fractions import Fraction

from .. import operators
from ..errors import ShapeError
from ..graph import Tensor
from ..operators import activation, carry, context_pool, conv, layer_norm, shift
from ..operators.initializers import with_bias
from .block import block
from .kinds import Act, Gate, Number, Odd, OptionalRatio, OptionalWidth, Ratio
from .parts import conv_norm_act, excite


@block(styled=False, repeats=False)
def se(
    x: Tensor,
    *,
    ratio: OptionalRatio = None,
    width: OptionalWidth = None,
    gate: Gate = "sigmoid",
    function: Act = "relu",
) -> Tensor:
    """x * gate(W2 function(W1 mean(x))) with ratio C, or `width`, hidden units (Hu et al. 2018, fig. 2)."""  # noqa: D403
    if (ratio is None) == (width is None):
        raise ShapeError("se takes its hidden units as a ratio of the channels or as a width: one of the two")
    hidden = max(1, int(x.channels * ratio)) if ratio is not None else width
    assert hidden is not None
    return excite(x, hidden=hidden, gate=gate, function=function)


@block
def highway(x: Tensor, *, kernel: Odd = 3, gate_bias: Number = Fraction(-2)) -> Tensor:
    """H(x) T(x) + x (1 - T(x)), H = convolution, norm, activation, T = sigmoid(convolution).

    The bias of T starts at `gate_bias`: below 0 the block carries x at first (Srivastava et al. 2015).
    """
    new = conv_norm_act(x, width=x.channels, kernel=kernel)
    start = with_bias(x.style.init, gate_bias)
    gate = conv(x, width=x.channels, kernel=kernel, bias=True, init=start, scope="gate")
    return carry(new, x, activation(gate, "sigmoid", scope="gate"))


@block(styled=False, repeats=False)
def context(x: Tensor, *, ratio: Ratio = Fraction(1, 16)) -> Tensor:
    """x + W2 relu(norm(W1 c)), c = mean of x weighted by softmax(W x) (Cao et al. 2019, fig. 4d)."""  # noqa: D403
    hidden = int(x.channels * ratio)
    if hidden < 2:
        raise ShapeError(f"ratio {ratio} leaves {hidden} of {x.channels} channels; its norm needs two")
    c = context_pool(x, conv(x, width=1, kernel=1, bias=True, scope="mask"))
    c = layer_norm(conv(c, width=hidden, kernel=1, bias=True))
    c = conv(operators.activation(c, "relu"), width=x.channels, kernel=1, bias=True)
    return shift(x, c)
