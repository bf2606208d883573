"""Nothing as an option: `identity` and `zero` where other options of a row take a width or more.

What such a row says of its other options is not theirs, but its width and its stride are promises: `identity`
keeps the channels it reads, so where these are not the width the network cannot be built.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Any

from ..errors import ShapeError
from ..graph import Tensor
from ..values import Value, text
from .block import Block
from .identity import identity, zero

PROMISES = ("width", "stride")


class Keeping(Block[Any]):
    """`identity` or `zero` as one of the options of a row, which promises a width or a stride.

    Attributes:
        plain: The block itself.
        promised: What the row says and the block does not take, of `PROMISES`.
    """

    def __init__(self, plain: Block[Any], promised: tuple[str, ...]) -> None:
        super().__init__(plain.function, styled=False, repeats=False)
        self.plain = plain
        self.promised = promised
        self.function = self.checked
        self.identifiers = (*self.identifiers, *promised)
        self.defaults = (*self.defaults, *((name, None) for name in promised))

    def checked(self, x: Tensor, **given: Value) -> Tensor | tuple[Tensor, ...]:
        """Place the block; raise a ShapeError where it does not keep what the row promises."""
        promises = {name: given.pop(name) for name in self.promised}
        width, stride = promises.get("width"), promises.get("stride")
        if width not in (None, x.channels):
            law = f"{self.word} keeps the {x.channels:,} channels it reads"
            raise ShapeError(f"{law}, but the row has width {text(width)}")
        if any(step != 1 for step in (stride if isinstance(stride, tuple) else (stride or 1,))):
            raise ShapeError(f"{self.word} keeps the extent, but the row has stride {text(stride)}")
        return self.plain.function(x, **given)


@lru_cache(maxsize=64)
def _keeping(plain: Block[Any], promised: tuple[str, ...]) -> Keeping:
    return Keeping(plain, promised)


def as_option(block: Block[Any], given: Collection[str]) -> Block[Any]:
    """Return a block as one of the options of a row that says more than it takes; itself, as a rule."""
    if block not in (identity, zero):
        return block
    return _keeping(block, tuple(name for name in PROMISES if name in given and name not in block.parameters))
