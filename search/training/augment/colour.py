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
        import torch

        batch.to_planes()
        x = batch.x.flatten(2)
        added, gain, colour = (
            batch.uniform(middle - reach, middle + reach, 1, 1)
            for middle, reach in ((0, self.brightness), (1, self.contrast), (1, self.saturation))
        )
        # mean + added + gain * (grey + colour * (x - grey) - mean), as one product with the channels
        eye = torch.eye(channels := x.shape[1], device=x.device)
        matrix = gain * (colour * eye + (1 - colour) / channels)
        offset = (1 - gain) * x.mean((1, 2), keepdim=True) + added
        batch.x = torch.baddbmm(offset, matrix, x).view_as(batch.x)
