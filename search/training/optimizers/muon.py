"""Muon (Jordan et al. 2024), at the rates of AdamW (Liu et al. 2025, section 2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from archscape.spaces.kinds import flag, whole

from .adam import AdamW
from .base import OptimizerSettings, Step, Tensors

if TYPE_CHECKING:
    from torch import Tensor

COEFFICIENTS = (3.4445, -4.775, 2.0315)  # of the polynomial that takes singular values to about 1
EPSILON = 1e-7


@dataclass(frozen=True, kw_only=True)
class Muon(OptimizerSettings):
    """Steps of momentum with all singular values set to about 1, for weights of two axes and more.

    The weights of a convolution are a matrix with a row for each output channel; biases and what norms have
    take the steps of AdamW.

    Attributes:
        nesterov: Mix the gradient into the momentum once more, as Nesterov's does.
        iterations: Of Newton and Schulz, which set the singular values.
    """

    name: ClassVar[str] = "muon"
    nesterov: Annotated[bool, flag()] = True
    iterations: Annotated[int, whole(1, 99)] = 5

    def remembered(self, weight: Tensor, momentum: float) -> Tensors:
        """Return what AdamW remembers; of a matrix the second is empty."""
        first, second, count = AdamW().remembered(weight, momentum)
        return [first, second.new_empty(0) if weight.ndim > 1 else second, count]

    def move(self, step: Step) -> None:
        """Move weights."""
        from torch.optim._muon import muon

        rows = range(len(step.weights))
        matrices = step.of([i for i in rows if step.weights[i].ndim > 1])
        orders = [_order(weight) for weight in matrices.weights]
        muon(
            [*map(_matrix, matrices.weights, orders)],
            [each.permute(order).flatten(1) for each, order in zip(matrices.gradients, orders, strict=True)],
            [*map(_matrix, matrices.moments[0], orders)],
            lr=step.rate,
            weight_decay=step.decay,
            momentum=step.momentum,
            nesterov=self.nesterov,
            ns_coefficients=COEFFICIENTS,
            ns_steps=self.iterations,
            eps=EPSILON,
            adjust_lr_fn="match_rms_adamw",
            has_complex=False,
        )
        if others := [i for i in rows if step.weights[i].ndim <= 1]:
            AdamW().move(step.of(others))


def _order(weight: Tensor) -> list[int]:
    """Return the axes of a weight so that all but the first are one axis without a copy."""
    return [0, *sorted(range(1, weight.ndim), key=weight.stride, reverse=True)]


def _matrix(tensor: Tensor, order: list[int]) -> Tensor:
    """Return the same memory as a matrix."""
    return tensor.permute(order).view(len(tensor), -1)
