"""Translation, by parts of pixels too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from .base import Geometric, lengths, pixels, refusal_of_length

if TYPE_CHECKING:
    import torch

    from .batch import Batch


@dataclass(frozen=True, kw_only=True)
class Translate(Geometric):
    """Moves samples along every axis, by parts of pixels too; `shift` moves by whole ones, and blurs nothing.

    Attributes:
        reach: The furthest: a number of pixels, or a share of the size.
    """

    name: ClassVar[str] = "translate"
    reach: Annotated[float, lengths()] = 0.1

    def source(self, batch: Batch) -> torch.Tensor:
        """Return where pixels come from."""
        matrix, d = batch.identity(), len(batch.spatial)
        way = batch.uniform(-1.0, 1.0, d)
        for i, size in enumerate(batch.spatial):
            matrix[:, i, d] = way[:, i] * pixels(self.reach, size)
        return matrix

    def refusal(self, spatial: tuple[int, ...]) -> str:
        """Return why samples of a size cannot be moved so; "" if they can."""
        return refusal_of_length(self.name, self.reach, spatial)
