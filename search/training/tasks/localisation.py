"""Localisation: where the one object of a sample lies, as a box."""

from __future__ import annotations

import torch

from archscape.spaces.errors import JobError

from .base import Tally
from .regression import ErrorTally, Regression


class Localisation(Regression):
    """Mean squared error of boxes (N, 4), standardised, as in VGG's localiser; the score is their mean IoU.

    A box is left, top, right and bottom, in the units of the source: the order of torchvision's `xyxy`.
    """

    name = "localisation"
    mixes: tuple[str, ...] = ()  # no box lies between two boxes

    def prepare(self) -> None:
        """Set what a network has to give."""
        super().prepare()
        if self.output != (4,):
            law = (
                f"a box is left, top, right and bottom, but targets of {self.data.name} have {self.output[0]}"
            )
            raise JobError(f"data: {law}; `task: regression` takes any numbers")

    def tally(self, device: torch.device) -> Tally:
        """Return sums that are empty."""
        units = self.data.statistics.targets
        assert units is not None
        return _Tally(device, units.mean, units.std)


class _Tally(ErrorTally):
    def __init__(self, device: torch.device, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__(device, std)
        self.mean = torch.tensor(mean, device=device)
        self.overlap = torch.zeros((), dtype=torch.float64, device=device)

    def add(self, outputs: torch.Tensor, targets: torch.Tensor) -> None:
        """Take in a batch; the overlap of what is not finite is none."""
        super().add(outputs, targets)
        predicted, actual = (boxes * self.std + self.mean for boxes in (outputs, targets))
        self.overlap += box_iou(predicted, actual).nan_to_num().sum(dtype=torch.float64)

    def metrics(self) -> dict[str, float]:
        return {"box_iou": float(self.overlap) * 4 / self.numbers, **super().metrics()}


def box_iou(boxes: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Return intersection over union of each of (n, 4) boxes with its other, (n,); of an empty one it is 0.

    >>> box, other = torch.tensor([[0.0, 0, 2, 2]]), torch.tensor([[1.0, 1, 3, 3]])
    >>> box_iou(box, other) == torch.tensor(1 / 7)
    tensor([True])
    """
    corner = torch.maximum(boxes[:, :2], others[:, :2])
    shared = _area(torch.cat([corner, torch.minimum(boxes[:, 2:], others[:, 2:])], 1))
    union = _area(boxes) + _area(others) - shared
    return torch.where(union > 0, shared / union, 0)


def _area(boxes: torch.Tensor) -> torch.Tensor:
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(1)
