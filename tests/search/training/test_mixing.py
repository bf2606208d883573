"""Mixup and cutmix: samples and targets get the same shares."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from archscape.search.datasets.dataset import Dataset, load_dataset
from archscape.search.training.mixing import check_mixing, mix
from archscape.search.training.recipe import Recipe
from archscape.search.training.tasks import make_task
from archscape.search.training.train import train
from archscape.spaces.errors import JobError


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def constants(count: int, *size: int) -> torch.Tensor:
    """Return samples that are a number each, from 0."""
    return torch.arange(count).float().view(-1, *[1] * (len(size) + 1)).expand(count, 2, *size).clone()


@pytest.fixture
def digits() -> Dataset:
    return load_dataset("digits")


def test_without_either_a_batch_stays(digits: Dataset) -> None:
    x, y = constants(4, 6, 6), torch.arange(4)
    mixed = mix(x, y, Recipe(), make_task(digits), generator())
    assert mixed[0] is x
    assert mixed[1] is y


@pytest.mark.parametrize("size", [(16,), (9, 12), (6, 7, 8)])
@pytest.mark.parametrize("recipe", [Recipe(mixup=1.0), Recipe(cutmix=1.0), Recipe(mixup=1.0, cutmix=1.0)])
def test_targets_have_the_shares_that_samples_have(
    recipe: Recipe, size: tuple[int, ...], digits: Dataset
) -> None:
    """In one, two and three axes of space: each sample is a number, its mean that of what it is made of."""
    x, y = constants(10, *size), torch.arange(10)
    for seed in range(8):
        mixed, targets = mix(x, y, recipe, make_task(digits), generator(seed))
        means = mixed.flatten(1).mean(1)
        assert torch.allclose(targets @ torch.arange(10.0), means, atol=1e-4)
        assert torch.allclose(targets.sum(1), torch.ones(10))


def test_cutmix_pastes_one_box(digits: Dataset) -> None:
    x, y = constants(10, 12, 12), torch.arange(10)
    partial = 0
    for seed in range(12):
        mixed, _ = mix(x, y, Recipe(cutmix=1.0), make_task(digits), generator(seed))
        changed = (mixed != x).any(0)[0]
        rows, columns = changed.any(1), changed.any(0)
        assert torch.equal(changed, rows[:, None] & columns[None])
        assert all((each.int().diff().abs().sum() <= 2) for each in (rows, columns))
        partial += bool(changed.any() and not changed.all())
    assert partial > 6


def test_shares_of_mixup_follow_the_beta_distribution(digits: Dataset) -> None:
    """Its variance is 1 / (4 (2 alpha + 1))."""
    x, y, shared = constants(2, 4), torch.arange(2), generator()
    drawn = []
    for _ in range(3000):
        mixed, _ = mix(x, y, Recipe(mixup=0.5), make_task(digits), shared)
        if not torch.equal(mixed, x):
            drawn.append(mixed[0, 0, 0].item())
    assert np.mean(drawn) == pytest.approx(0.5, abs=0.04)
    assert np.var(drawn) == pytest.approx(1 / 8, abs=0.01)


@pytest.mark.parametrize("weights", ["none", "balanced"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_soft_targets_of_one_class_have_the_loss_of_labels(
    smoothing: float, weights: str, digits: Dataset
) -> None:
    task = make_task(digits, label_smoothing=smoothing, class_weights=weights)
    outputs, labels = torch.randn(6, 12), torch.tensor([0, 9, 3, 3, 1, 7])  # two outputs more than classes
    assert torch.allclose(task.loss(outputs, task.soft(labels)), task.loss(outputs, labels))


def test_masks_get_the_box_of_their_images() -> None:
    task = make_task(load_dataset("digit-masks"))
    x = constants(4, 8, 8)
    y = x[:, 0].long()
    mixed, targets = mix(x, y, Recipe(cutmix=1.0), task, generator(3))
    assert targets.dtype == torch.int64
    assert torch.equal(mixed[:, 0].long(), targets)


def test_several_labels_are_there_by_their_shares() -> None:
    task = make_task(load_dataset("several-digits"))
    x, y = constants(2, 4, 4), torch.tensor([[1, 1, 0], [0, 1, 1]])
    mixed, targets = mix(x, y, Recipe(mixup=1.0), task, generator(1))
    share = mixed[0, 0, 0, 0]
    assert torch.allclose(targets[0], torch.stack([1 - share, torch.ones(()), share]))


def test_targets_that_cannot_be_mixed_are_refused() -> None:
    task = make_task(load_dataset("digit-masks"))
    with pytest.raises(JobError, match=r"mixup cannot mix the targets of digit-masks .*leave `mixup:` out"):
        check_mixing(Recipe(mixup=0.2), task)
    check_mixing(Recipe(cutmix=0.2), task)
    with pytest.raises(
        JobError, match=r"cutmix draws from a beta distribution, .* on mps; leave `cutmix:` out"
    ):
        check_mixing(Recipe(cutmix=0.2), task, torch.device("mps"))


@pytest.mark.usefixtures("one_thread")
def test_a_training_on_mixed_samples_learns(digits: Dataset) -> None:
    def linear() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))

    outcome = train(linear, digits, Recipe(epochs=2, mixup=0.2, cutmix=1.0), seed=0)
    assert outcome.metrics["accuracy"] > 0.7
