"""Adadelta (Zeiler 2012)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from .base import OptimizerSettings, Step, Tensors, positive, share

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Adadelta(OptimizerSettings):
    """Gradients times the root mean square of earlier steps by that of gradients; its own rate is 1.

    Attributes:
        rho: Share of both means that a step keeps.
        epsilon: Added to both.
    """

    name: ClassVar[str] = "adadelta"
    has_momentum: ClassVar[bool] = False
    rho: Annotated[float, share()] = 0.9
    epsilon: Annotated[float, positive()] = 1e-6

    def remembered(self, weight: Tensor, momentum: float) -> Tensors:
        """Return the two means and the number of steps."""
        import torch

        return [torch.zeros_like(weight), torch.zeros_like(weight), torch.zeros(())]

    def move(self, step: Step) -> None:
        """Move weights."""
        from torch.optim.adadelta import adadelta

        squares, steps, counts = step.moments
        adadelta(
            step.weights,
            step.gradients,
            squares,
            steps,
            counts,
            lr=step.rate,
            rho=self.rho,
            eps=self.epsilon,
            weight_decay=step.decay,
            maximize=False,
        )
