"""Multi-label: which of several labels a sample has, none of them or many."""

from __future__ import annotations

import torch
from torch import nn

from .base import Outputs, Tally, Task, is_list


class MultiLabel(Task):
    """Binary cross entropy of logits (N, labels); the score is the mean average precision of the labels."""

    name = "multi-label"
    mixes = ("mixup", "cutmix")

    def prepare(self) -> None:
        """Set what a network has to give."""
        count = self.data.classes
        self.output = (count,)
        self.targets = f"{count} labels, each there or not"
        self.wanted = f"one number for each of the {count} labels"
        self.row = f"linear: {{width: {count}}}"

    def fits(self, output: tuple[int, ...]) -> bool:
        """Return whether there is a number for each label."""
        return output[:1] == self.output and is_list(output)

    def judged(self, outputs: Outputs) -> torch.Tensor:
        """Return the numbers of the first output (n, labels)."""
        return super().judged(outputs).flatten(1)

    def soft(self, targets: torch.Tensor) -> torch.Tensor:
        """Return how much of each label is there (N, labels)."""
        return targets.float()

    def mean_loss(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the binary cross entropy."""
        logits = outputs.flatten(1)
        return nn.functional.binary_cross_entropy_with_logits(logits, targets.to(logits.dtype))

    def tally(self, device: torch.device) -> Tally:
        """Return sums that are empty."""
        return _Tally(device)


class _Tally(Tally):
    """All outputs, by whose order over the whole part precision is counted."""

    def __init__(self, device: torch.device) -> None:
        super().__init__(device)
        self.outputs: list[torch.Tensor] = []
        self.targets: list[torch.Tensor] = []

    def add(self, outputs: torch.Tensor, targets: torch.Tensor) -> None:
        """Take in a batch; what is not finite ranks last, and says that a label is not there."""
        sound = outputs.isfinite()
        self.outputs.append(torch.where(sound, outputs, -torch.inf))
        self.targets.append(targets.bool())
        self.is_finite &= sound.all()

    def metrics(self) -> dict[str, float]:
        """Return mean average precision, and F1 and exact matches at a probability of one half."""
        outputs, actual = torch.cat(self.outputs), torch.cat(self.targets)
        predicted = outputs > 0
        right, either = (predicted & actual).sum(0).double(), predicted.sum(0) + actual.sum(0)
        columns = zip(outputs.T, actual.T, strict=True)
        precisions = [average_precision(*column) for column in columns if column[1].any()]
        return {
            "mean_average_precision": sum(precisions) / max(len(precisions), 1),
            "f1_macro": float((2 * right / either.clamp(min=1)).mean()),
            "exact_match": float((predicted == actual).all(1).double().mean()),
        }


def average_precision(scores: torch.Tensor, there: torch.Tensor) -> float:
    """Return the mean over the samples that are there of the precision down to the score of each.

    Samples of one score are taken together, as scikit-learn and torchmetrics take them.

    Args:
        scores: The greater the likelier, (n,).
        there: Whether each is, (n,); one at least.

    >>> average_precision(torch.tensor([3.0, 2.0, 1.0]), torch.tensor([True, False, True]))
    0.8333333333333333
    """
    scores, order = scores.sort(descending=True)
    hits = there[order].cumsum(0).double()
    ends = torch.cat([scores[1:] != scores[:-1], scores.new_ones(1, dtype=torch.bool)])
    precision = (hits / torch.arange(1, len(hits) + 1, device=hits.device))[ends]
    fresh = hits[ends].diff(prepend=hits.new_zeros(1))
    return float((precision * fresh).sum() / hits[-1])
