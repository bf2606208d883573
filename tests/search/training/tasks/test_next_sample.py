"""What comes next in a sequence, and which pixel in an image."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers.task_data import COUNTS, SIDE, bars, some_data
from torch import nn

from archscape.search.datasets import Source
from archscape.search.datasets.dataset import make_dataset
from archscape.search.training.recipe import Recipe
from archscape.search.training.tasks import make_task, next_sample
from archscape.search.training.tasks.base import Task
from archscape.search.training.train import train
from archscape.spaces.errors import JobError


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
