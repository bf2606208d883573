"""Random search."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from .base import Sampler

if TYPE_CHECKING:
    from archscape.spaces import Sample, Space

    from ..study.history import History


@dataclass(frozen=True, kw_only=True)
class RandomSampler(Sampler):
    """Every choice uniform over its options, given that the network meets the limits."""

    name: ClassVar[str] = "random"
    looks_back: ClassVar[bool] = False

    def sample(self, space: Space, history: History, rng: random.Random) -> Sample:
        """Return a random sample."""
        return space.sample(rng)
