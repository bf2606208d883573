"""Scores of a network that was never trained, each on one batch or none; more is better.

>>> torch.manual_seed(0)
<torch._C.Generator object at ...>
>>> narrow, wide = (nn.Sequential(nn.Conv2d(1, width, 3), nn.ReLU()) for width in (2, 16))
>>> images = torch.randn(8, 1, 8, 8)
>>> naswot(narrow, images) < naswot(wide, images), synflow(narrow, (1, 8, 8)) < synflow(wide, (1, 8, 8))
(True, True)
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

RECTIFIERS = {F.relu, F.relu6, F.leaky_relu, F.elu, F.gelu, F.silu, F.hardswish, F.mish, torch.relu}
NORMS = {F.batch_norm, F.layer_norm, F.group_norm, F.instance_norm}


class _Patterns(TorchFunctionMode):
    """Adds up the kernel of the patterns of activity, sample by sample, of all rectifiers that run within."""

    def __init__(self, samples: int) -> None:
        super().__init__()
        self.kernel = torch.zeros(samples, samples, dtype=torch.float64)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func in RECTIFIERS:
            with torch._C.DisableTorchFunction():
                active = (args[0] > 0).flatten(1).double()
                self.kernel += active @ active.T + (1 - active) @ (1 - active).T
        return func(*args, **(kwargs or {}))


class _WithoutNorms(TorchFunctionMode):
    """Passes over norms, which would undo what a path lets through."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        return args[0] if func in NORMS else func(*args, **(kwargs or {}))


def naswot(module: nn.Module, images: Tensor) -> float:
    """Return log |det K|, K_ij = units that are on or off alike for images i and j (Mellor et al. 2021).

    Args:
        module: The network; a copy of it runs in training mode.
        images: A batch, (N, C, *spatial).
    """
    with torch.no_grad(), _Patterns(len(images)) as patterns:
        copy.deepcopy(module).train()(images)
    return float(torch.linalg.slogdet(patterns.kernel).logabsdet)


def synflow(module: nn.Module, shape: Sequence[int]) -> float:
    """Return the log of sum(|w| dR/d|w|), R the sum of outputs for an input of ones (Tanaka et al. 2020).

    Weights are taken without their sign, norms are passed over. It is -inf where nothing comes through.

    Args:
        module: The network; a copy of it runs.
        shape: Of a sample, (C, *spatial).
    """
    positive = copy.deepcopy(module).double().eval()
    with torch.no_grad():
        for weight in positive.parameters():
            weight.abs_()
    with _WithoutNorms():
        flow = positive(torch.ones(1, *shape, dtype=torch.float64)).sum()
    weights = list(positive.parameters())
    gradients = torch.autograd.grad(flow, weights, allow_unused=True)
    total = sum(
        float((weight.detach() * gradient).sum())
        for weight, gradient in zip(weights, gradients, strict=True)
        if gradient is not None
    )
    return math.log(total) if total > 0 else -math.inf
