"""Whether the networks of a job fit its data, said before anything is trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from archscape.search.datasets import SPLITS, Source
from archscape.search.datasets.dataset import Dataset, make_dataset
from archscape.search.job import Job, read_job
from archscape.search.training.recipe import Recipe
from archscape.search.workers.fit import check_fit
from archscape.spaces import Space
from archscape.spaces.errors import JobError

TARGETS = {
    "classification": (np.arange(20) % 4),
    "multi-label": (np.arange(80).reshape(20, 4) % 3 == 0).astype(np.uint8),
    "segmentation": np.arange(20 * 64).reshape(20, 8, 8).astype(np.uint8) % 3,
    "regression": np.arange(40.0).reshape(20, 2),
    "localisation": np.arange(80.0).reshape(20, 4),
    "denoising": np.zeros((20, 1, 8, 8), np.uint8),
    "reconstruction": np.arange(20) % 4,
}
MAP = "conv: {{width: {}, kernel: 1, norm: none, act: none}}"
FITTING = {
    "classification": "linear: {width: 4}",
    "multi-label": "linear: {width: 4}",
    "segmentation": MAP.format(3),
    "regression": "linear: {width: 2}",
    "localisation": "linear: {width: 4}",
    "denoising": MAP.format(1),
    "reconstruction": MAP.format(1),
}
"""The last row of a network for each of them."""
SAID = {
    "classification": "4 classes",
    "multi-label": "4 labels, each there or not",
    "segmentation": "3 classes at each of 8x8 pixels",
    "regression": "targets of 2 numbers",
    "localisation": "targets of 4 numbers",
    "denoising": "targets of 1x8x8",
    "reconstruction": "samples of 1x8x8 to reconstruct",
}
SCORES = {
    "multi-label": "mean_average_precision",
    "segmentation": "mean_iou",
    "regression": "mae",
    "localisation": "box_iou",
    "denoising": "psnr",
    "reconstruction": "psnr",
}


def some_data(task: str) -> Dataset:
    samples = np.arange(20 * 64).reshape(20, 1, 8, 8) % 256
    arrays = {f"x_{split}": samples for split in SPLITS}
    arrays |= {f"y_{split}": TARGETS[task] for split in SPLITS}
    return make_dataset("set", Source(arrays=arrays, task=task))


@pytest.fixture(params=TARGETS)
def data(request: pytest.FixtureRequest) -> Dataset:
    return some_data(request.param)


@pytest.fixture
def job(job_file: Path) -> Job:
    return read_job(job_file)


def ending_in(job: Job, *rows: str, score: str = "accuracy") -> Job:
    """Return the job with a space whose networks end in these rows."""
    text = "".join(f"  - {row}\n" for row in ("conv: {width: {2, 4}}", *rows))
    space = Space.from_yaml(f"space: some\ninput: 1x8x8\nlayers:\n{text}")
    direction = "minimize" if score in ("mae", "bits_per_dim") else "maximize"
    return replace(job, space=space, objectives={score: direction}, within={}, stop=None)


def test_networks_that_give_what_the_task_asks_for_fit(job: Job, data: Dataset) -> None:
    score = SCORES.get(data.task, "accuracy")
    check_fit(ending_in(job, FITTING[data.task], score=score), data)


def test_others_are_told_the_row_that_would_fit(job: Job, data: Dataset) -> None:
    other = "linear: {width: 3}"
    law = f"space some ends in 3, but set has {SAID[data.task]}; let its last row be `{FITTING[data.task]}`"
    with pytest.raises(JobError) as caught:
        check_fit(ending_in(job, other, score=SCORES.get(data.task, "accuracy")), data)
    assert str(caught.value).removesuffix(" on a map of 8x8, to which `upconv` leads back") == law


def test_a_smaller_map_is_led_back_by_upconv(job: Job) -> None:
    rows = ("maxpool", FITTING["segmentation"])
    with pytest.raises(JobError, match=r"ends in 3x4x4, .* on a map of 8x8, to which `upconv` leads back"):
        check_fit(ending_in(job, *rows, score="mean_iou"), some_data("segmentation"))
    upconv = "upconv: {width: 4}"
    check_fit(
        ending_in(job, "maxpool", upconv, FITTING["segmentation"], score="mean_iou"),
        some_data("segmentation"),
    )


def test_the_objective_of_another_task_is_refused(job: Job, data: Dataset) -> None:
    theirs = "psnr" if SCORES.get(data.task) != "psnr" else "accuracy"
    law = f"{theirs} is not measured in {data.task}, the task of set; write `objectives: "
    with pytest.raises(JobError, match=law):
        check_fit(ending_in(job, FITTING[data.task], score=theirs), data)


def test_the_recipe_of_another_task_is_refused(job: Job) -> None:
    fitting = ending_in(job, FITTING["regression"], score="mae")
    with pytest.raises(JobError, match=r"no labels .regression.; leave `label_smoothing:` out"):
        check_fit(replace(fitting, recipe=Recipe(label_smoothing=0.1)), some_data("regression"))
    with pytest.raises(JobError, match="which the targets of set may measure; leave `augment:` out"):
        check_fit(replace(fitting, recipe=Recipe(augment=("flip",))), some_data("regression"))


def test_metrics_that_are_taken_when_asked_for_are_those_of_their_task(job: Job) -> None:
    data = some_data("classification")
    check_fit(ending_in(job, "linear: {width: 4}", score="balanced_accuracy"), data)
    with pytest.raises(JobError, match="top5_accuracy tells nothing: set has 4 classes"):
        check_fit(ending_in(job, "linear: {width: 4}", score="top5_accuracy"), data)
    with pytest.raises(JobError, match="f1_macro is not measured in denoising"):
        check_fit(ending_in(job, FITTING["denoising"], score="f1_macro"), some_data("denoising"))
    weighed = replace(
        ending_in(job, FITTING["denoising"], score="psnr"), recipe=Recipe(class_weights="balanced")
    )
    with pytest.raises(JobError, match="leave `class_weights:` out"):
        check_fit(weighed, some_data("denoising"))


def test_a_network_that_sees_what_it_has_to_tell_is_refused(job: Job) -> None:
    row = "conv: {width: 256, kernel: 1, norm: none, act: none}"
    samples = np.arange(20 * 64).reshape(20, 1, 8, 8) % 256
    arrays = {f"{letter}_{split}": samples for split in SPLITS for letter in "xy"}
    data = make_dataset("set", Source(arrays=arrays, task="next-sample"))
    with pytest.raises(JobError, match="space some: an output sees the pixel itself or those after it"):
        check_fit(ending_in(job, row, score="bits_per_dim"), data)


def test_a_network_may_tell_more_classes_apart_than_there_are(job: Job) -> None:
    check_fit(ending_in(job, "linear: {width: 6}"), some_data("classification"))
    with pytest.raises(JobError, match=r"ends in 3, but .* let its last row be `linear: \{width: 4\}`"):
        check_fit(ending_in(job, "linear: {width: 3}"), some_data("classification"))
