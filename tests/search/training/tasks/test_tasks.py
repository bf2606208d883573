"""The contract of every task, which takes up a new one by itself; its metrics against torchmetrics."""

from __future__ import annotations

import doctest
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from archscape.analysis.metrics import METRICS, OBJECTIVES
from archscape.search.datasets import Source
from archscape.search.datasets.arrays import IGNORED, IMAGES, NUMBERS, OF_SAMPLES
from archscape.search.datasets.dataset import Dataset, make_dataset
from archscape.search.training.augment import Augmentation
from archscape.search.training.augment.apply import check_augmentation
from archscape.search.training.augment.cutout import Cutout
from archscape.search.training.augment.shift import Shift
from archscape.search.training.recipe import Recipe
from archscape.search.training.tasks import (
    MORE_METRICS,
    TASK_METRICS,
    TASKS,
    default_objectives,
    localisation,
    make_task,
    measures_of,
    multi_label,
    next_sample,
)
from archscape.search.training.tasks.base import AUXILIARY, Task
from archscape.search.training.tasks.localisation import box_iou
from archscape.search.training.tasks.multi_label import average_precision
from archscape.search.training.train import train
from archscape.spaces.codegen.runtime import Reparameterise
from archscape.spaces.errors import JobError

COUNTS = {"train": 96, "val": 70, "test": 30}
SIDE = 8


def bars(count: int, seed: int) -> np.ndarray:
    """Return images (n, 1, 8, 8) with a bright row in noise, at a place of its own in each."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 100, (count, 1, SIDE, SIDE), dtype=np.uint8)
    images[np.arange(count), 0, places(count)] += 150
    return images


def places(count: int) -> np.ndarray:
    return np.arange(count) % SIDE


def masks(count: int) -> np.ndarray:
    """Return labels (n, 8, 8): the bright row, what is above it and below it, but for a last column."""
    rows = np.arange(SIDE)[None, :, None]
    labels = 1 + np.sign(rows - places(count)[:, None, None]) + np.zeros((1, 1, SIDE), int)
    labels[:, :, -1] = IGNORED
    return labels.astype(np.uint8)


def boxes(count: int) -> np.ndarray:
    """Return boxes (n, 4) around the bright rows, a pixel larger to all sides."""
    rows = places(count)[:, None]
    return np.hstack([0 * rows - 1, rows - 1, 0 * rows + SIDE + 1, rows + 2]).astype(np.float32)


def conv(*widths: int) -> nn.Module:
    layers = [nn.Sequential(nn.Conv2d(n, m, 3, padding=1), nn.ReLU()) for n, m in pairwise(widths)]
    return nn.Sequential(*layers[:-1], layers[-1][0])


def flat(width: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 32), nn.ReLU(), nn.Linear(32, width))


def coloured(images: np.ndarray) -> np.ndarray:
    """Return images (n, 3, 16, 16): twice the size, red where they are bright and blue where they are not."""
    large = np.kron(images, np.ones((1, 1, 2, 2), np.uint8))
    return np.concatenate([large, 0 * large + 60, 255 - large], 1)


class Autoencoder(nn.Module):
    """A variational autoencoder with a code of 4 numbers, by PyTorch alone but for the draw."""

    def __init__(self) -> None:
        super().__init__()
        self.encode = nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 32), nn.ReLU())
        self.mean, self.logvar = nn.Linear(32, 4), nn.Linear(32, 4)
        self.draw = Reparameterise()
        self.decode = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, SIDE * SIDE), nn.Sigmoid())

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        features = self.encode(x)
        mean, logvar = self.mean(features), self.logvar(features)
        return self.decode(self.draw(mean, logvar)).view(-1, 1, SIDE, SIDE), mean, logvar


TARGETS: Mapping[str, Callable[[int], np.ndarray]] = {
    "classification": places,
    "multi-label": lambda count: (np.abs(places(count)[:, None] - np.arange(SIDE)) < 2).astype(np.uint8),
    "segmentation": masks,
    "regression": lambda count: np.stack([1000 + 7.0 * places(count), -0.01 * places(count)], 1),
    "localisation": boxes,
    "denoising": lambda count: (bars(count, 0) > 140).astype(np.uint8) * 200,
    "image-to-image": lambda count: coloured(bars(count, 0)),
    "reconstruction": places,
    "vae": places,
    "next-sample": places,
}
NETWORKS: Mapping[str, Callable[[], nn.Module]] = {
    "classification": lambda: flat(SIDE),
    "multi-label": lambda: flat(SIDE),
    "segmentation": lambda: conv(1, 8, 8, 8, 3),
    "regression": lambda: flat(2),
    "localisation": lambda: flat(4),
    "denoising": lambda: conv(1, 8, 1),
    "image-to-image": lambda: nn.Sequential(conv(1, 8, 12), nn.PixelShuffle(2)),
    "reconstruction": lambda: conv(1, 8, 1),
    "vae": lambda: Autoencoder(),
    "next-sample": lambda: conv(1, 8, 256),
}
"""For each task a network that can learn it, on the images above."""
NAMED = ("localisation", *OF_SAMPLES)
"""Tasks that do not follow from their targets."""


def some_data(task: str, folder: Path | None = None) -> Dataset:
    """Return data of a task, in memory or on disk in a folder."""
    arrays = {f"x_{split}": bars(count, seed=i) for i, (split, count) in enumerate(COUNTS.items())}
    arrays |= {f"y_{split}": TARGETS[task](count) for split, count in COUNTS.items()}
    if folder is not None:
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array)
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in arrays}
    named = task if task in NAMED else ""
    return make_dataset("bars", Source(arrays=arrays, task=named))


@pytest.fixture(scope="module", params=TASKS)
def data(request: pytest.FixtureRequest) -> Dataset:
    return some_data(request.param)


@pytest.fixture
def task(data: Dataset) -> Task:
    return make_task(data)


def test_every_task_has_metrics_that_everything_knows(task: Task) -> None:
    assert [*TASK_METRICS] == [*TASKS]
    for name in (*task.metrics, *MORE_METRICS.get(task.name, ())):
        assert name in OBJECTIVES
        assert METRICS[f"test_{name}"].use == "shown"
    score, cost = default_objectives(task.name).items()
    assert score == (task.metrics[0], METRICS[task.metrics[0]].direction)
    assert cost == ("macs", "minimize")


def test_a_network_learns_it(data: Dataset, task: Task) -> None:
    recipe = Recipe(epochs=8, batch=16, rate=0.01)
    outcome = train(NETWORKS[task.name], data, recipe, seed=0)
    assert (outcome.status, outcome.cause) == ("complete", "")
    first, last = outcome.history[0], outcome.history[-1]
    assert [*first] == ["epoch", "loss", *task.metrics, "seconds"]
    assert last["loss"] < first["loss"]
    assert task.gain(last) > task.gain(first)
    for name in task.metrics:
        assert outcome.metrics[name] == last[name]
        assert f"test_{name}" in outcome.metrics


def test_repeats_keep_the_weights_of_the_best_score(data: Dataset, task: Task) -> None:
    outcome = train(NETWORKS[task.name], data, Recipe(epochs=1, batch=16), seed=0, repeats=3)
    gains = [task.gain(row) for row in outcome.history]
    assert outcome.metrics["kept_repeat"] == 1 + gains.index(max(gains))
    assert f"{task.metrics[0]}_std" in outcome.metrics


def test_the_seed_gives_the_same_bits(data: Dataset, task: Task) -> None:
    can_move = task.name not in NUMBERS and data.target[1:] in ((), data.input[1:], data.input[2:])
    augmented = ("flip", "shift") if can_move else ()
    recipe = Recipe(epochs=1, batch=16, augment=augmented)
    once, again = (train(NETWORKS[task.name], data, recipe, seed=3) for _ in range(2))
    assert once.state is not None
    assert again.state is not None
    assert all(torch.equal(value, again.state[name]) for name, value in once.state.items())


def test_on_disk_and_interrupted_it_gives_the_bits_of_memory(
    data: Dataset, task: Task, tmp_path: Path
) -> None:
    recipe, file = Recipe(epochs=2, batch=16), tmp_path / "partial"
    whole = train(NETWORKS[task.name], data, recipe, seed=3)
    on_disk, asked = some_data(task.name, tmp_path), iter(range(9))
    assert on_disk.train.is_on_disk
    left = train(
        NETWORKS[task.name],
        *(on_disk, recipe),
        seed=3,
        checkpoint=file,
        should_stop=lambda: next(asked, None) is None,
    )
    assert (left.status, left.metrics["steps"]) == ("interrupted", 9)
    done = train(NETWORKS[task.name], on_disk, recipe, seed=3, checkpoint=file)
    assert whole.state is not None
    assert done.state is not None
    assert all(torch.equal(value, done.state[name]) for name, value in whole.state.items())
    assert [done.metrics[name] for name in task.metrics] == [whole.metrics[name] for name in task.metrics]


def test_another_shape_than_it_wants_is_an_error_that_says_which(data: Dataset, task: Task) -> None:
    outcome = train(lambda: flat(5), data, Recipe(epochs=1), seed=0)
    assert outcome.status == "error"
    assert outcome.cause == f"ShapeError: the network gives (5,) for a sample, not {task.wanted}"


def test_its_row_gives_what_it_wants(task: Task) -> None:
    from archscape.spaces import Network

    height, width = task.output[1:] or (SIDE, SIDE)
    text = f"network: n\ninput: 1x{height}x{width}\nlayers:\n  - {task.row}\n"
    assert Network.from_yaml(text).body.shapes == (task.output,)


def test_an_auxiliary_output_counts_for_a_share(data: Dataset, task: Task) -> None:
    x, y = data.train.batch(slice(0, 16), "cpu")
    outputs = NETWORKS[task.name]()(x)
    y = task.targets_of(x, y)
    alone = task.loss(outputs, y)
    if task.name == "vae":  # all three of its outputs are its own
        assert torch.equal(alone, task.mean_loss(task.judged(outputs), y))
    else:
        assert torch.isclose(task.loss((outputs, outputs), y), (1 + AUXILIARY) * alone)


def test_outputs_that_are_not_finite_are_seen(data: Dataset, task: Task) -> None:
    x, y = data.val.batch(slice(0, 8), "cpu")
    y = task.targets_of(x, y)
    outputs = NETWORKS[task.name]().eval()(x)
    tally = task.tally(torch.device("cpu"))
    tally.add(task.judged(outputs), y)
    assert bool(tally.is_finite)
    first = outputs if isinstance(outputs, torch.Tensor) else outputs[0]
    first.detach()[3] = torch.nan
    tally.add(task.judged(outputs), y)
    assert not bool(tally.is_finite)


@pytest.mark.parametrize("name", ["multi-label", *NUMBERS, *IMAGES, *OF_SAMPLES])
def test_labels_are_smoothed_where_there_are_labels(name: str) -> None:
    with pytest.raises(JobError, match=f"recipe: the targets of bars are no labels .{name}.; leave"):
        make_task(some_data(name), label_smoothing=0.1)


def test_smoothing_changes_the_loss_of_labels() -> None:
    for name in ("classification", "segmentation"):
        data = some_data(name)
        x, y = data.train.batch(slice(0, 16), "cpu")
        outputs = NETWORKS[name]()(x) * 9
        plain, smooth = (make_task(data, label_smoothing=share).loss(outputs, y) for share in (0.0, 0.1))
        assert not torch.isclose(plain, smooth)


def test_targets_that_cannot_follow_are_not_augmented() -> None:
    with pytest.raises(JobError, match="augment: flip changes where things lie, which the targets of bars"):
        check_augmentation(["flip"], make_task(some_data("regression")))
    data = replace(some_data("segmentation"), target=(4, 4))
    with pytest.raises(JobError, match="samples of bars are 8x8, their targets 4x4; leave `augment:` out"):
        check_augmentation(["shift"], make_task(data))
    with pytest.raises(
        JobError, match=r"augment: shift, cutout cannot do the same to both.*leave `augment:`"
    ):
        check_augmentation(["shift", "cutout"], make_task(data))
    check_augmentation(["noise"], make_task(data))
    check_augmentation([], make_task(data))


@pytest.mark.parametrize(
    ("task", "augment", "law"),
    [
        (
            "classification",
            ["time_shift"],
            "time_shift is for samples with 1 axis of space; those of bars are 8x8",
        ),
        (
            "classification",
            [Cutout(size=8)],
            "cutout of 8 pixels is for larger samples; those of bars are 8x8",
        ),
        (
            "classification",
            [Shift(reach=0.1)],
            "shift of 0.1 of the size is less than a pixel of its samples; those of bars are 8x8",
        ),
        ("regression", ["noise", "rotate"], "augment: rotate changes where things lie.*; leave `rotate` out"),
        (
            "denoising",
            ["colour", "flip"],
            "augment: colour changes colours that the targets.*; leave `colour` out",
        ),
    ],
)
def test_what_does_not_fit_the_data_says_so(task: str, augment: list[str | Augmentation], law: str) -> None:
    with pytest.raises(JobError, match=law):
        check_augmentation(augment, make_task(some_data(task)))


def test_what_targets_bear_is_done() -> None:
    check_augmentation(["noise", "colour", "cutout"], make_task(some_data("regression")))
    check_augmentation(["rotate", "noise", "cutout"], make_task(some_data("denoising")))
    check_augmentation(["flip", "shift", "colour", "cutout"], make_task(some_data("segmentation")))


def both(
    name: str, *, data: Dataset | None = None, measures: tuple[str, ...] = ()
) -> tuple[dict[str, float], torch.Tensor, torch.Tensor]:
    """Return metrics of random outputs, taken in two batches, with the outputs and targets."""
    data = data or some_data(name)
    task = make_task(data, measures=measures)
    x, y = data.val.batch(slice(None), "cpu")
    targets = task.targets_of(x, y)
    outputs = torch.randn(len(targets), *task.output, generator=torch.Generator().manual_seed(1))
    tally = task.tally(torch.device("cpu"))
    for rows in (slice(0, 33), slice(33, None)):
        tally.add(outputs[rows], targets[rows])
    return tally.metrics(), outputs, targets


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
    given = outputs.argmax(1)
    assert metrics["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(targets, given))
    assert metrics["f1_macro"] == pytest.approx(f1_score(targets, given, average="macro"))


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


@pytest.mark.parametrize("name", ["segmentation", *NUMBERS, *IMAGES, *OF_SAMPLES])
def test_classes_are_weighed_where_a_sample_has_one(name: str) -> None:
    with pytest.raises(JobError, match=f"recipe: samples of bars are not of one class each .{name}.; leave"):
        make_task(some_data(name), class_weights="balanced")


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


def test_mean_iou_and_pixel_accuracy_are_those_of_torchmetrics() -> None:
    from torchmetrics.functional.classification import multiclass_accuracy, multiclass_jaccard_index

    metrics, outputs, targets = both("segmentation")
    given = outputs.argmax(1)
    iou = multiclass_jaccard_index(given, targets, 3, ignore_index=IGNORED)
    accuracy = multiclass_accuracy(given, targets, 3, average="micro", ignore_index=IGNORED)
    assert metrics == pytest.approx({"mean_iou": float(iou), "pixel_accuracy": float(accuracy)})


def test_mean_iou_is_of_classes_that_occur() -> None:
    """The class 0 is given right once, once not and once for 1, which is never given; 2 does not occur."""
    task = make_task(some_data("segmentation"))
    targets = torch.tensor([[[0, 0], [1, IGNORED]]])
    given = torch.tensor([[[0, 2], [0, 0]]])
    tally = task.tally(torch.device("cpu"))
    tally.add(nn.functional.one_hot(given, 3).movedim(-1, 1).float(), targets)
    assert tally.metrics() == pytest.approx({"mean_iou": (1 / 3 + 0) / 2, "pixel_accuracy": 1 / 3})


def test_a_batch_in_which_no_pixel_counts_costs_nothing() -> None:
    task = make_task(some_data("segmentation"))
    outputs = torch.randn(2, *task.output, requires_grad=True)
    loss = task.loss(outputs, torch.full((2, SIDE, SIDE), IGNORED))
    loss.backward()
    assert float(loss.detach()) == 0
    assert outputs.grad is not None
    assert not outputs.grad.any()


def test_the_absolute_error_is_in_the_units_of_the_source() -> None:
    metrics, outputs, _ = both("regression")
    train, val = TARGETS["regression"](COUNTS["train"]), TARGETS["regression"](COUNTS["val"])
    predicted = outputs.numpy() * train.std(0) + train.mean(0)
    assert metrics["mae"] == pytest.approx(np.abs(predicted - val).mean(), rel=1e-5)


def test_iou_of_boxes_is_that_of_the_pixels_in_them() -> None:
    from torchmetrics.functional.classification import binary_jaccard_index

    rng = np.random.default_rng(0)
    corners = np.sort(rng.integers(0, 12, (2, 40, 2, 2)), axis=3)  # (given or there, n, axis, ends)
    given, there = (torch.from_numpy(ends.transpose(0, 2, 1).reshape(-1, 4)).float() for ends in corners)
    pixels = np.zeros((2, 40, 12, 12), bool)
    for pair, both_boxes in zip(pixels, (given, there), strict=True):
        for image, (left, top, right, bottom) in zip(pair, both_boxes.int().tolist(), strict=True):
            image[top:bottom, left:right] = True
    theirs = [
        float(binary_jaccard_index(*map(torch.from_numpy, pair))) for pair in pixels.transpose(1, 0, 2, 3)
    ]
    assert box_iou(given, there).tolist() == pytest.approx(theirs)
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


def test_psnr_is_that_of_torchmetrics() -> None:
    from torchmetrics.functional.image import peak_signal_noise_ratio

    metrics, outputs, _ = both("denoising")
    train, val = TARGETS["denoising"](COUNTS["train"]), TARGETS["denoising"](COUNTS["val"])
    predicted = outputs * train.std() + train.mean()
    psnr = peak_signal_noise_ratio(predicted, torch.from_numpy(val).float(), data_range=255.0, dim=(1, 2, 3))
    assert metrics["psnr"] == pytest.approx(float(psnr), rel=1e-5)


def test_a_target_that_is_the_sample_has_the_ends_of_its_range_at_0_and_1() -> None:
    task = "reconstruction"
    data = some_data(task)
    x, y = data.val.batch(slice(None), "cpu")
    ours = make_task(data).targets_of(x, y)
    assert torch.allclose(ours, torch.from_numpy(bars(COUNTS["val"], seed=1)) / 255, atol=1e-6)
    rows = {f"{letter}_{part}": bars(12, 0) * -3.0 + 5 for part in COUNTS for letter in "xy"}
    data = make_dataset("bars", Source(arrays=rows, task=task))
    x, y = data.train.batch(slice(None), "cpu")
    ours = make_task(data).targets_of(x, y)
    assert (float(ours.min()), float(ours.max())) == pytest.approx((0, 1), abs=1e-6)


def test_psnr_of_a_reconstruction_is_that_of_torchmetrics() -> None:
    from torchmetrics.functional.image import peak_signal_noise_ratio

    metrics, outputs, _ = both("reconstruction")
    there = torch.from_numpy(bars(COUNTS["val"], seed=1)).float()
    psnr = peak_signal_noise_ratio(outputs * 255, there, data_range=255.0, dim=(1, 2, 3))
    assert metrics["psnr"] == pytest.approx(float(psnr), rel=1e-5)


def test_the_catalog_autoencoder_learns_to_reconstruct() -> None:
    from archscape.spaces import load_network

    images = np.kron(bars(64, 0), np.ones((4, 4), np.uint8))
    arrays = {f"{letter}_{part}": images for part in COUNTS for letter in "xy"}
    data = make_dataset("bars", Source(arrays=arrays, task="reconstruction"))
    network = load_network("conv-autoencoder")
    outcome = train(network.build, data, Recipe(epochs=6, batch=16, rate=0.003), seed=0)
    assert outcome.status == "complete", outcome.cause
    assert outcome.history[-1]["psnr"] > outcome.history[0]["psnr"] + 1


def next_of(samples: np.ndarray) -> tuple[Task, torch.Tensor]:
    """Return the task of predicting samples, and its targets."""
    arrays = {f"{letter}_{part}": samples for part in COUNTS for letter in "xy"}
    data = make_dataset("some", Source(arrays=arrays, task="next-sample"))
    task = make_task(data)
    return task, task.targets_of(*data.val.batch(slice(None), "cpu"))


def test_the_next_of_a_sequence_is_a_step_on_and_of_an_image_its_own_pixel() -> None:
    images = bars(9, 0)
    steps = images.reshape(9, 1, 64)
    task, targets = next_of(steps)
    assert task.output == (256, 64)
    assert (targets[:, :-1].numpy() == steps[:, 0, 1:]).all()
    assert (targets[:, -1] == next_sample.IGNORED).all()
    task, targets = next_of(images)
    assert task.output == (256, SIDE, SIDE)
    assert (targets.numpy() == images[:, 0]).all()
    one_hot = np.eye(256, dtype=np.uint8)[steps[:, 0]].swapaxes(1, 2)
    task, targets = next_of(one_hot)
    assert task.output == (256, 64)
    assert (targets[:, :-1].numpy() == steps[:, 0, 1:]).all()


def test_bits_per_dimension_are_the_logarithm_of_the_perplexity_of_torchmetrics() -> None:
    from torchmetrics.functional.text import perplexity

    task, targets = next_of(bars(9, 0).reshape(9, 1, 64))
    outputs = torch.randn(9, *task.output, generator=torch.Generator().manual_seed(1))
    tally = task.tally(torch.device("cpu"))
    for rows in (slice(0, 4), slice(4, None)):
        tally.add(outputs[rows], targets[rows])
    theirs = perplexity(outputs.swapaxes(1, 2), targets, ignore_index=next_sample.IGNORED)
    right = (outputs.argmax(1) == targets)[:, :-1].double().mean()
    assert tally.metrics() == pytest.approx(
        {"bits_per_dim": float(theirs.log2()), "accuracy": float(right)}, rel=1e-5
    )


def test_what_sees_the_sample_that_it_has_to_predict_is_refused() -> None:
    sequence, _ = next_of(bars(9, 0).reshape(9, 1, 64))
    past = nn.Sequential(nn.ConstantPad1d((2, 0), 0.0), nn.Conv1d(1, 256, 3))
    sequence.check(past)
    with pytest.raises(JobError, match=r"an output sees the steps that come after it, .* `padding: causal`"):
        sequence.check(nn.Conv1d(1, 256, 3, padding=1))
    image, _ = next_of(bars(9, 0))
    with pytest.raises(
        JobError, match=r"an output sees the pixel itself or those after it, .* `masked` rows"
    ):
        image.check(nn.Conv2d(1, 256, 1))


def test_a_network_of_masked_convolutions_predicts_pixels() -> None:
    from archscape.spaces import Network

    rows = "\n".join(
        f"  - masked: {{width: {width}, kind: {kind}, kernel: 3, norm: none, act: {act}}}"
        for width, kind, act in ((16, "a", "relu"), (256, "b", "none"))
    )
    network = Network.from_yaml(f"network: n\ninput: 1x{SIDE}x{SIDE}\nlayers:\n{rows}\n")
    data = some_data("next-sample")
    make_task(data).check(network.build())
    outcome = train(network.build, data, Recipe(epochs=4, batch=16, rate=0.01), seed=0)
    assert outcome.metrics["bits_per_dim"] < 7.5, outcome.cause


def test_an_image_without_a_fault_has_100_decibels() -> None:
    data = some_data("denoising")
    _, targets = data.val.batch(slice(None), "cpu")
    tally = make_task(data).tally(torch.device("cpu"))
    tally.add(targets, targets)
    assert tally.metrics()["psnr"] == pytest.approx(100)


def test_the_page_of_tasks_names_each_with_its_metrics() -> None:
    page = (Path(__file__).parents[4] / "docs" / "tasks.md").read_text()
    for name, metrics in TASK_METRICS.items():
        assert all(f"`{more}`" in page for more in MORE_METRICS.get(name, ()))
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
        assert re.findall(r"`(\w+)`", row.rsplit("|", 2)[1]) == list(metrics)
