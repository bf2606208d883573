"""The contract of every task, which takes up a new one by itself."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers.task_data import NETWORKS, SIDE, flat, some_data

from archscape.analysis.metrics import METRICS, OBJECTIVES
from archscape.search.datasets.arrays import IMAGES, NUMBERS, OF_SAMPLES
from archscape.search.datasets.dataset import Dataset
from archscape.search.training.augment import Augmentation
from archscape.search.training.augment.apply import check_augmentation
from archscape.search.training.augment.cutout import Cutout
from archscape.search.training.augment.shift import Shift
from archscape.search.training.recipe import Recipe
from archscape.search.training.tasks import MORE_METRICS, TASK_METRICS, TASKS, default_objectives, make_task
from archscape.search.training.tasks.base import AUXILIARY, Task
from archscape.search.training.train import train
from archscape.spaces.errors import JobError


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
        assert torch.equal(task.loss((outputs,), y), alone)


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


@pytest.mark.parametrize("name", ["segmentation", *NUMBERS, *IMAGES, *OF_SAMPLES])
def test_classes_are_weighed_where_a_sample_has_one(name: str) -> None:
    with pytest.raises(JobError, match=f"recipe: samples of bars are not of one class each .{name}.; leave"):
        make_task(some_data(name), class_weights="balanced")


def test_the_page_of_tasks_names_each_with_its_metrics() -> None:
    page = (Path(__file__).parents[4] / "docs" / "tasks.md").read_text()
    for name, metrics in TASK_METRICS.items():
        assert all(f"`{more}`" in page for more in MORE_METRICS.get(name, ()))
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
        assert re.findall(r"`(\w+)`", row.rsplit("|", 2)[1]) == list(metrics)
