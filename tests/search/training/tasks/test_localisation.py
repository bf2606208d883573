"""Numbers and boxes, in the units of the source."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
import torch
from helpers.task_data import COUNTS, TARGETS, bars, both, boxes

from archscape.search.datasets import Source
from archscape.search.datasets.dataset import make_dataset
from archscape.search.training.tasks import localisation, make_task
from archscape.search.training.tasks.localisation import box_iou
from archscape.spaces.errors import JobError


def test_the_absolute_error_is_in_the_units_of_the_source() -> None:
    metrics, outputs, _ = both("regression")
    train, val = TARGETS["regression"](COUNTS["train"]), TARGETS["regression"](COUNTS["val"])
    predicted = outputs.numpy() * train.std(0) + train.mean(0)
    assert metrics["mae"] == pytest.approx(np.abs(predicted - val).mean(), rel=1e-5)


def test_iou_of_boxes_is_that_of_the_pixels_in_them() -> None:
    from torchmetrics.functional.classification import binary_jaccard_index

    rng = np.random.default_rng(0)
    corners = np.sort(rng.integers(0, 12, (2, 40, 2, 2)), axis=3)  # (predicted or actual, n, axis, ends)
    predicted, actual = (torch.from_numpy(ends.transpose(0, 2, 1).reshape(-1, 4)).float() for ends in corners)
    pixels = np.zeros((2, 40, 12, 12), bool)
    for pair, both_boxes in zip(pixels, (predicted, actual), strict=True):
        for image, (left, top, right, bottom) in zip(pair, both_boxes.int().tolist(), strict=True):
            image[top:bottom, left:right] = True
    theirs = [
        float(binary_jaccard_index(*map(torch.from_numpy, pair))) for pair in pixels.transpose(1, 0, 2, 3)
    ]
    assert box_iou(predicted, actual).tolist() == pytest.approx(theirs)
    assert 0 < sum(theirs) / 40 < 1


def test_iou_and_error_of_boxes_are_in_the_units_of_the_source() -> None:
    metrics, outputs, _ = both("localisation")
    train, val = boxes(COUNTS["train"]), boxes(COUNTS["val"])
    std = np.where(train.std(0) > 0, train.std(0), 1)
    predicted = outputs * torch.from_numpy(std) + torch.from_numpy(train.mean(0))
    assert metrics["box_iou"] == pytest.approx(
        float(box_iou(predicted, torch.from_numpy(val)).mean()), rel=1e-4
    )
    assert metrics["mae"] == pytest.approx(float((predicted - torch.from_numpy(val)).abs().mean()), rel=1e-4)


def test_a_box_that_is_turned_inside_out_overlaps_nothing() -> None:
    assert doctest.testmod(localisation).failed == 0
    inside_out, box = torch.tensor([[5.0, 5, 2, 2]]), torch.tensor([[0.0, 0, 8, 8]])
    assert box_iou(inside_out, box).tolist() == [0]
    assert box_iou(inside_out, inside_out).tolist() == [0]


def test_a_box_has_four_ends() -> None:
    arrays = {f"x_{split}": bars(count, seed=0) for split, count in COUNTS.items()}
    arrays |= {f"y_{split}": TARGETS["regression"](count) for split, count in COUNTS.items()}
    data = make_dataset("bars", Source(arrays=arrays, task="localisation"))
    with pytest.raises(JobError, match="a box is left, top, right and bottom, but targets of bars have 2"):
        make_task(data)
