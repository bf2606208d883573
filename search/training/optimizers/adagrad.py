"""Adagrad (Duchi et al. 2011)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from archscape.spaces.kinds import number

from .base import OptimizerSettings, Step, Tensors, positive

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Adagrad(OptimizerSettings):
    """Gradients divided by the root of the sum of all their squares so far; without momentum.

    Attributes:
        epsilon: Added to the root of that sum.
        start: What the sum starts from.
    """

    name: ClassVar[str] = "adagrad"
    has_momentum: ClassVar[bool] = False
    epsilon: Annotated[float, positive()] = 1e-10
    start: Annotated[float, number("a number from 0", lambda value: value >= 0)] = 0.0

    def remembered(self, weight: Tensor, momentum: float) -> Tensors:
        """Return the sum and the number of steps."""
        import torch

        return [torch.full_like(weight, self.start), torch.zeros(())]

    def move(self, step: Step) -> None:
        """Move weights."""
        from torch.optim.adagrad import adagrad

        sums, counts = step.moments
        adagrad(
            step.weights,
            step.gradients,
            sums,
            counts,
            lr=step.rate,
            weight_decay=step.decay,
            lr_decay=0.0,
            eps=self.epsilon,
            maximize=False,
        )
