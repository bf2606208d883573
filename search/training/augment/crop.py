"""Crops of random size and form, brought back to the size of the samples (Szegedy et al. 2014, section 6)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from archscape.spaces.kinds import number

from .base import Geometric

if TYPE_CHECKING:
    import torch

    from .batch import Batch


@dataclass(frozen=True, kw_only=True)
class Crop(Geometric):
    """Enlarges a window of each sample, of random size, form and place, to the whole.

    Attributes:
        area: The least share of a sample's pixels that its window has; shares are uniform from it to 1.
        aspect: The sides of a window differ by up to this factor more than those of samples; of the last two.
    """

    name: ClassVar[str] = "crop"
    area: Annotated[float, number("a share above 0, below 1", lambda share: 0 < share < 1)] = 0.5
    aspect: Annotated[float, number("a factor from 1 to 10", lambda value: 1 <= value <= 10)] = 1.33

    def source(self, batch: Batch) -> torch.Tensor:
        """Return where pixels come from: the window, which lies within the sample."""
        d = len(batch.spatial)
        side = batch.uniform(self.area, 1.0) ** (1 / d)
        form = batch.uniform(-1.0, 1.0) * (math.log(self.aspect) / 2)
        middle = batch.uniform(-0.5, 0.5, d)
        matrix = batch.identity()
        for i, size in enumerate(batch.spatial):
            way = {d - 2: 1, d - 1: -1}.get(i, 0) if d > 1 else 0
            share = (side * (way * form).exp()).clamp(max=1.0)
            matrix[:, i, i] = share
            matrix[:, i, d] = middle[:, i] * (1 - share) * size
        return matrix
