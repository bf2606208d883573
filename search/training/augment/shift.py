"""Shifts by whole pixels, as for CIFAR-10: padded by zeros and cropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from .base import Augmentation, lengths, pixels, refusal_of_length

if TYPE_CHECKING:
    from .batch import Batch


@dataclass(frozen=True, kw_only=True)
class Shift(Augmentation):
    """Moves samples by whole pixels along every axis; zero, the mean, comes in.

    Attributes:
        reach: The furthest: a number of pixels, or a share of the size; an eighth is 4 in 32 (He et al. 2015,
            section 4.2).
    """

    name: ClassVar[str] = "shift"
    moves: ClassVar[bool] = True
    reach: Annotated[float, lengths()] = 0.125

    def apply(self, batch: Batch) -> None:
        """Move samples."""
        reaches = [int(pixels(self.reach, size)) for size in batch.spatial]
        starts = [reach + batch.whole(-reach, reach)[:, 0] for reach in reaches]
        batch.move(reaches, starts)

    def refusal(self, spatial: tuple[int, ...]) -> str:
        """Return why samples of a size cannot be moved so; "" if they can."""
        return refusal_of_length(self.name, self.reach, spatial, is_whole=True)
