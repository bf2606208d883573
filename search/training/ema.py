"""The mean of a network's weights over the steps of its training, exponentially weighted.

It is what is evaluated and exported (Polyak and Juditsky 1992; as torchvision's recipes of 2021 have it).
"""

from __future__ import annotations

import copy

import torch
from torch import nn


class Average:
    """A copy of a module whose parameters and buffers are means of its own.

    Early in a training a step keeps (1 + steps) / (10 + steps) of the mean, so that weights from before the
    first step are soon forgotten; later, the decay.

    Attributes:
        model: The copy.
        decay: Share of the mean that a step keeps.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = copy.deepcopy(model).requires_grad_(False)
        self.decay = decay
        self._pairs = _real(self.model), _real(model)
        self._counts = _whole(self.model), _whole(model)

    def decay_at(self, steps: int) -> float:
        """Return the decay of the step after so many."""
        return min(self.decay, (1 + steps) / (10 + steps))

    @torch.no_grad()
    def update(self, decay: float | torch.Tensor) -> None:
        """Take in the weights of a step with the decay of its number."""
        means, values = self._pairs
        if isinstance(decay, torch.Tensor):
            ways = torch._foreach_sub(values, means)
            torch._foreach_mul_(ways, 1 - decay)
            torch._foreach_add_(means, ways)
        else:
            torch._foreach_lerp_(means, values, 1 - decay)
        for mean, value in zip(*self._counts, strict=True):
            mean.copy_(value)


def _tensors(model: nn.Module) -> list[torch.Tensor]:
    return [value.detach() for value in (*model.parameters(), *model.buffers())]


def _real(model: nn.Module) -> list[torch.Tensor]:
    return [value for value in _tensors(model) if value.is_floating_point()]


def _whole(model: nn.Module) -> list[torch.Tensor]:
    """Return what has no mean, such as the number of batches that a norm has seen."""
    return [value for value in _tensors(model) if not value.is_floating_point()]
