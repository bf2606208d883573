"""Segmentation: one label for each pixel, but for those that are ignored."""

from __future__ import annotations

import torch
from torch import nn

from archscape.spaces.values import shape_text

from ...datasets.arrays import IGNORED
from .base import Tally, Task


class Segmentation(Task):
    """Cross entropy of (N, classes, *spatial), averaged over pixels that count; the score is the mean IoU."""

    name = "segmentation"
    mixes = ("cutmix",)
    fill = IGNORED
    smooths = True

    def prepare(self) -> None:
        """Set what a network has to give."""
        data = self.data
        size = shape_text(data.target)
        self.output = (data.classes, *data.target)
        self.targets = f"{data.classes} classes at each of {size} pixels"
        self.wanted = f"one number for each of the {data.classes} classes at each of {size} pixels"
        self.row = f"conv: {{width: {data.classes}, kernel: 1, norm: none, act: none}}"

    def share(self, targets: torch.Tensor, whole: torch.Tensor) -> torch.Tensor:
        """Return the share of the pixels that count; zero if none does."""
        return _counted(targets) / _counted(whole).clamp(min=1)

    def mean_loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the cross entropy; zero if no pixel counts."""
        total = nn.functional.cross_entropy(
            outputs, targets, ignore_index=IGNORED, label_smoothing=self.label_smoothing, reduction="sum"
        )
        return total / _counted(targets).clamp(min=1)

    def tally(self, device: torch.device) -> Tally:
        """Return sums that are empty."""
        return _Tally(device, self.data.classes)


def _counted(targets: torch.Tensor) -> torch.Tensor:
    """Return the number of pixels that count, still on the device."""
    return (targets != IGNORED).sum()


class _Tally(Tally):
    """A confusion matrix: pixels by their class and by the predicted one."""

    def __init__(self, device: torch.device, classes: int) -> None:
        super().__init__(device)
        self.classes = classes
        # One column more than classes: of pixels whose outputs are not finite, which are wrong.
        self.pixels = torch.zeros(classes * (classes + 1), dtype=torch.int64, device=device)

    def add(self, outputs: torch.Tensor, targets: torch.Tensor) -> None:
        """Take in a batch."""
        sound = outputs.isfinite().all(1)
        predicted = torch.where(sound, outputs.argmax(1), self.classes)
        counts = targets != IGNORED
        cells = torch.where(counts, targets * (self.classes + 1) + predicted, 0)
        # `bincount` would wait for a GPU to learn how long it is.
        self.pixels.index_add_(0, cells.flatten(), counts.flatten().long())
        self.is_finite &= sound.all()

    def confusion(self) -> list[list[int]]:
        """Return pixels by class and by predicted class."""
        table: list[list[int]] = self.pixels.view(self.classes, -1).tolist()
        return table

    def metrics(self) -> dict[str, float]:
        """Return intersection over union, averaged over classes that occur, and the share of right pixels."""
        table = self.pixels.view(self.classes, -1).double().cpu()
        right, actual, predicted = table.diagonal(), table.sum(1), table[:, :-1].sum(0)
        occurs = actual > 0
        if not occurs.any():
            return {"mean_iou": 0.0, "pixel_accuracy": 0.0}
        union = (actual + predicted - right)[occurs]
        return {
            "mean_iou": float((right[occurs] / union).mean()),
            "pixel_accuracy": float(right.sum() / actual.sum()),
        }
