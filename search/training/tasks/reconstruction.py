"""Reconstruction: an autoencoder gives back what it was given, through a code that is smaller."""

from __future__ import annotations

import torch
from torch import nn

from archscape.spaces.values import shape_text

from .base import Tally
from .image_to_image import PsnrTally
from .of_samples import OfSamples


class Reconstruction(OfSamples):
    """Mean squared error of (N, C, *spatial) from 0 to 1; the score is the mean PSNR of the samples."""

    name = "reconstruction"

    def prepare(self) -> None:
        """Set what a network has to give."""
        super().prepare()
        shape = shape_text(self.data.input)
        self.output = self.data.input
        self.targets = f"samples of {shape} to reconstruct"
        self.wanted = f"a map of {shape}"
        self.row = f"conv: {{width: {self.output[0]}, kernel: 1, norm: none, act: none}}"

    def mean_loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error."""
        return nn.functional.mse_loss(outputs, targets)

    def tally(self, device: torch.device) -> Tally:
        """Return sums that are empty."""
        return PsnrTally(device, (1.0,) * self.output[0], span=1.0)
