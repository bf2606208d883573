"""The blocks: every word a row can use. A new one is a function in a file here, and a line in `WORDS`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .block import Block, Parameter, block, repeat, trace

WORDS: dict[str, tuple[str, ...]] = {
    "attention": ("attention", "non_local"),
    "chain": ("avgpool", "conv", "dropout", "factorised", "linear", "lrn", "maxpool", "norm", "separable"),
    "convolutions": ("deform", "masked", "p4conv", "upconv"),
    "dense": ("dense", "transition"),
    "gates": ("context", "highway", "se"),
    "identity": ("flatten", "identity", "reshape", "shortcut", "zero"),
    "inception": ("inception",),
    "inverted": ("inverted",),
    "joins": ("add", "concat", "multiply", "residual", "subtract"),
    "mlpconv": ("mlpconv",),
    "pointwise": ("act", "droppath", "gdn", "igdn", "reparameterise", "scale", "softmax"),
    "residual": ("basic", "bottleneck", "plain"),
    "resize": ("blurpool", "crop", "pad", "pixelshuffle", "resize", "shift", "unpool", "upsample"),
    "shuffle": ("shuffle", "shufflev1", "shufflev2", "split"),
    "wavenet": ("wavenet",),
}
"""The blocks of each file of this folder; what else a file defines is a part of them."""

BLOCKS: dict[str, Block[Any]] = {
    word: getattr(import_module(f".{file}", __package__), word)
    for word, file in sorted((word, file) for file, words in WORDS.items() for word in words)
}
"""The words of the language by name; the contract tests walk them."""

__all__ = ["BLOCKS", "Block", "Parameter", "block", "repeat", "trace"]
