"""Classification: one label for each sample."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import nn

from archscape.spaces.errors import JobError

from .base import Outputs, Tally, Task, is_list

TOP = 5
"""How many of the likeliest labels `top5_accuracy` looks at."""
MOST_COUNTED = 1000
"""Classes up to which samples are counted by class where no metric asks for it: their square is kept."""


class Classification(Task):
    """Cross entropy of (N, classes); the score is the share of samples whose label is the likeliest.

    With balanced class weights that of a sample counts N / (classes * samples of its class), in the training
    part of N samples: each class as much as any other (King and Zeng 2001).
    """

    name = "classification"
    mixes = ("mixup", "cutmix")
    smooths = True
    weighs = True

    def prepare(self) -> None:
        """Set what a network has to give."""
        classes = self.data.classes
        self.output = (classes,)
        self.targets = f"{classes} classes"
        self.wanted = f"one number for each of the {classes} classes"
        self.row = f"linear: {{width: {classes}}}"
        self._weights = self._balanced() if self.class_weights == "balanced" else None
        if "top5_accuracy" in self.metrics and classes <= TOP:
            law = f"{self.data.name} has {classes} classes, of which the {TOP} likeliest are all"
            raise JobError(f"top5_accuracy tells nothing: {law}; use accuracy")

    def fits(self, output: tuple[int, ...]) -> bool:
        """Return whether there is a number for each class; a network may tell more apart than there are."""
        return output[0] >= self.data.classes and is_list(output)

    def judged(self, outputs: Outputs) -> torch.Tensor:
        """Return the numbers of the first output (n, classes)."""
        return super().judged(outputs).flatten(1)

    def soft(self, targets: torch.Tensor) -> torch.Tensor:
        """Return the share of each class (N, classes)."""
        shares = torch.zeros(len(targets), self.data.classes, device=targets.device)
        return shares.scatter_(1, targets[:, None], 1.0)

    def mean_loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the cross entropy; targets may be shares of the classes (N, classes)."""
        outputs = outputs.flatten(1)
        if self._weights is not None:
            self._weights = self._weights.to(outputs.device)  # once: a step brings nothing to the device
        if targets.is_floating_point():
            return self._soft_loss(outputs, targets)
        if self._weights is None:
            return nn.functional.cross_entropy(outputs, targets, label_smoothing=self.label_smoothing)
        # Not over the weights of a batch, by which the loss of its halves would not be that of the whole.
        losses = nn.functional.cross_entropy(
            outputs, targets, label_smoothing=self.label_smoothing, reduction="none"
        )
        return (losses * self._weights[targets]).mean()

    def _soft_loss(self, outputs: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
        """Return the mean of the losses of labels, each by its share."""
        if self._weights is not None:
            shares = shares * self._weights
        logs = outputs.log_softmax(1)
        label = (shares * logs[:, : shares.shape[1]]).sum(1)
        spread = shares.sum(1) * logs.mean(1)
        return -torch.lerp(label, spread, self.label_smoothing).mean()

    def tally(self, device: torch.device) -> Tally:
        """Return sums that are empty."""
        return _Tally(device, self.data.classes, self.metrics)

    def _balanced(self) -> torch.Tensor:
        """Return the weight of each class; one without samples has none to weigh."""
        counts = torch.bincount(self.data.train.y.long().cpu(), minlength=self.data.classes)
        return len(self.data.train) / (self.data.classes * counts.clamp(min=1)).float()


class _Tally(Tally):
    """Counts of the right, and of samples by their class and the predicted one."""

    def __init__(self, device: torch.device, classes: int, metrics: Collection[str]) -> None:
        super().__init__(device)
        self.correct = torch.zeros((), dtype=torch.int64, device=device)
        self.samples = 0
        self.has_means = not {"balanced_accuracy", "f1_macro"}.isdisjoint(metrics)
        self.classes = classes if self.has_means or classes <= MOST_COUNTED else 0
        # One column more than classes: of what is not finite, or of no class that there is.
        self.cells = torch.zeros(self.classes * (self.classes + 1), dtype=torch.int64, device=device)
        has_top5 = "top5_accuracy" in metrics
        self.near = torch.zeros((), dtype=torch.int64, device=device) if has_top5 else None

    def add(self, outputs: torch.Tensor, targets: torch.Tensor) -> None:
        """Take in a batch; a sample whose outputs are not finite is wrong."""
        sound, predicted = outputs.isfinite().all(1), outputs.argmax(1)
        self.correct += (sound & (predicted == targets)).sum()
        self.is_finite &= sound.all()
        self.samples += len(targets)
        if self.classes:
            predicted = torch.where(sound, predicted, self.classes).clamp(max=self.classes)
            self.cells.index_add_(0, targets * (self.classes + 1) + predicted, torch.ones_like(targets))
        if self.near is not None:
            is_near = (outputs.topk(TOP, 1).indices == targets[:, None]).any(1)
            self.near += (sound & is_near).sum()

    def metrics(self) -> dict[str, float]:
        """Return the share of the right, and what else was asked for."""
        correct = int(self.correct)
        metrics = {"accuracy": correct / self.samples, "correct": correct}
        if self.near is not None:
            metrics["top5_accuracy"] = int(self.near) / self.samples
        return metrics | (self._by_class() if self.has_means else {})

    def confusion(self) -> list[list[int]] | None:
        """Return samples by class and by predicted class."""
        table: list[list[int]] = self.cells.view(self.classes, -1).tolist() if self.classes else []
        return table or None

    def _by_class(self) -> dict[str, float]:
        """Return the means over classes: of recall if they occur, of F1 if they occur or are predicted.

        Both as torchmetrics and scikit-learn have them.
        """
        table = self.cells.view(self.classes, -1).double().cpu()
        right, actual, predicted = table.diagonal(), table.sum(1), table[:, :-1].sum(0)
        occurs, is_met = actual > 0, actual + predicted > 0
        return {
            "balanced_accuracy": float((right[occurs] / actual[occurs]).mean()),
            "f1_macro": float((2 * right[is_met] / (actual + predicted)[is_met]).mean()),
        }
