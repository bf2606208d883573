"""The primitive operators, one family a file: shape, costs, memory, field, latency and PyTorch text of each.

A new operator is a file that names its class and function in `__all__`, and a line here.
"""

from __future__ import annotations

from ..graph import Op
from .activation import *
from .attention import *
from .blur import *
from .channels import *
from .convolution import *
from .deformable import *
from .gdn import *
from .join import *
from .linear import *
from .local_response_norm import *
from .masked import *
from .norm import *
from .p4 import *
from .pad import *
from .padding import *
from .pooling import *
from .resize import *
from .scale import *
from .stochastic import *
from .transposed import *
from .unpooling import *
from .zero import *

OPERATORS: tuple[type[Op], ...] = tuple(
    value
    for _, value in sorted(vars().items())
    if isinstance(value, type) and issubclass(value, Op) and value is not Op
)
"""Every primitive operator; the contract tests walk this list."""
