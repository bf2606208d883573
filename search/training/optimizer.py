"""The optimizers of a recipe: torch's fused kernels, through the functions that `torch.optim` itself calls.

The classes of `torch.optim` import torch's compiler when the first of them is made: 1.1 s in every worker,
half the length of a quick trial. The steps are the same to the bit, and a test compares them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

import torch
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from .recipe import Recipe

BETA2 = 0.999
EPSILON = 1e-8


class Optimizer(ABC):
    """Moves weights along their gradients.

    Attributes:
        moments: All that it remembers of earlier steps, one tensor a weight in each list.
    """

    def __init__(self, weights: list[torch.Tensor], *, momentum: float, weight_decay: float) -> None:
        self.weights = weights
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.first = [torch.zeros_like(weight) for weight in weights]
        self.moments = [self.first]

    @abstractmethod
    def step(self, rate: float) -> None:
        """Take one step with a learning rate, then forget the gradients."""

    def used(self) -> tuple[list[int], list[torch.Tensor]]:
        """Return the indices of the weights that have a gradient, and the gradients."""
        pairs = [(i, weight.grad) for i, weight in enumerate(self.weights) if weight.grad is not None]
        return [i for i, _ in pairs], [gradient for _, gradient in pairs]

    def forget(self) -> None:
        """Forget the gradients."""
        for weight in self.weights:
            weight.grad = None


class Sgd(Optimizer):
    """v = momentum v + g + weight_decay w; w = w - rate v."""

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Take one step with a learning rate, then forget the gradients."""
        rows, gradients = self.used()
        sgd(
            [self.weights[i] for i in rows],
            gradients,
            [self.first[i] for i in rows],
            fused=True,
            weight_decay=self.weight_decay,
            momentum=self.momentum,
            lr=rate,
            dampening=0.0,
            nesterov=False,
            maximize=False,
        )
        self.forget()


class AdamW(Optimizer):
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter 2017, algorithm 2)."""

    def __init__(self, weights: list[torch.Tensor], *, momentum: float, weight_decay: float) -> None:
        super().__init__(weights, momentum=momentum, weight_decay=weight_decay)
        self.second = [torch.zeros_like(weight) for weight in weights]
        self.counts = [torch.zeros((), device=weight.device) for weight in weights]
        self.moments = [self.first, self.second, self.counts]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Take one step with a learning rate, then forget the gradients."""
        rows, gradients = self.used()
        adamw(
            [self.weights[i] for i in rows],
            gradients,
            [self.first[i] for i in rows],
            [self.second[i] for i in rows],
            [],
            [self.counts[i] for i in rows],
            fused=True,
            amsgrad=False,
            beta1=self.momentum,
            beta2=BETA2,
            lr=rate,
            weight_decay=self.weight_decay,
            eps=EPSILON,
            maximize=False,
        )
        self.forget()


def optimizer(weights: Iterable[torch.Tensor], recipe: Recipe) -> Optimizer:
    """Return the optimizer of a recipe for these weights."""
    trainable = [weight for weight in weights if weight.requires_grad]
    if not trainable:
        raise ValueError("the network has no weights to train")
    kind = Sgd if recipe.optimizer == "sgd" else AdamW
    return kind(trainable, momentum=recipe.momentum, weight_decay=recipe.weight_decay)
