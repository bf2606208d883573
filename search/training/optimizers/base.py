"""What an optimizer is: settings, the tensors that it remembers of a weight, and a step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple, TypeAlias

from archscape.spaces.kinds import Kind, number
from archscape.spaces.language.settings import RuleSettings

if TYPE_CHECKING:
    from torch import Tensor

Tensors: TypeAlias = "list[Tensor]"


class Step(NamedTuple):
    """One step over some weights of a network.

    Attributes:
        weights: To move.
        gradients: One for each weight.
        moments: What is remembered of earlier steps: a list, one tensor for each weight, for each tensor that
            an optimizer remembers of a weight.
        rate: Learning rate; a tensor of it for one that `takes_tensor_rate`, which torch types as a number.
        momentum: The recipe's momentum.
        decay: The weight decay of these weights.
    """

    weights: Tensors
    gradients: Tensors
    moments: list[Tensors]
    rate: float
    momentum: float
    decay: float

    def of(self, rows: list[int]) -> Step:
        """Return the same step over some of the weights alone."""
        return self._replace(
            weights=[self.weights[i] for i in rows],
            gradients=[self.gradients[i] for i in rows],
            moments=[[each[i] for i in rows] for each in self.moments],
        )


@dataclass(frozen=True, kw_only=True)
class OptimizerSettings(RuleSettings, ABC):
    """Settings of an optimizer beyond the rate, the momentum and the weight decay, which recipes have."""

    has_momentum: ClassVar[bool] = True
    """Whether it heeds the recipe's `momentum`."""
    takes_tensor_rate: ClassVar[bool] = False
    """Whether the rate may be a tensor on the device, where all that is remembered lies too."""

    @abstractmethod
    def remembered(self, weight: Tensor, momentum: float) -> Tensors:
        """Return the tensors that a weight has before its first step, as many for each weight."""

    @abstractmethod
    def move(self, step: Step) -> None:
        """Move the weights of a step, and change its moments."""


def positive() -> Kind[float]:
    """Return the kind of numbers above 0."""
    return number("a number above 0", lambda value: value > 0)


def share() -> Kind[float]:
    """Return the kind of numbers from 0 to below 1."""
    return number("a number from 0 to below 1", lambda value: 0 <= value < 1)
