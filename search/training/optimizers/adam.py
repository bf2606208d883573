"""Adam and its kin: steps along a mean of gradients, divided by the root of that of their squares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from archscape.spaces.kinds import flag

from .base import OptimizerSettings, Step, Tensors, positive, share

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class _Family(OptimizerSettings):
    """What all of them have; the recipe's momentum is the first beta.

    Attributes:
        beta2: Share of the mean of squared gradients that a step keeps.
        epsilon: Added to the root of that mean.
    """

    counts_beside_weights: ClassVar[bool] = False
    """Whether its kernel reads the number of steps on the device; else Python does, on the CPU."""

    beta2: Annotated[float, share()] = 0.999
    epsilon: Annotated[float, positive()] = 1e-8

    def remembered(self, weight: Tensor, momentum: float) -> Tensors:
        """Return the two means and the number of steps."""
        import torch

        count = torch.zeros((), device=weight.device if self.counts_beside_weights else "cpu")
        return [torch.zeros_like(weight), torch.zeros_like(weight), count]


@dataclass(frozen=True, kw_only=True)
class _Fused(_Family):
    """Those with one fused kernel.

    Attributes:
        amsgrad: Divide by the root of the largest mean of squares so far (Reddi et al. 2018, algorithm 2).
    """

    decoupled: ClassVar[bool]
    counts_beside_weights: ClassVar[bool] = True
    takes_tensor_rate: ClassVar[bool] = True
    amsgrad: Annotated[bool, flag()] = False

    def remembered(self, weight: Tensor, momentum: float) -> Tensors:
        """Return the two means, the number of steps, and with `amsgrad` the largest of the second."""
        first, second, count = super().remembered(weight, momentum)
        return [first, second, count, *([second.clone()] if self.amsgrad else [])]

    def move(self, step: Step) -> None:
        """Move weights."""
        from torch.optim.adam import adam

        first, second, counts, *largest = step.moments
        adam(
            step.weights,
            step.gradients,
            first,
            second,
            largest[0] if self.amsgrad else [],
            counts,
            fused=True,
            amsgrad=self.amsgrad,
            decoupled_weight_decay=self.decoupled,
            beta1=step.momentum,
            beta2=self.beta2,
            lr=step.rate,
            weight_decay=step.decay,
            eps=self.epsilon,
            maximize=False,
        )


@dataclass(frozen=True, kw_only=True)
class AdamW(_Fused):
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter 2017, algorithm 2)."""

    name: ClassVar[str] = "adamw"
    decoupled: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class Adam(_Fused):
    """Adam, with weight decay added to the gradient (Kingma and Ba 2014, algorithm 1)."""

    name: ClassVar[str] = "adam"
    decoupled: ClassVar[bool] = False


@dataclass(frozen=True, kw_only=True)
class Adamax(_Family):
    """Adam by the largest gradient, which fades, in place of mean squares (Kingma and Ba 2014, section 7.1).

    Its `beta2` is the share of the largest that a step keeps.
    """

    name: ClassVar[str] = "adamax"

    def move(self, step: Step) -> None:
        """Move weights."""
        from torch.optim.adamax import adamax

        first, largest, counts = step.moments
        adamax(
            step.weights,
            step.gradients,
            first,
            largest,
            counts,
            beta1=step.momentum,
            beta2=self.beta2,
            lr=step.rate,
            weight_decay=step.decay,
            eps=self.epsilon,
        )


@dataclass(frozen=True, kw_only=True)
class NAdam(_Family):
    """Adam with the momentum of Nesterov (Dozat 2016).

    Attributes:
        momentum_decay: How fast the momentum rises to the recipe's.
        decoupled: Keep weight decay apart from the gradient, as AdamW does.
    """

    name: ClassVar[str] = "nadam"
    momentum_decay: Annotated[float, positive()] = 4e-3
    decoupled: Annotated[bool, flag()] = False

    def remembered(self, weight: Tensor, momentum: float) -> Tensors:
        """Return the two means, the number of steps and the product of all momenta."""
        import torch

        return [*super().remembered(weight, momentum), torch.ones(())]

    def move(self, step: Step) -> None:
        """Move weights."""
        from torch.optim.nadam import nadam

        first, second, counts, products = step.moments
        nadam(
            step.weights,
            step.gradients,
            first,
            second,
            products,
            counts,
            decoupled_weight_decay=self.decoupled,
            beta1=step.momentum,
            beta2=self.beta2,
            lr=step.rate,
            weight_decay=step.decay,
            momentum_decay=self.momentum_decay,
            eps=self.epsilon,
        )


@dataclass(frozen=True, kw_only=True)
class RAdam(_Family):
    """Adam with short steps until its mean of squares is known well (Liu et al. 2019, algorithm 2).

    Attributes:
        decoupled: Keep weight decay apart from the gradient, as AdamW does.
    """

    name: ClassVar[str] = "radam"
    decoupled: Annotated[bool, flag()] = False

    def move(self, step: Step) -> None:
        """Move weights."""
        from torch.optim.radam import radam

        first, second, counts = step.moments
        radam(
            step.weights,
            step.gradients,
            first,
            second,
            counts,
            decoupled_weight_decay=self.decoupled,
            beta1=step.momentum,
            beta2=self.beta2,
            lr=step.rate,
            weight_decay=step.decay,
            eps=self.epsilon,
        )
