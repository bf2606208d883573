"""The blocks: every word a row can use. A new one is a function in a file here, and its name in `BLOCKS`."""

from __future__ import annotations

from typing import Any

from .block import Block, Parameter, block, repeat, trace
from .chain import avgpool, conv, dropout, factorised, linear, lrn, maxpool, norm, separable
from .dense import dense, transition
from .inception import inception
from .inverted import inverted
from .residual import basic, bottleneck, plain

BLOCKS: dict[str, Block[Any]] = {
    word.word: word
    for word in (
        avgpool,
        basic,
        bottleneck,
        conv,
        dense,
        dropout,
        factorised,
        inception,
        inverted,
        linear,
        lrn,
        maxpool,
        norm,
        plain,
        separable,
        transition,
    )
}
"""The words of the language by name; the contract tests walk them."""

__all__ = ["BLOCKS", "Block", "Parameter", "block", "repeat", "trace"]
