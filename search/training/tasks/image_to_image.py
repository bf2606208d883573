"""Image to image: denoising, super-resolution, colouring, and whatever else makes an image of an image."""

from __future__ import annotations

import torch
from torch import nn

from archscape.spaces.values import shape_text

from .base import Tally, Task

HIGHEST = 100.0  # dB, the PSNR of an image without a fault


class ImageToImage(Task):
    """Mean squared error of (N, C, *spatial), standardised; the score is the mean PSNR of the images.

    PSNR = 10 log10(span^2 / mse), in the units of the source; the span is 255 for bytes, else from the least
    to the greatest number of the training targets. It is the mean of all images, each at most 100 dB.
    """

    name = "image-to-image"
    mixes: tuple[str, ...] = ("mixup", "cutmix")
    fill = 0.0  # the mean, in the units of training

    def prepare(self) -> None:
        """Set what a network has to give."""
        data = self.data
        self.output = data.target
        self.targets = f"targets of {shape_text(data.target)}"
        self.wanted = f"a map of {shape_text(data.target)}"
        self.row = f"conv: {{width: {data.target[0]}, kernel: 1, norm: none, act: none}}"
        if data.target[1:] != data.input[1:]:
            self.mixes = ("mixup",)  # a box of the one is none of the other

    def mean_loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error."""
        return nn.functional.mse_loss(outputs, targets)

    def tally(self, device: torch.device) -> Tally:
        """Return sums that are empty."""
        units = self.data.statistics.targets
        assert units is not None
        return PsnrTally(device, units.std, self.data.statistics.span)


class Denoising(ImageToImage):
    """The same, where the images differ in their noise alone and so have one shape."""

    name = "denoising"


class PsnrTally(Tally):
    """Sum of the PSNR of images."""

    def __init__(self, device: torch.device, std: tuple[float, ...], span: float) -> None:
        super().__init__(device)
        # From a squared error in the units of training to a share of the squared span.
        self.share = (torch.tensor(std, device=device) / span).square()
        self.decibels = torch.zeros((), dtype=torch.float64, device=device)
        self.images = 0

    def add(self, outputs: torch.Tensor, targets: torch.Tensor) -> None:
        """Take in a batch."""
        channels = (outputs - targets).square().flatten(2).mean(2) * self.share
        mse = channels.mean(1).clamp(min=10 ** (-HIGHEST / 10))
        self.decibels -= (10 * mse.log10()).sum(dtype=torch.float64)
        self.is_finite &= outputs.isfinite().all()
        self.images += len(targets)

    def metrics(self) -> dict[str, float]:
        """Return the mean PSNR."""
        return {"psnr": float(self.decibels) / self.images}
