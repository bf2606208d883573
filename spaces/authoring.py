"""What a block is written with: everything a file under `uses:` needs, from one place.

::

    from archscape.spaces.authoring import Tensor, block, conv_norm_act

    @block
    def twice(x: Tensor, *, width: int) -> Tensor:
        '''f(f(x)), f = convolution, norm, activation.'''
        return conv_norm_act(conv_norm_act(x, width=width), width=width)
"""

from __future__ import annotations

from . import operators as operators
from .blocks import block as block
from .blocks.kinds import ConvType as ConvType
from .blocks.kinds import Kind as Kind
from .blocks.kinds import Odd as Odd
from .blocks.kinds import OptionalAct as OptionalAct
from .blocks.kinds import OptionalRatio as OptionalRatio
from .blocks.kinds import OptionalSize as OptionalSize
from .blocks.kinds import OptionalWidth as OptionalWidth
from .blocks.kinds import Padding as Padding
from .blocks.kinds import Rate as Rate
from .blocks.kinds import Ratio as Ratio
from .blocks.kinds import Size as Size
from .blocks.parts import act as act
from .blocks.parts import conv_norm_act as conv_norm_act
from .blocks.parts import norm_act as norm_act
from .blocks.parts import shortcut as shortcut
from .blocks.parts import squeeze_excite as squeeze_excite
from .blocks.parts import styled_conv as styled_conv
from .blocks.parts import typed_conv as typed_conv
from .errors import ShapeError as ShapeError
from .graph import Op as Op
from .graph import Shape as Shape
from .graph import Style as Style
from .graph import Tensor as Tensor
from .graph import Totals as Totals
from .graph import join as join
from .graph import place as place
from .operators import add as add
from .operators import avgpool as avgpool
from .operators import concat as concat
from .operators import global_avgpool as global_avgpool
from .operators import linear as linear
from .operators import maxpool as maxpool
from .operators import multiply as multiply
from .operators import norm as norm
from .operators.opaque import opaque as opaque
from .values import Term as Term
