"""What a block is written with: everything a file under `uses:` needs, from one place.

::

    from archscape.spaces.authoring import Tensor, block, conv_norm_act

    @block
    def twice(x: Tensor, *, width: int) -> Tensor:
        '''f(f(x)), f = convolution, norm, activation.'''
        return conv_norm_act(conv_norm_act(x, width=width), width=width)
"""

from __future__ import annotations

from . import operators
from .blocks import block
from .blocks.kinds import (
    ConvType,
    Kind,
    Odd,
    OptionalAct,
    OptionalRatio,
    OptionalSize,
    OptionalWidth,
    Padding,
    Rate,
    Ratio,
    Size,
)
from .blocks.parts import act, conv_norm_act, norm_act, shortcut, squeeze_excite, styled_conv, typed_conv
from .errors import ShapeError
from .graph import Op, Shape, Style, Tensor, Totals, join, place
from .operators import add, avgpool, concat, global_avgpool, linear, maxpool, multiply, norm
from .operators.opaque import opaque
from .values import Term

__all__ = [
    "ConvType",
    "Kind",
    "Odd",
    "Op",
    "OptionalAct",
    "OptionalRatio",
    "OptionalSize",
    "OptionalWidth",
    "Padding",
    "Rate",
    "Ratio",
    "Shape",
    "ShapeError",
    "Size",
    "Style",
    "Tensor",
    "Term",
    "Totals",
    "act",
    "add",
    "avgpool",
    "block",
    "concat",
    "conv_norm_act",
    "global_avgpool",
    "join",
    "linear",
    "maxpool",
    "multiply",
    "norm",
    "norm_act",
    "opaque",
    "operators",
    "place",
    "shortcut",
    "squeeze_excite",
    "styled_conv",
    "typed_conv",
]
