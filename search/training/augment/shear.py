"""Shearing."""

from __future__ import annotations

from dataclasses import dataclass
from math import radians
from typing import TYPE_CHECKING, Annotated, ClassVar

from archscape.spaces.kinds import number

from .base import Geometric

if TYPE_CHECKING:
    import torch

    from .batch import Batch


@dataclass(frozen=True, kw_only=True)
class Shear(Geometric):
    """Slants samples: rows slide along the last axis, by as much as they are away from the middle.

    Attributes:
        degrees: The largest angle, either way, that an upright line is slanted by.
    """

    name: ClassVar[str] = "shear"
    axes: ClassVar[tuple[int, ...]] = (2, 3)
    degrees: Annotated[float, number("an angle above 0, below 80 degrees", lambda angle: 0 < angle < 80)] = 10

    def source(self, batch: Batch) -> torch.Tensor:
        """Return where pixels come from: the same row, further along it."""
        matrix, d = batch.identity(), len(batch.spatial)
        matrix[:, d - 1, d - 2] = batch.uniform(-radians(self.degrees), radians(self.degrees)).tan()
        return matrix
