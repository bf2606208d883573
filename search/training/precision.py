"""The numbers that a network is trained in: float32, or bfloat16 where the device multiplies those faster."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch


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
