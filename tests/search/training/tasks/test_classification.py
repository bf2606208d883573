"""One label for each sample: what is measured, class weights, heads beside the first."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers.task_data import COUNTS, NETWORKS, SIDE, bars, both, flat, some_data
from torch import nn

from archscape.search.datasets import Source
from archscape.search.datasets.dataset import Dataset, make_dataset
from archscape.search.training.recipe import Recipe
from archscape.search.training.tasks import make_task, measures_of
from archscape.search.training.train import train
from archscape.spaces.errors import JobError


def test_accuracy_is_the_share_of_the_right() -> None:
    metrics, outputs, targets = both("classification")
    right = int((outputs.argmax(1) == targets).sum())
    assert metrics == {"accuracy": right / len(targets), "correct": right}


def imbalanced() -> Dataset:
    """Return data of eight classes, of which the first has most samples."""
    arrays = {f"x_{split}": bars(count, seed=0) for split, count in COUNTS.items()}
    arrays |= {f"y_{split}": np.arange(count) % 14 % SIDE for split, count in COUNTS.items()}
    return make_dataset("bars", Source(arrays=arrays))


ASKED = ("balanced_accuracy", "f1_macro", "top5_accuracy")


def test_metrics_of_imbalanced_classes_are_those_of_torchmetrics_and_scikit_learn() -> None:
    from sklearn.metrics import balanced_accuracy_score, f1_score
    from torchmetrics.functional.classification import multiclass_accuracy, multiclass_f1_score

    data = imbalanced()
    metrics, outputs, targets = both("classification", data=data, measures=ASKED)
    many = {"num_classes": SIDE, "average": "macro"}
    assert metrics["balanced_accuracy"] == pytest.approx(float(multiclass_accuracy(outputs, targets, **many)))
    assert metrics["f1_macro"] == pytest.approx(float(multiclass_f1_score(outputs, targets, **many)))
    top5 = multiclass_accuracy(outputs, targets, num_classes=SIDE, average="micro", top_k=5)
    assert metrics["top5_accuracy"] == pytest.approx(float(top5))
    predicted = outputs.argmax(1)
    assert metrics["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(targets, predicted))
    assert metrics["f1_macro"] == pytest.approx(f1_score(targets, predicted, average="macro"))


def test_what_is_not_finite_or_no_class_is_wrong_in_them() -> None:
    task = make_task(imbalanced(), measures=measures_of("classification", ASKED))
    targets = torch.arange(SIDE)
    outputs = nn.functional.one_hot(targets, SIDE + 2).float()
    outputs[0, 3] = torch.nan
    outputs[1, SIDE + 1] = 9
    tally = task.tally(torch.device("cpu"))
    tally.add(outputs, targets)
    metrics = tally.metrics()
    assert metrics["balanced_accuracy"] == metrics["f1_macro"] == (SIDE - 2) / SIDE
    assert metrics["top5_accuracy"] == (SIDE - 1) / SIDE


def test_an_epoch_reports_what_is_asked_for_and_the_first_decides() -> None:
    measures = measures_of("classification", ["f1_macro"])
    recipe = Recipe(epochs=2, batch=16, class_weights="balanced")
    outcome = train(NETWORKS["classification"], imbalanced(), recipe, seed=0, repeats=2, measures=measures)
    assert [*outcome.history[0]] == ["repeat", "epoch", "loss", "f1_macro", "accuracy", "seconds"]
    assert {"f1_macro", "test_f1_macro", "f1_macro_std", "test_accuracy"} <= {*outcome.metrics}
    scores = [row["f1_macro"] for row in outcome.history if row["epoch"] == 2]
    assert outcome.metrics["kept_repeat"] == 1 + scores.index(max(scores))


def test_top_5_of_five_classes_is_refused() -> None:
    arrays = {f"x_{split}": bars(count, seed=0) for split, count in COUNTS.items()}
    arrays |= {f"y_{split}": np.arange(count) % 5 for split, count in COUNTS.items()}
    with pytest.raises(JobError, match="top5_accuracy tells nothing: bars has 5 classes, of which the 5"):
        make_task(make_dataset("bars", Source(arrays=arrays)), measures=("top5_accuracy", "accuracy"))


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    from sklearn.utils.class_weight import compute_class_weight

    data = imbalanced()
    x, y = data.train.batch(slice(None), "cpu")
    outputs = NETWORKS["classification"]()(x)
    weights = compute_class_weight("balanced", classes=np.arange(SIDE), y=y.numpy())
    assert weights.max() > 1.5 * weights.min()
    # Over all samples the weights have the mean 1, so that a rate means the same with them.
    expected = nn.functional.cross_entropy(outputs, y, weight=torch.tensor(weights, dtype=torch.float32))
    assert torch.isclose(make_task(data, class_weights="balanced").loss(outputs, y), expected)


AUXILIARY_HEADS = """
network: small-googlenet
input: 1x8x8
blocks:
  auxiliary:
    - avgpool
    - linear: {width: 8}
layers:
  - conv:      {width: 8}
  - inception: {name: inception1, 1x1: 4, 3x3: [4, 4], 5x5: [2, 2], pool: 2}
  - inception: {name: inception2, 1x1: 4, 3x3: [4, 4], 5x5: [2, 2], pool: 2}
  - linear:    {name: classifier, width: 8}
  - auxiliary: {name: aux, from: inception1}
outputs: [classifier, aux]
"""


def test_a_network_with_auxiliary_classifiers_is_measured_by_its_first() -> None:
    """As the catalog's `googlenet-aux` in small: both heads learn, the losses of others counting 0.3."""
    from archscape.spaces import Network

    network, data = Network.from_yaml(AUXILIARY_HEADS), some_data("classification")
    outcome = train(network.build, data, Recipe(epochs=4, batch=16), seed=0)
    assert outcome.metrics["accuracy"] > 0.5, outcome.cause
    assert outcome.state is not None
    module = network.build()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    module.load_state_dict(outcome.state)
    changed = [name for name, value in before.items() if not torch.equal(value, outcome.state[name])]
    assert any(name.startswith("aux") for name in changed)
    x, y = data.val.batch(slice(None), "cpu")
    first, _ = module.eval()(x)
    assert int((first.argmax(1) == y).sum()) / len(y) == outcome.metrics["accuracy"]


def test_a_network_that_ends_in_its_pooling_classifies() -> None:
    """As the catalog's `nin` and `tdnn`: maps of one pixel are as good as numbers."""
    data = some_data("classification")
    task = make_task(data)
    network = nn.Sequential(
        nn.Conv2d(1, SIDE, (1, SIDE)), nn.Flatten(2), nn.Linear(SIDE, 1), nn.Unflatten(2, (1, 1))
    )
    x, y = data.train.batch(slice(0, 16), "cpu")
    outputs = network(x)
    assert outputs.shape == (16, SIDE, 1, 1)
    assert task.misfit([(SIDE, 1, 1)]) == ""
    assert task.misfit([(SIDE, 2, 1)]).startswith(
        f"ends in {SIDE}x2x1, but bars has 8 classes; let its last row be"
    )
    assert torch.equal(task.loss(outputs, y), task.loss(outputs.flatten(1), y))
    outcome = train(lambda: network, data, Recipe(epochs=2, batch=16, mixup=0.2), seed=0)
    assert outcome.status == "complete", outcome.cause


def test_more_outputs_than_classes_are_trained_as_well() -> None:
    outcome = train(lambda: flat(SIDE + 3), some_data("classification"), Recipe(epochs=1), seed=0)
    assert outcome.status == "complete"
