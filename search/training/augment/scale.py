"""Rescaling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from .base import Geometric, factors

if TYPE_CHECKING:
    import torch

    from .batch import Batch


@dataclass(frozen=True, kw_only=True)
class Scale(Geometric):
    """Enlarges or reduces samples about their middle, along all axes alike; in one axis, faster or slower.

    Attributes:
        factor: The largest factor; factors are log-uniform from its inverse to it.
    """

    name: ClassVar[str] = "scale"
    factor: Annotated[float, factors()] = 1.25

    def source(self, batch: Batch) -> torch.Tensor:
        """Return where pixels come from: nearer to the middle, where a sample is enlarged."""
        inverse, matrix = batch.log_uniform(self.factor), batch.identity()
        for i in range(len(batch.spatial)):
            matrix[:, i, i] = inverse
        return matrix
