"""What one operator of PyTorch counts: products, other arithmetic, activations; or that nobody knows.

An operator is met as it was called: `aten::linear`, not the `aten::addmm` that computes it. One without an
entry here is taken apart where PyTorch can, and its parts are met instead.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.utils.flop_counter import flop_registry

from .operator_names import (
    ARITHMETIC,
    CONVOLUTION,
    OWN,
    PRODUCT_FREE,
    QUIET,
    SILENT,
    WEIGHTED,
    may_hold_products,
)

Formula: TypeAlias = Callable[[Any, Any, Any], int]
"""A count from the arguments of an operator, in order and by name, and its result."""


class Rule(NamedTuple):
    """How an operator is counted.

    Attributes:
        macs: Its products; None where it has none.
        other: Its arithmetic beside them; None where that is none, or not counted.
        activations: What it writes as a convolution or a linear layer; None where it is neither.
        unsupported: It has arithmetic that `other` does not count.
        unknown: It may hold products that `macs` does not count.
        whole: It is counted as it stands; otherwise PyTorch takes it apart, if it can.
    """

    macs: Formula | None = None
    other: Formula | None = None
    activations: Formula | None = None
    unsupported: bool = False
    unknown: bool = False
    whole: bool = True


def name_of(func: object) -> str:
    """Return the name of an operator: `aten::gelu`."""
    return f"{func.namespace}::{func.overloadpacket.__name__}" if isinstance(func, OpOverload) else str(func)


def may_write(name: str) -> bool:
    """Tell whether an operator that is not known, by name, may hold a convolution or a linear layer.

    >>> may_write("aten::_fft_r2c"), may_write("quantized::linear"), may_write("mine::scan")
    (False, True, True)
    """
    space, _, word = name.partition("::")
    return space not in OWN or any(WEIGHTED.fullmatch(part) for part in word.split("_"))


@lru_cache(maxsize=4096)
def rule_of(func: Any) -> Rule:
    """Return how an operator is counted."""
    space, _, word = name_of(func).partition("::")
    stem = word.removesuffix("_")  # an operator in place counts as the other
    if f"{space}::{stem}" in RULES:
        return RULES[f"{space}::{stem}"]
    packet = getattr(getattr(torch.ops, space), stem, func.overloadpacket)
    if packet in flop_registry:
        return Rule(_registered(packet), None, _written if CONVOLUTION.fullmatch(stem) else None)
    if space not in OWN:
        return Rule(unknown=True, whole=False)
    product = may_hold_products(stem)
    if func.is_view or QUIET.fullmatch(stem) or (space in SILENT and not product):
        return Rule()
    if product:
        return Rule(unknown=True, whole=False)
    if (
        ARITHMETIC.fullmatch(stem)
        or PRODUCT_FREE.fullmatch(stem)
        or torch.Tag.pointwise in func.tags
        or torch.Tag.reduction in func.tags
    ):
        return Rule(unsupported=True)
    return Rule(unsupported=True, whole=False)


def _numel(args: Any, kwargs: Any, out: Any) -> int:
    return int(args[0].numel())


def _written(args: Any, kwargs: Any, out: Any) -> int:
    return int(out.numel())


def _registered(packet: Any) -> Formula:
    """Return half of what PyTorch's FlopCounterMode counts."""

    def macs(args: Any, kwargs: Any, out: Any) -> int:
        return int(flop_registry[packet](*args, **kwargs, out_val=out)) // 2

    return macs


def _linear(args: Any, kwargs: Any, out: Any) -> int:
    return int(out.numel()) * int(args[1].shape[-1])


def _attention(args: Any, kwargs: Any, out: Any) -> int:
    """Return the products with keys and with values, masked ones too."""
    query, key, value = args[:3]
    return int(prod(query.shape[:-1]) * key.shape[-2] * (query.shape[-1] + value.shape[-1]))


def _vectors(args: Any, kwargs: Any, out: Any) -> int:
    """Return the products of a matrix or vector with a vector."""
    return int(args[0].numel())


def _added(args: Any, kwargs: Any, out: Any) -> int:
    """Return the products of a matrix with a vector, or of two vectors' outer product, that are added."""
    return int(args[1].numel()) * (int(args[2].numel()) if args[1].dim() == 1 else 1)


def _summed_batches(args: Any, kwargs: Any, out: Any) -> int:
    return int(args[1].numel()) * int(args[2].shape[-1])


def _deformed(args: Any, kwargs: Any, out: Any) -> int:
    return int(out.numel() * prod(args[1].shape[1:]))


def _weights(args: Any) -> list[Tensor]:
    """Return the matrices of a recurrent layer, which meet every step of every sequence."""
    items = [item for arg in args[1:6] for item in (arg if isinstance(arg, list | tuple) else (arg,))]
    return [item for item in items if isinstance(item, Tensor) and item.dim() == 2]


def _recurrent(args: Any, kwargs: Any, out: Any) -> int:
    return int(prod(args[0].shape[:-1]) * sum([matrix.numel() for matrix in _weights(args)]))


def _recurrent_written(args: Any, kwargs: Any, out: Any) -> int:
    return int(prod(args[0].shape[:-1]) * sum([matrix.shape[0] for matrix in _weights(args)]))


def _norm(affine: int) -> Formula:
    """Return fvcore's count of a norm that finds its own statistics; `affine` is where its weight stands."""
    return lambda args, kwargs, out: args[0].numel() * (5 if _given(args, affine) else 4)


def _batch_norm(args: Any, kwargs: Any, out: Any) -> int:
    if args[5]:
        return int(_norm(1)(args, kwargs, out))
    return int(args[0].numel()) * (2 if _given(args, 1) else 1)


def _given(args: Any, index: int) -> bool:
    return len(args) > index and isinstance(args[index], Tensor)


def _times(factor: int) -> Formula:
    return lambda args, kwargs, out: factor * out.numel()


RULES: dict[str, Rule] = {
    "aten::linear": Rule(_linear, None, _written),
    "aten::addmm": Rule(_summed_batches, None, _written),
    "aten::mv": Rule(_vectors),
    "aten::dot": Rule(_vectors),
    "aten::vdot": Rule(_vectors),
    "aten::addmv": Rule(_added),
    "aten::addr": Rule(_added),
    "aten::addbmm": Rule(_summed_batches),
    "aten::scaled_dot_product_attention": Rule(_attention, unsupported=True),
    "aten::_scaled_dot_product_flash_attention_for_cpu": Rule(_attention, unsupported=True),
    "aten::mkldnn_rnn_layer": Rule(_recurrent, None, _recurrent_written, unsupported=True),
    "aten::_cudnn_rnn": Rule(_recurrent, None, _recurrent_written, unsupported=True),
    "aten::miopen_rnn": Rule(_recurrent, None, _recurrent_written, unsupported=True),
    "torchvision::deform_conv2d": Rule(_deformed, None, _written, unsupported=True),
    "aten::batch_norm": Rule(other=_batch_norm),
    "aten::instance_norm": Rule(other=_norm(1)),
    "aten::layer_norm": Rule(other=_norm(2)),
    "aten::group_norm": Rule(other=_norm(2)),
    "aten::upsample_nearest2d": Rule(other=_times(1)),
    "aten::upsample_bilinear2d": Rule(other=_times(4)),
    "aten::adaptive_avg_pool2d": Rule(other=_numel),
    "aten::grid_sampler": Rule(other=_times(4)),
}
"""The operators with a formula of their own; norms, resizing and pooling are counted as fvcore does."""
