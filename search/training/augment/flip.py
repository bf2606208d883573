"""Mirroring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from archscape.spaces.kinds import word

from .base import Augmentation

if TYPE_CHECKING:
    from .batch import Batch


@dataclass(frozen=True, kw_only=True)
class Flip(Augmentation):
    """Mirrors half of the samples, along the last axis or along each.

    Attributes:
        along: `last`, or `all`: along each of the axes half of the samples.
    """

    name: ClassVar[str] = "flip"
    moves: ClassVar[bool] = True
    along: Annotated[str, word("last", "all")] = "last"

    def apply(self, batch: Batch) -> None:
        """Mirror samples."""
        count = 1 if self.along == "last" else len(batch.spatial)
        for axis in range(-1, -1 - count, -1):
            batch.mirror(batch.x.ndim + axis, batch.chance())
