"""Several labels for each sample, measured as torchmetrics and scikit-learn measure them."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
import torch
from helpers.task_data import SIDE, both, some_data

from archscape.search.training.tasks import make_task, multi_label
from archscape.search.training.tasks.multi_label import average_precision


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
