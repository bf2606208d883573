"""Colour jitter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from archscape.spaces.kinds import Kind, number

from .base import Augmentation

if TYPE_CHECKING:
    from .batch import Batch


def _share() -> Kind[float]:
    return number("a number from 0 to 1", lambda share: 0 <= share <= 1)


@dataclass(frozen=True, kw_only=True)
class Colour(Augmentation):
    """Changes brightness, contrast and saturation of each sample; in one axis, offset and gain.

    In the units of standardised data, so for any number of channels. A number alone sets all three.

    Attributes:
        brightness: What is added to all of a sample is uniform between minus this and this; 1 is the standard
            deviation of the data.
        contrast: A sample's differences from its own mean are multiplied by 1 - this to 1 + this.
        saturation: Likewise each pixel's, from the mean of its channels.
    """

    name: ClassVar[str] = "colour"
    recolours: ClassVar[bool] = True
    short: ClassVar[tuple[str, ...]] = ("brightness", "contrast", "saturation")
    brightness: Annotated[float, _share()] = 0.2
    contrast: Annotated[float, _share()] = 0.2
    saturation: Annotated[float, _share()] = 0.2

    def apply(self, batch: Batch) -> None:
        """Change the samples; masks stay as they are."""
        x = batch.x
        added = batch.over(batch.uniform(-self.brightness, self.brightness))
        gain = batch.over(batch.uniform(1 - self.contrast, 1 + self.contrast))
        colour = batch.over(batch.uniform(1 - self.saturation, 1 + self.saturation))
        if x.shape[1] == 1:
            colour = 1 + 0 * colour
        # mean + added + gain * (grey + colour * (x - grey) - mean), with one pass over the channels
        grey = x.mean(1, keepdim=True)
        mean = grey.mean([*range(1, x.ndim)], keepdim=True)
        batch.x = (gain * (1 - colour) * grey + ((1 - gain) * mean + added)).addcmul(x, gain * colour)
