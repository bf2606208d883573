"""The optimizer of a recipe over the weights of a network: torch's kernels, without its classes.

The classes of `torch.optim` import torch's compiler when the first of them is made: 1.1 s in every worker,
half the length of a quick trial. The steps are the same to the bit, and a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import torch

from .optimizers.base import Step
from .recipe import Recipe


class Optimizer:
    """Moves weights along their gradients.

    Attributes:
        moments: All that it remembers of earlier steps, one tensor a weight in each list.

    Raises:
        ValueError: If there are no weights to train.
    """

    def __init__(self, weights: Iterable[torch.Tensor], recipe: Recipe) -> None:
        self.weights = [weight for weight in weights if weight.requires_grad]
        self.recipe = recipe
        self.rule = recipe.optimizer_settings
        if not self.weights:
            raise ValueError("the network has no weights to train")
        remembered = [self.rule.remembered(weight, recipe.momentum) for weight in self.weights]
        self.moments = [list(each) for each in zip(*remembered, strict=True)]
        self.groups = self._groups()

    @torch.no_grad()
    def step(self, rate: float | torch.Tensor) -> None:
        """Take one step with a learning rate, then forget the gradients."""
        if self.recipe.clip is not None:
            torch.nn.utils.clip_grad_norm_(self.weights, self.recipe.clip)
        for decay, members in self.groups:
            rows = [i for i in members if self.weights[i].grad is not None]
            if rows:
                self._move(rows, rate, decay)

    def _move(self, rows: list[int], rate: float | torch.Tensor, decay: float) -> None:
        weights = [self.weights[i] for i in rows]
        step = Step(
            weights=weights,
            gradients=[weight.grad for weight in weights if weight.grad is not None],
            moments=[[each[i] for i in rows] for each in self.moments],
            rate=cast(float, rate),
            momentum=self.recipe.momentum,
            decay=decay,
        )
        self.rule.move(step)
        for weight in weights:
            weight.grad = None

    def _groups(self) -> list[tuple[float, list[int]]]:
        """Return weight decays, each with the weights that have it.

        Norms and biases have one axis, and are left out of `decay: weights` (He et al. 2018, section 3.1).
        """
        rows, decay = range(len(self.weights)), self.recipe.weight_decay
        if self.recipe.decay == "all":
            return [(decay, [*rows])]
        matrices = [i for i in rows if self.weights[i].ndim > 1]
        return [(decay, matrices), (0.0, [i for i in rows if self.weights[i].ndim <= 1])]
