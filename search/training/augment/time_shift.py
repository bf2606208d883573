"""Shifts in time, as those of waveforms (audiomentations' `Shift`, which rolls over by default)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from .base import Augmentation, lengths, pixels, refusal_of_length

if TYPE_CHECKING:
    from .batch import Batch


@dataclass(frozen=True, kw_only=True)
class TimeShift(Augmentation):
    """Rolls sequences along time: what leaves at one end comes in at the other.

    Attributes:
        reach: The furthest, either way: a number of steps, or a share of the length.
    """

    name: ClassVar[str] = "time_shift"
    moves: ClassVar[bool] = True
    axes: ClassVar[tuple[int, ...]] = (1,)
    reach: Annotated[float, lengths()] = 0.5

    def apply(self, batch: Batch) -> None:
        """Roll sequences."""
        reach = int(pixels(self.reach, batch.spatial[0]))
        source = (batch.positions(2) - batch.over(batch.whole(-reach, reach))) % batch.spatial[0]
        batch.change(lambda x, _: x.gather(2, source.expand_as(x)))

    def refusal(self, spatial: tuple[int, ...]) -> str:
        """Return why samples of a size cannot be rolled so; "" if they can."""
        length = refusal_of_length(self.name, self.reach, spatial, is_whole=True)
        return Augmentation.refusal(self, spatial) or length
