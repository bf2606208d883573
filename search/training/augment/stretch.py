"""Stretching one axis against the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from .base import Geometric, factors

if TYPE_CHECKING:
    import torch

    from .batch import Batch


@dataclass(frozen=True, kw_only=True)
class Stretch(Geometric):
    """Makes samples wider and flatter or narrower and higher, in the plane of the last two axes.

    Attributes:
        factor: The largest factor of the width, which the height is divided by; log-uniform from its inverse.
    """

    name: ClassVar[str] = "stretch"
    axes: ClassVar[tuple[int, ...]] = (2, 3)
    factor: Annotated[float, factors()] = 1.25

    def source(self, batch: Batch) -> torch.Tensor:
        """Return where pixels come from."""
        inverse, matrix, d = batch.log_uniform(self.factor), batch.identity(), len(batch.spatial)
        matrix[:, d - 1, d - 1] = inverse
        matrix[:, d - 2, d - 2] = 1 / inverse
        return matrix
