"""A label for each pixel, some of which are ignored."""

from __future__ import annotations

import pytest
import torch
from helpers.task_data import SIDE, both, some_data
from torch import nn

from archscape.search.datasets.arrays import IGNORED
from archscape.search.training.tasks import make_task


def test_mean_iou_and_pixel_accuracy_are_those_of_torchmetrics() -> None:
    from torchmetrics.functional.classification import multiclass_accuracy, multiclass_jaccard_index

    metrics, outputs, targets = both("segmentation")
    predicted = outputs.argmax(1)
    iou = multiclass_jaccard_index(predicted, targets, 3, ignore_index=IGNORED)
    accuracy = multiclass_accuracy(predicted, targets, 3, average="micro", ignore_index=IGNORED)
    assert metrics == pytest.approx({"mean_iou": float(iou), "pixel_accuracy": float(accuracy)})


def test_mean_iou_is_of_classes_that_occur() -> None:
    """The class 0 is given right once, once not and once for 1, which is never given; 2 does not occur."""
    task = make_task(some_data("segmentation"))
    targets = torch.tensor([[[0, 0], [1, IGNORED]]])
    predicted = torch.tensor([[[0, 2], [0, 0]]])
    tally = task.tally(torch.device("cpu"))
    tally.add(nn.functional.one_hot(predicted, 3).movedim(-1, 1).float(), targets)
    assert tally.metrics() == pytest.approx({"mean_iou": (1 / 3 + 0) / 2, "pixel_accuracy": 1 / 3})


def test_a_batch_in_which_no_pixel_counts_costs_nothing() -> None:
    task = make_task(some_data("segmentation"))
    outputs = torch.randn(2, *task.output, requires_grad=True)
    loss = task.loss(outputs, torch.full((2, SIDE, SIDE), IGNORED))
    loss.backward()
    assert float(loss.detach()) == 0
    assert outputs.grad is not None
    assert not outputs.grad.any()
