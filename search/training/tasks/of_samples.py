"""Tasks whose target is the sample itself, whatever labels the data have."""

from __future__ import annotations

import torch

from .base import Task


class OfSamples(Task):
    """A task that needs no targets: they are the samples, as numbers from 0 to 1.

    0 and 1 are the ends of their range in the source: 0 and 255 for bytes (16 for `digits`), else the least
    and the greatest number of the training part. Augmentation comes before, so that the target is what the
    network is given.
    """

    def prepare(self) -> None:
        """Find the way from standardised samples to their range."""
        units = self.data.statistics.targets
        assert units is not None
        shape = (-1, *[1] * (len(self.data.input) - 1))
        lowest, span = (torch.tensor(ends, dtype=torch.float64) for ends in (units.mean, units.std))
        mean, std = (torch.tensor(ends, dtype=torch.float64) for ends in (self.data.mean, self.data.std))
        self._factor = (std / span).float().view(shape)
        self._offset = ((mean - lowest) / span).float().view(shape)

    def targets_of(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Return the samples, from 0 to 1."""
        self._factor, self._offset = self._factor.to(x.device), self._offset.to(x.device)
        return x * self._factor + self._offset
