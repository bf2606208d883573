"""Images from images of another size or other colours, measured as torchmetrics measures them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers import task_data
from torchmetrics.functional.image import peak_signal_noise_ratio

from archscape.search.datasets import Source
from archscape.search.datasets.dataset import Dataset, make_dataset
from archscape.search.training.augment.apply import check_augmentation
from archscape.search.training.fit import check_network
from archscape.search.training.mixing import check_mixing
from archscape.search.training.recipe import Recipe
from archscape.search.training.tasks import make_task
from archscape.spaces import Network
from archscape.spaces.errors import JobError


def some_data(*shape: int, task: str = "") -> Dataset:
    """Return grey samples of 8x8 with targets of a shape."""
    rng = np.random.default_rng(0)
    arrays = {
        f"{letter}_{part}": rng.integers(0, 256, (20, *size), dtype=np.uint8)
        for part in ("train", "val", "test")
        for letter, size in (("x", (1, 8, 8)), ("y", shape))
    }
    return make_dataset("pairs", Source(arrays=arrays, task=task))


def test_images_of_another_shape_are_image_to_image_and_of_the_same_denoising() -> None:
    assert some_data(1, 8, 8).task == "denoising"
    assert some_data(3, 8, 8).task == some_data(1, 16, 16).task == "image-to-image"
    assert some_data(1, 8, 8, task="image-to-image").task == "image-to-image"
    with pytest.raises(
        JobError, match=r"targets of denoising are images .* of the shape of their samples, but"
    ):
        some_data(3, 8, 8, task="denoising")


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 16, 16), (2, 4, 12)])
def test_psnr_is_that_of_torchmetrics(shape: tuple[int, ...]) -> None:
    data = some_data(*shape)
    task = make_task(data)
    assert task.output == shape
    _, targets = data.val.batch(slice(None), "cpu")
    outputs = torch.randn(targets.shape, generator=torch.Generator().manual_seed(1))
    tally = task.tally(torch.device("cpu"))
    for rows in (slice(0, 7), slice(7, None)):
        tally.add(outputs[rows], targets[rows])
    units = data.statistics.targets
    assert units is not None
    std, mean = (torch.tensor(each).view(-1, 1, 1) for each in (units.std, units.mean))
    theirs = peak_signal_noise_ratio(
        outputs * std + mean, targets * std + mean, data_range=255.0, dim=(1, 2, 3)
    )
    assert tally.metrics()["psnr"] == pytest.approx(float(theirs), rel=1e-5)


@pytest.mark.parametrize(
    ("row", "shape", "law"),
    [
        (
            "conv: {width: 1}",
            (3, 8, 8),
            r"ends in 1x8x8, but pairs has targets of 3x8x8; let .*`conv: {width: 3, .*`$",
        ),
        (
            "conv: {width: 3}",
            (3, 16, 16),
            r"ends in 3x8x8, .* on a map of 16x16, to which `upconv` leads back$",
        ),
        ("linear: {width: 3}", (3, 8, 8), r"ends in 3, but pairs has targets of 3x8x8"),
    ],
)
def test_a_network_that_does_not_fit_says_which_row_would(row: str, shape: tuple[int, ...], law: str) -> None:
    network = Network.from_yaml(f"network: n\ninput: 1x8x8\nlayers:\n  - {row}\n")
    with pytest.raises(JobError, match=f"network n {law}"):
        check_network("network n", network, make_task(some_data(*shape)))


def test_what_images_of_another_size_cannot_follow_is_refused() -> None:
    colours, large = make_task(some_data(3, 8, 8)), make_task(some_data(1, 16, 16))
    recipe = Recipe(mixup=0.2)
    check_mixing(replace(recipe, cutmix=0.2), colours)
    check_augmentation(["flip", "shift", "rotate", "noise"], colours)
    check_mixing(recipe, large)
    check_augmentation(["noise"], large)
    with pytest.raises(JobError, match=r"cutmix cannot mix the targets of pairs \(image-to-image\)"):
        check_mixing(Recipe(cutmix=0.2), large)
    with pytest.raises(
        JobError, match="flip cannot do the same to both: samples of pairs are 8x8, their targets 16"
    ):
        check_augmentation(["flip"], large)


def test_psnr_of_denoised_images_is_that_of_torchmetrics() -> None:
    metrics, outputs, _ = task_data.both("denoising")
    train, val = (
        task_data.TARGETS["denoising"](task_data.COUNTS["train"]),
        task_data.TARGETS["denoising"](task_data.COUNTS["val"]),
    )
    predicted = outputs * train.std() + train.mean()
    psnr = peak_signal_noise_ratio(predicted, torch.from_numpy(val).float(), data_range=255.0, dim=(1, 2, 3))
    assert metrics["psnr"] == pytest.approx(float(psnr), rel=1e-5)


def test_an_image_without_a_fault_has_100_decibels() -> None:
    data = task_data.some_data("denoising")
    _, targets = data.val.batch(slice(None), "cpu")
    tally = make_task(data).tally(torch.device("cpu"))
    tally.add(targets, targets)
    assert tally.metrics()["psnr"] == pytest.approx(100)
