"""Stochastic gradient descent with momentum (Sutskever et al. 2013)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from archscape.spaces.kinds import flag

from .base import OptimizerSettings, Step, Tensors

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Sgd(OptimizerSettings):
    """Gradient descent: v = momentum v + g + weight_decay w; w = w - rate v.

    Attributes:
        nesterov: Step along g + weight_decay w + momentum v in place of v.
    """

    name: ClassVar[str] = "sgd"
    takes_tensor_rate: ClassVar[bool] = True
    nesterov: Annotated[bool, flag()] = False

    def remembered(self, weight: Tensor, momentum: float) -> Tensors:
        """Return v."""
        from torch import zeros_like

        return [zeros_like(weight)]

    def move(self, step: Step) -> None:
        """Move weights."""
        from torch.optim.sgd import sgd

        sgd(
            step.weights,
            step.gradients,
            [*step.moments[0]],
            fused=True,
            weight_decay=step.decay,
            momentum=step.momentum,
            lr=step.rate,
            dampening=0.0,
            nesterov=self.nesterov,
            maximize=False,
        )
