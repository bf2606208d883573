"""Noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from archscape.spaces.kinds import number

from .base import Augmentation

if TYPE_CHECKING:
    from .batch import Batch


@dataclass(frozen=True, kw_only=True)
class Noise(Augmentation):
    """Adds Gaussian noise to samples, white, and never to their targets.

    Attributes:
        deviation: Its standard deviation; 1 is that of the data.
    """

    name: ClassVar[str] = "noise"
    deviation: Annotated[float, number("a number above 0", lambda deviation: deviation > 0)] = 0.1

    def apply(self, batch: Batch) -> None:
        """Add the noise."""
        import torch

        batch.to_planes()
        noise = batch.normal()
        batch.x = torch.add(batch.x, noise, alpha=self.deviation, out=noise)
