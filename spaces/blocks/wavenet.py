"""The stacks of gated causal convolutions of WaveNet."""

from __future__ import annotations

from ..errors import ShapeError
from ..graph import Tensor
from ..operators import activation, conv, multiply
from ..operators.pad import pad_before
from ..values import shape_text
from .block import block


@block(styled=False, repeats=False)
def wavenet(x: Tensor, *, width: int, skip: int, depth: int, stacks: int = 1, kernel: int = 2) -> Tensor:
    """The sum of the skips of stacks of gated layers (van den Oord et al. 2016, fig. 4).

    A layer reads x, gives z = tanh(F x) sigmoid(G x), adds S z to the skips, and
    x + R z is what the next one reads; F and G are causal, with dilations
    1, 2, 4, ... in a stack of `depth` layers, S and R are 1x1. An input of other
    channels than `width` is mapped to it by a 1x1 convolution.
    """
    if x.rank != 1:
        raise ShapeError(f"a wavenet needs a 1-D map, but got {shape_text(x.shape)}")
    if x.channels != width:
        x = conv(x, width=width, kernel=1, bias=True)
    z = gated(x, kernel=kernel, dilation=1)
    total = conv(z, width=skip, kernel=1, bias=True, scope="skip")
    for layer in range(1, stacks * depth):
        x = residual(x, z)
        z = gated(x, kernel=kernel, dilation=2 ** (layer % depth))
        total = skips(total, z)
    return total


@block(styled=False)
def gated(x: Tensor, *, kernel: int, dilation: int) -> Tensor:
    """tanh(F x) sigmoid(G x), F and G causal dilated convolutions (van den Oord et al. 2016, eq. 2)."""
    past = pad_before(x, dilation * (kernel - 1))
    signal, gate = (
        conv(past, width=x.channels, kernel=kernel, dilation=dilation, padding="valid", bias=True, scope=name)
        for name in ("signal", "gate")
    )
    return multiply(activation(signal, "tanh", scope="signal"), activation(gate, "sigmoid", scope="gate"))


@block(styled=False)
def residual(x: Tensor, z: Tensor) -> Tensor:
    """x + R z, R a 1x1 convolution: what the next layer reads."""  # noqa: D403
    return _with_mapped(x, z)


@block(styled=False)
def skips(x: Tensor, z: Tensor) -> Tensor:
    """x + S z, S a 1x1 convolution: the skips of the layers so far."""  # noqa: D403
    return _with_mapped(x, z)


def _with_mapped(x: Tensor, z: Tensor) -> Tensor:
    return x + conv(z, width=x.channels, kernel=1, bias=True)
