"""Several labels for each sample, measured as torchmetrics and scikit-learn measure them."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
import torch
from helpers.task_data import SIDE, both, flat, some_data
from torch import nn

from archscape.search.training.recipe import Recipe
from archscape.search.training.tasks import make_task, multi_label
from archscape.search.training.tasks.multi_label import average_precision
from archscape.search.training.train import train


def test_metrics_of_several_labels_are_those_of_torchmetrics() -> None:
    from torchmetrics.functional import classification as theirs

    metrics, outputs, targets = both("multi-label")
    assert metrics == pytest.approx(
        {
            "mean_average_precision": float(theirs.multilabel_average_precision(outputs, targets, SIDE)),
            "f1_macro": float(theirs.multilabel_f1_score(outputs, targets, SIDE)),
            "exact_match": float(theirs.multilabel_exact_match(outputs, targets, SIDE)),
        }
    )


def test_average_precision_takes_equal_scores_together_as_scikit_learn_does() -> None:
    from sklearn.metrics import average_precision_score

    assert doctest.testmod(multi_label).failed == 0
    rng = np.random.default_rng(0)
    scores, there = rng.integers(0, 5, 60).astype(np.float32), rng.integers(0, 2, 60)
    ours = average_precision(torch.from_numpy(scores), torch.from_numpy(there == 1))
    assert ours == pytest.approx(average_precision_score(there, scores))


def test_a_label_that_no_sample_has_is_in_no_mean_average_precision() -> None:
    tally = make_task(some_data("multi-label")).tally(torch.device("cpu"))
    targets = torch.zeros(2, SIDE, dtype=torch.int64)
    targets[0, 0] = 1
    outputs = torch.full((2, SIDE), -1.0)
    outputs[:, 0] = torch.tensor([2.0, torch.nan])
    tally.add(outputs, targets)
    assert tally.metrics() == pytest.approx(
        {"mean_average_precision": 1, "f1_macro": 1 / SIDE, "exact_match": 1}
    )


def test_a_network_that_ends_in_its_pooling_tells_labels() -> None:
    data = some_data("multi-label")
    task = make_task(data)
    x, y = data.train.batch(slice(0, 16), "cpu")
    network = nn.Sequential(flat(data.classes), nn.Unflatten(1, (data.classes, 1, 1)))
    outputs = network(x)
    assert task.misfit([(data.classes, 1, 1)]) == ""
    assert "let its last row be" in task.misfit([(data.classes, 2, 1)])
    assert "let its last row be" in task.misfit([(data.classes + 1, 1, 1)])
    assert torch.equal(task.loss(outputs, y), task.loss(outputs.flatten(1), y))
    outcome = train(lambda: network, data, Recipe(epochs=1, batch=16), seed=0)
    assert outcome.status == "complete", outcome.cause
