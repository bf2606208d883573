"""Next-sample prediction: at each place what comes there, from what came before (WaveNet, PixelCNN)."""

from __future__ import annotations

import math

import torch
from torch import nn

from archscape.spaces.errors import JobError
from archscape.spaces.values import shape_text

from .base import Tally
from .of_samples import OfSamples

LEVELS = 256
"""Into how many levels the range of samples of one channel is cut; those of bytes are exact."""

IGNORED = -100
"""The target of the last step of a sequence, whose next is not known."""


class NextSample(OfSamples):
    """Cross entropy of (N, levels, *spatial); the score is its mean in bits, over all places.

    Samples have one channel, of which 256 levels are told apart, or are one-hot, with a channel a level. In a
    sequence an output sees its own step and gives the next (van den Oord et al. 2016, WaveNet); in images it
    gives its own pixel, and sees those above and to the left of it alone (PixelCNN).
    """

    name = "next-sample"

    def prepare(self) -> None:
        """Set what a network has to give."""
        super().prepare()
        channels, *spatial = self.data.input
        self.levels = LEVELS if channels == 1 else channels
        self.output = (self.levels, *spatial)
        size = shape_text(tuple(spatial))
        self.targets = f"{self.levels} levels at each of {size} places"
        self.wanted = f"one number for each of the {self.levels} levels at each of {size} places"
        self.row = f"conv: {{width: {self.levels}, kernel: 1, norm: none, act: none}}"

    def targets_of(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Return the levels (n, *spatial) that outputs have to tell."""
        values = super().targets_of(x, y)
        if len(self.data.input) > 1 and self.data.input[0] > 1:
            levels = values.argmax(1)
        else:
            levels = (values[:, 0] * (LEVELS - 1)).round().clamp(0, LEVELS - 1).long()
        if levels.ndim > 2:
            return levels
        return nn.functional.pad(levels[:, 1:], (0, 1), value=IGNORED)

    def mean_loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the cross entropy."""
        return nn.functional.cross_entropy(outputs, targets, ignore_index=IGNORED)

    def tally(self, device: torch.device) -> Tally:
        """Return sums that are empty."""
        return _Tally(device)

    def check(self, model: nn.Module) -> None:
        """Check that no output depends on what it has to tell, or on what comes after it.

        Raises:
            JobError: If one does.
        """
        x = torch.randn(1, *self.data.input, generator=torch.Generator().manual_seed(0)).requires_grad_()
        outputs = model.eval()(x)
        first = outputs if isinstance(outputs, torch.Tensor) else outputs[0]
        places = math.prod(self.output[1:])
        is_image = len(self.output) > 2
        for i in {places // 3, places // 2}:
            (gradient,) = torch.autograd.grad(first.flatten(2)[..., i].sum(), x, retain_graph=True)
            hidden = gradient.flatten(2)[..., i + (not is_image) :]
            if hidden.any():
                what = "pixel itself or those after it" if is_image else "steps that come after it"
                rows = "`masked` rows" if is_image else "`padding: causal` or a `wavenet` row"
                raise JobError(f"an output sees the {what}, so there is nothing to predict; use {rows}")


class _Tally(Tally):
    def __init__(self, device: torch.device) -> None:
        super().__init__(device)
        self.bits = torch.zeros((), dtype=torch.float64, device=device)
        self.correct, self.places = (torch.zeros((), dtype=torch.int64, device=device) for _ in range(2))

    def add(self, outputs: torch.Tensor, targets: torch.Tensor) -> None:
        """Take in a batch."""
        nats = nn.functional.cross_entropy(outputs, targets, ignore_index=IGNORED, reduction="none")
        self.bits += nats.sum(dtype=torch.float64) / math.log(2)
        self.correct += (outputs.isfinite().all(1) & (outputs.argmax(1) == targets)).sum()
        self.places += (targets != IGNORED).sum()
        self.is_finite &= outputs.isfinite().all()

    def metrics(self) -> dict[str, float]:
        """Return bits for each place, and the share of places whose level is the likeliest."""
        places = int(self.places)
        return {"bits_per_dim": float(self.bits) / places, "accuracy": int(self.correct) / places}
