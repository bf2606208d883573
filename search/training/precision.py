"""The numbers that a network is trained in: float32, or bfloat16 where the device multiplies those faster."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import torch
from torch import nn


def resolve_precision(name: str | None, device: torch.device) -> str:
    """Return `float32` or `bfloat16`.

    Args:
        name: Of a recipe. `auto` is bfloat16 where the device has instructions for it; none is float32 on a
            CPU and bfloat16 on CUDA.
        device: Where the training is.
    """
    if name is None:
        return "bfloat16" if device.type == "cuda" else "float32"
    if name == "auto":
        return "bfloat16" if has_bfloat16(device) else "float32"
    return name


def has_bfloat16(device: torch.device) -> bool:
    """Say whether a device multiplies bfloat16 in hardware; other CPUs round in software, slowly."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    flags = torch.cpu.get_capabilities()
    return bool(torch.backends.mkldnn.enabled) and bool(flags.get("avx512_bf16") or flags.get("amx_bf16"))


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Return the context of a forward pass: weights stay float32, products are taken in the precision."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def without_slow_kernels(model: nn.Module, precision: str, device: torch.device) -> nn.Module:
    """Take in float32 what a device computes far slower in bfloat16; return the same module.

    On CPUs these are depthwise convolutions with a stride: their gradients take ten times as long, half of a
    step of a MobileNetV2 (oneDNN 3.12 takes a kernel for dense convolutions there).
    """
    if precision == "bfloat16" and device.type == "cpu":
        for module in model.modules():
            if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d) and _is_depthwise(module):
                module.forward = partial(_in_float32, module.forward)  # type: ignore[method-assign]
    return model


def _is_depthwise(module: nn.Conv1d | nn.Conv2d | nn.Conv3d) -> bool:
    """Say whether a convolution has a stride and one group for each channel."""
    return 1 < module.groups == module.in_channels and max(module.stride) > 1


def _in_float32(forward: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    if not torch.is_autocast_enabled("cpu"):  # in evaluation
        return forward(x)
    with torch.autocast("cpu", enabled=False):
        return forward(x.float()).to(torch.bfloat16)
