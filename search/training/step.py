"""One step of a training: samples changed at random, passed through the network and back, weights moved.

It waits for nothing that the device computes and brings nothing to it. What differs from step to step (which
samples, the learning rate, the decay of a mean) comes in as arguments, on CUDA as tensors that lie in the
same place each time: so a CUDA graph can be captured of it (`graph.py`), and does what the step itself does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import torch
from torch import nn

from .augment.apply import augment
from .gradients import GradientStep
from .mixing import mix
from .transfer import at_own_rates

if TYPE_CHECKING:
    from ..datasets.split import Split
    from .ema import Average
    from .optimizer import Optimizer
    from .parallel.ranks import Ranks
    from .recipe import Recipe

Scalar: TypeAlias = "float | torch.Tensor"


class StepInputs(NamedTuple):
    """What differs from step to step.

    Attributes:
        rows: Numbers of the samples (n,), where the data lie.
        rate: Learning rate.
        ema_decay: Share of the mean of the weights that the step keeps; 0 where there is no mean.
    """

    rows: torch.Tensor
    rate: Scalar
    ema_decay: Scalar

    def on(self, device: torch.device) -> StepInputs:
        """Return the same in tensors of its own: rates in the type that kernels of the device read."""
        dtype = torch.float32 if device.type == "cuda" else torch.float64
        rate, ema_decay = (torch.full((), float(value), dtype=dtype, device=device) for value in self[1:])
        return StepInputs(self.rows.clone(), rate, ema_decay)

    def fill(self, other: StepInputs) -> None:
        """Take over what another has, into the same tensors; numbers travel with the kernels that fill."""
        self.rows.copy_(other.rows)
        for own, value in zip(self[1:], other[1:], strict=True):
            assert isinstance(own, torch.Tensor)
            own.fill_(value)


TakeStep: TypeAlias = Callable[[StepInputs], torch.Tensor]
"""Takes a step; returns its mean loss, still on the device."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingStep:
    """A step, as a function of its inputs and of what is on the device.

    Attributes:
        model: The network.
        own_rates: Weights whose rate is another, with its factor.
        data: The part that it is trained on.
        generator: Of the random numbers of augmentation and mixing, on the device.
        ranks: The processes that train it together on several devices; None for this one alone.
    """

    model: nn.Module
    own_rates: list[tuple[nn.Parameter, float]]
    data: Split
    recipe: Recipe
    gradient_step: GradientStep
    optimizer: Optimizer
    average: Average | None
    generator: torch.Generator
    ranks: Ranks | None = None

    def __call__(self, inputs: StepInputs) -> torch.Tensor:
        """Take a step; return its mean loss, still on the device."""
        step, task = self.gradient_step, self.gradient_step.task
        x, y = self.data.batch(inputs.rows, step.device)
        x, y = augment(x, y, self.recipe.augment, self.generator, fill=task.fill)
        x, y = mix(x, task.targets_of(x, y), self.recipe, task, self.generator)
        loss = self._gradients(x, y)
        with at_own_rates(self.own_rates):
            self.optimizer.step(inputs.rate)
        if self.average is not None:
            self.average.update(inputs.ema_decay)
        return loss

    def _gradients(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Leave the gradients of a batch in the weights, of all devices; return its mean loss."""
        if self.ranks is None:
            return self.gradient_step.gradients(self.model, x, y)
        part = self.ranks.part(y)
        loss = self.gradient_step.gradients(self.model, self.ranks.part(x), part, whole=y)
        return self.ranks.reduce(self.model, loss, len(part) / len(y))
