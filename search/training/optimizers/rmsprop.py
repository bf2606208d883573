"""RMSprop (Tieleman and Hinton 2012, lecture 6.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from archscape.spaces.kinds import flag

from .base import OptimizerSettings, Step, Tensors, positive, share

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class RMSprop(OptimizerSettings):
    """Gradients divided by the root of the mean of their squares, with momentum after that.

    Attributes:
        alpha: Share of the mean of squared gradients that a step keeps.
        epsilon: Added to the root of that mean.
        centered: Divide by the deviation of gradients in place of their root mean square (Graves 2013).
    """

    name: ClassVar[str] = "rmsprop"
    alpha: Annotated[float, share()] = 0.99
    epsilon: Annotated[float, positive()] = 1e-8
    centered: Annotated[bool, flag()] = False

    def remembered(self, weight: Tensor, momentum: float) -> Tensors:
        """Return the mean of squares, the number of steps, the mean, and what momentum has come to."""
        import torch

        means = [torch.zeros_like(weight)] if self.centered else []
        return [torch.zeros_like(weight), torch.zeros(()), *means, *_momentum(weight, momentum)]

    def move(self, step: Step) -> None:
        """Move weights."""
        from torch.optim.rmsprop import rmsprop

        squares, counts, *others = step.moments
        rmsprop(
            step.weights,
            step.gradients,
            squares,
            others.pop(0) if self.centered else [],
            others.pop(0) if step.momentum else [],
            counts,
            lr=step.rate,
            alpha=self.alpha,
            eps=self.epsilon,
            weight_decay=step.decay,
            momentum=step.momentum,
            centered=self.centered,
        )


def _momentum(weight: Tensor, momentum: float) -> Tensors:
    from torch import zeros_like

    return [zeros_like(weight)] if momentum else []
