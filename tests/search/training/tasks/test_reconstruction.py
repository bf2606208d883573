"""The sample as its own target."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers.task_data import COUNTS, bars, both, some_data

from archscape.search.datasets import Source
from archscape.search.datasets.dataset import make_dataset
from archscape.search.training.recipe import Recipe
from archscape.search.training.tasks import make_task
from archscape.search.training.train import train


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
