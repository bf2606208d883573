"""Rotation."""

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
class Rotate(Geometric):
    """Turns samples about their middle, in the plane of the last two axes.

    Attributes:
        degrees: The largest angle, either way; 180 turns them anyhow.
    """

    name: ClassVar[str] = "rotate"
    axes: ClassVar[tuple[int, ...]] = (2, 3)
    degrees: Annotated[
        float, number("an angle above 0, at most 180 degrees", lambda angle: 0 < angle <= 180)
    ] = 15

    def source(self, batch: Batch) -> torch.Tensor:
        """Return where pixels come from: turned back."""
        angle = batch.uniform(-radians(self.degrees), radians(self.degrees))
        matrix, d = batch.identity(), len(batch.spatial)
        matrix[:, d - 2, d - 2] = matrix[:, d - 1, d - 1] = angle.cos()
        matrix[:, d - 2, d - 1] = angle.sin()
        matrix[:, d - 1, d - 2] = -angle.sin()
        return matrix
