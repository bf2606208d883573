"""What an optimizer is: settings, the tensors that it remembers of a weight, and a step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from archscape.spaces.kinds import Kind, number
from archscape.spaces.language.settings import RuleSettings

if TYPE_CHECKING:
    from torch import Tensor

Tensors: TypeAlias = "list[Tensor]"


@dataclass(frozen=True, kw_only=True)
class OptimizerSettings(RuleSettings, ABC):
    """Settings of an optimizer beyond the rate, the momentum and the weight decay, which recipes have."""

    has_momentum: ClassVar[bool] = True
    """Whether it heeds the recipe's `momentum`."""

    @abstractmethod
    def remembered(self, weight: Tensor, momentum: float) -> Tensors:
        """Return the tensors that a weight has before its first step, as many for each weight."""

    @abstractmethod
    def step(
        self,
        weights: Tensors,
        gradients: Tensors,
        moments: Sequence[Tensors],
        *,
        rate: float,
        momentum: float,
        decay: float,
    ) -> None:
        """Change weights, and in `moments` a list for each tensor that is remembered."""


def positive() -> Kind[float]:
    """Return the kind of numbers above 0."""
    return number("a number above 0", lambda value: value > 0)


def share() -> Kind[float]:
    """Return the kind of numbers from 0 to below 1."""
    return number("a number from 0 to below 1", lambda value: 0 <= value < 1)
