"""Regression: numbers for each sample, learned in units in which each has mean 0 and deviation 1."""

from __future__ import annotations

import torch
from torch import nn

from .base import Tally, Task


class Regression(Task):
    """Mean squared error of (N, k), standardised; the score is the mean absolute error in source units."""

    name = "regression"
    mixes: tuple[str, ...] = ("mixup",)

    def prepare(self) -> None:
        """Set what a network has to give."""
        data = self.data
        (count,) = self.output = data.target
        self.targets = f"targets of {count} numbers" if count > 1 else "targets of one number"
        self.wanted = f"the {count} numbers of a target" if count > 1 else "the one number of a target"
        self.row = f"linear: {{width: {count}}}"

    def mean_loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error."""
        return nn.functional.mse_loss(outputs, targets)

    def tally(self, device: torch.device) -> Tally:
        """Return sums that are empty."""
        assert self.data.statistics.targets is not None
        return ErrorTally(device, self.data.statistics.targets.std)


class ErrorTally(Tally):
    """Sum of absolute errors, in units of the source."""

    def __init__(self, device: torch.device, std: tuple[float, ...]) -> None:
        super().__init__(device)
        self.std = torch.tensor(std, device=device)
        self.error = torch.zeros((), dtype=torch.float64, device=device)
        self.numbers = 0

    def add(self, outputs: torch.Tensor, targets: torch.Tensor) -> None:
        """Take in a batch."""
        self.error += ((outputs - targets).abs() * self.std).sum(dtype=torch.float64)
        self.is_finite &= outputs.isfinite().all()
        self.numbers += targets.numel()

    def metrics(self) -> dict[str, float]:
        """Return the mean absolute error."""
        return {"mae": float(self.error) / self.numbers}
