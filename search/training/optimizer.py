"""The optimizer of a recipe: torch's fused kernels, through the functions that `torch.optim` itself calls.

The classes of `torch.optim` import torch's compiler when the first of them is made: 1.1 s in every worker,
half the length of a quick trial. The steps are the same to the bit, and a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from .recipe import Recipe

BETA2 = 0.999
EPSILON = 1e-8


class Optimizer:
    """Moves weights along their gradients.

    `sgd` is v = momentum v + g + weight_decay w; w = w - rate v. `adamw` is Adam with weight decay apart from
    the gradient (Loshchilov and Hutter 2017, algorithm 2).

    Attributes:
        moments: All that it remembers of earlier steps, one tensor a weight in each list.

    Raises:
        ValueError: If there are no weights to train.
    """

    def __init__(self, weights: Iterable[torch.Tensor], recipe: Recipe) -> None:
        self.weights = [weight for weight in weights if weight.requires_grad]
        self.recipe = recipe
        if not self.weights:
            raise ValueError("the network has no weights to train")
        self.moments = [[torch.zeros_like(weight) for weight in self.weights]]
        if recipe.optimizer == "adamw":
            self.moments.append([torch.zeros_like(weight) for weight in self.weights])
            self.moments.append([torch.zeros((), device=weight.device) for weight in self.weights])

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Take one step with a learning rate, then forget the gradients."""
        rows = [i for i, weight in enumerate(self.weights) if weight.grad is not None]
        weights = [self.weights[i] for i in rows]
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        first, *others = ([moments[i] for i in rows] for moments in self.moments)
        if self.recipe.optimizer == "sgd":
            sgd(
                weights,
                gradients,
                [*first],
                fused=True,
                weight_decay=self.recipe.weight_decay,
                momentum=self.recipe.momentum,
                lr=rate,
                dampening=0.0,
                nesterov=False,
                maximize=False,
            )
        else:
            second, counts = others
            adamw(
                weights,
                gradients,
                first,
                second,
                [],
                counts,
                fused=True,
                amsgrad=False,
                beta1=self.recipe.momentum,
                beta2=BETA2,
                lr=rate,
                weight_decay=self.recipe.weight_decay,
                eps=EPSILON,
                maximize=False,
            )
        for weight in weights:
            weight.grad = None
