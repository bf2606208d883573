"""What a row says of a block and means nothing beside what else it says: `affine` where there is no norm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..graph import Style
from ..operators.padding import resolve_padding
from ..values import Value
from .block import Block

_WINDOW = ("kernel", "padding")


def idle_words(block: Block[Any], args: Mapping[str, Value], style: Mapping[str, Value]) -> dict[str, str]:
    """Return the words that mean nothing to a block whatever their values, each with the reason.

    Args:
        block: The block; rows of a composed one may say otherwise, so nothing is idle there.
        args: What is known of its arguments.
        style: What is known of its style.
    """
    idle: dict[str, str] = {}
    if block.composed:
        return idle
    if style.get("norm", "batch") is None:
        idle["affine"] = "without a norm there is no gamma and no beta"
    if style.get("affine") is False:
        idle["last_norm"] = "it starts a gamma, but with `affine: false` norms have none"
    if set(_WINDOW) <= block.parameters.keys() and set(_WINDOW) <= args.keys() and not _pads(args):
        idle["padding_mode"] = "nothing is padded"
    return idle


def changing(block: Block[Any], args: Mapping[str, Value], style: Style) -> Style:
    """Return a style of which what means nothing to a block is as usual."""
    usual = Style()._asdict()
    idle = idle_words(block, args, style._asdict()).keys() & usual.keys() - block.parameters.keys()
    return style._replace(**{key: usual[key] for key in idle})


def idle_law(
    block: Block[Any], given: Mapping[str, Value], args: Mapping[str, Value], style: Mapping[str, Value]
) -> tuple[str, str] | None:
    """Return a word among those given that changes nothing, and why it does not, or None."""
    usual: dict[str, Value] = {**Style()._asdict(), **dict(block.defaults)}
    for key, why in idle_words(block, args, style).items():
        if key in given and given[key] != usual.get(key):
            return key, f"'{key}' changes nothing here: {why}; take it out"
    return None


def _pads(args: Mapping[str, Any]) -> bool:
    """Tell whether a window has a padding, on some map."""
    kernel, padding, dilation = args["kernel"], args["padding"], args.get("dilation", 1)
    if kernel is None:
        return False
    rank = max([len(each) for each in (kernel, padding, dilation) if isinstance(each, tuple)], default=1)
    sizes = kernel if isinstance(kernel, tuple) else (kernel,) * rank
    if isinstance(padding, tuple):
        return any(any(side) if isinstance(side, tuple) else side for side in padding)
    if padding in ("same", "full") and not isinstance(dilation, tuple):
        return any(resolve_padding(padding, sizes, (dilation,) * len(sizes)))
    if padding in ("same", "full", "causal", "same_upper"):
        return any(size > 1 for size in sizes)
    return padding not in ("valid", 0)
