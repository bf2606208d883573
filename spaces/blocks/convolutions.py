"""Convolutions beside the plain one: transposed, deformable, masked, on a group; with norm and activation."""

from __future__ import annotations

from .. import operators
from ..graph import Tensor
from .block import block
from .kinds import Mask, Odd, OptionalSides, Padding, Size, SquarePadding, UpPadding
from .parts import has_bias, norm_act


@block(lacks=("padding_mode",))
def upconv(
    x: Tensor,
    *,
    width: int,
    kernel: Size = 2,
    stride: Size = 2,
    padding: UpPadding = "same",
    output_padding: OptionalSides = None,
    groups: int = 1,
) -> Tensor:
    """Transposed convolution, norm, activation (Dumoulin and Visin 2016, chapter 4).

    Padding `same` gives S N, `valid` S(N - 1) + K; a number is cut from both sides of that. So many elements
    more at the end as `output_padding` says; `same` has what it needs.
    """
    y = operators.transposed_conv(
        x,
        width=width,
        kernel=kernel,
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        groups=groups,
        bias=has_bias(x),
    )
    return norm_act(y)


@block
def deform(
    x: Tensor,
    *,
    width: int,
    kernel: Odd = 3,
    stride: int = 1,
    padding: Padding = "same",
    dilation: Size = 1,
    groups: int = 1,
    modulated: bool = False,
) -> Tensor:
    """Deformable convolution, norm, activation (Dai et al. 2017, fig. 2; modulated: Zhu et al. 2019)."""
    y = operators.deform_conv(
        x,
        width=width,
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        bias=has_bias(x),
        modulated=modulated,
    )
    return norm_act(y)


@block
def p4conv(
    x: Tensor, *, width: int, kernel: int = 3, stride: int = 1, padding: SquarePadding = "same"
) -> Tensor:
    """Convolution on the group p4, norm, activation: each filter in its four orientations.

    It gives a map of width x 4 x H x W, and reads such a one, or a plain map first
    (Cohen and Welling 2016). `over: group` pools over the orientations.
    """
    y = operators.p4_conv(x, width=width, kernel=kernel, stride=stride, padding=padding, bias=has_bias(x))
    return norm_act(y)


@block
def masked(x: Tensor, *, width: int, kind: Mask, kernel: Odd = 3) -> Tensor:
    """Convolution that reads what stands before its centre, norm, activation (van den Oord et al. 2016).

    Kind a hides the centre itself, kind b keeps it.
    """
    y = operators.masked_conv(x, width=width, kernel=kernel, mask=kind, bias=has_bias(x))
    return norm_act(y)
