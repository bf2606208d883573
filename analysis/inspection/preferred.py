"""The preferred input of a unit: the one that raises it most, among inputs of the contrast of a sample.

The gradient of a unit on a grey input is its receptive field to first order, and exactly that where it is
linear; climbing on along the gradient finds the input that it prefers (Erhan et al. 2009, "Visualizing
higher-layer features of a deep network"). The regulariser is its bound: |x| is at most the root of how many
input elements the unit sees, so that each has the mean square 1 of a standardised sample. It is that of
Simonyan et al. 2014, equation 1, a penalty on |x|^2, with the penalty found for the bound.

>>> module = nn.Conv2d(1, 2, 3)
>>> found = preferred_inputs(module, (1, 5, 5), "", [0, 1], seed=0)
>>> found.inputs.shape, bool((found.after > found.before).all())
(torch.Size([2, 1, 5, 5]), True)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from archscape.spaces.errors import InputError

from .layers import recorded

STEPS, RATE = 32, 0.5
"""How often the input climbs, and how far first, as a share of its bound; the last step is the smallest."""
NOISE = 0.3
"""Contrast of the input where it begins: on grey all rectifiers may be off, and no unit be moved."""


class Preferred(NamedTuple):
    """What units prefer.

    Attributes:
        inputs: (units, C, *spatial), standardised; 0 where a unit sees nothing, or none moves it.
        before: Each unit on a grey input, the mean of the samples, (units,).
        after: On its preferred input.
    """

    inputs: Tensor
    before: Tensor
    after: Tensor


def preferred_inputs(
    module: nn.Module,
    shape: Sequence[int],
    layer: str,
    units: Sequence[int],
    *,
    seed: int,
    steps: int = STEPS,
) -> Preferred:
    """Return the preferred input of units of a layer; of a map it is that of the element in its middle.

    Args:
        module: In evaluation mode.
        shape: Of one sample, (C, *spatial).
        layer: Its name; "" for the module itself.
        units: Channels of a map, or outputs.
        seed: Of the noise where it begins.
        steps: How often the input climbs.

    Raises:
        InputError: If the layer has no such unit.
    """
    weight = next(module.parameters())
    noise = torch.randn(1, *shape, generator=torch.Generator().manual_seed(seed)).to(weight)
    x = best = NOISE * noise.expand(len(units), *shape).contiguous()
    before = _units(module, torch.zeros_like(x), layer, units).detach()
    highest, seen = torch.full_like(before, -torch.inf), torch.zeros_like(x, dtype=torch.bool)
    tiny = torch.finfo(x.dtype).tiny
    for step in range(steps + 1):
        reached, gradient = _gradient(module, x, layer, units)
        best = torch.where(_over(reached > highest, x), x, best)
        highest = torch.maximum(highest, reached)
        seen |= gradient != 0
        bound = _over(seen.flatten(1).sum(1).to(x.dtype).sqrt(), x)
        x = x + RATE * (1 - step / steps) * bound * gradient / _length(gradient).clamp(min=tiny)
        x = torch.where(seen, x, NOISE * noise)
        x = x * (bound / _length(torch.where(seen, x, 0)).clamp(min=tiny)).clamp(max=1)
    moved = seen.flatten(1).any(1)
    after = torch.where(moved, highest, before)
    return Preferred(torch.where(seen & _over(moved, x), best, 0), before, after)


def _length(x: Tensor) -> Tensor:
    return _over(x.flatten(1).norm(dim=1), x)


def _over(values: Tensor, x: Tensor) -> Tensor:
    """Return one value a sample in the axes of the samples."""
    return values.view(-1, *[1] * (x.ndim - 1))


def _gradient(module: nn.Module, x: Tensor, layer: str, units: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Return each unit on its own sample, and its gradient there."""
    x = x.detach().requires_grad_()
    reached = _units(module, x, layer, units)
    (gradient,) = torch.autograd.grad(reached.sum(), x)
    return reached.detach(), gradient


def _units(module: nn.Module, x: Tensor, layer: str, units: Sequence[int]) -> Tensor:
    """Return each unit on its own sample, (units,): of a map the element in its middle."""
    if layer:
        with recorded(module, [layer]) as given:
            module(x)
        output = given.get(layer)
    else:
        output = module(x)
    output = output[0] if isinstance(output, tuple) else output
    if not isinstance(output, Tensor):
        raise InputError(f"layer '{layer}' gives no tensor, so its units prefer nothing that can be shown")
    wrong = [unit for unit in units if not 0 <= unit < output.shape[1]]
    if wrong:
        raise InputError(f"layer '{layer}' has units 0 to {output.shape[1] - 1}, but got {wrong[0]}")
    own = output[torch.arange(len(units)), torch.tensor(units)]
    for size in own.shape[1:]:
        own = own[:, size // 2]
    return own
