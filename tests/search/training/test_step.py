"""A step of a training asks nothing of the device, brings nothing to it, and is the same work each time.

These are what a CUDA graph needs of what is captured, checked on a CPU by every operator that a step calls.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from helpers.operators import Calls
from torch import nn

from archscape.search.datasets.dataset import load_dataset
from archscape.search.shutdown import never
from archscape.search.training.graph import capture_refusal
from archscape.search.training.loop import Loop
from archscape.search.training.recipe import Recipe
from archscape.search.training.step import StepInputs, TrainingStep
from archscape.search.training.transfer import Transfer

pytestmark = pytest.mark.usefixtures("one_thread")

EVERYTHING = Recipe(
    augment=(
        *("crop", "flip", "rotate", "translate", "scale", "shear", "stretch", "shift"),
        *("cutout", "colour", "noise"),
    ),
    mixup=0.2,
    cutmix=1.0,
    label_smoothing=0.1,
    class_weights="balanced",
    clip=1.0,
    accumulate=2,
    ema=0.99,
    decay="weights",
    schedule="cosine",
    batch=16,
)
"""A recipe with all its parts."""


def network() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 10),
    )


def step_of(recipe: Recipe, build: Callable[[], nn.Module] = network) -> tuple[Loop, TrainingStep]:
    torch.manual_seed(0)
    loop = Loop(
        data=load_dataset("digits"),
        recipe=recipe,
        device=torch.device("cpu"),
        seed=0,
        rungs=(),
        should_stop=never,
        transfer=Transfer(rates={"0": 0.5}),
    )
    loop.start(build)
    assert isinstance(loop.step, TrainingStep)
    return loop, loop.step


def inputs_of(recipe: Recipe, number: int) -> StepInputs:
    rows = torch.arange(number, number + recipe.batch)
    return StepInputs(rows, 0.01 / (1 + number), 0.9 / (1 + number))


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd"])
def test_steps_call_the_same_operators_and_none_that_waits(optimizer: str) -> None:
    recipe = Recipe(**{**vars(EVERYTHING), "optimizer": optimizer})
    _, step = step_of(recipe)
    static = inputs_of(recipe, 0).on(torch.device("cpu"))
    traces = []
    for number in range(3):
        static.fill(inputs_of(recipe, number))
        with Calls() as mode:
            step(static)
        traces.append(mode.calls)
    _, second, third = traces  # the first makes what later ones keep
    waits = [call for call in second if "_local_scalar_dense" in call or "nonzero" in call]
    brought = [call for call in second if "lift_fresh" in call]
    assert not waits, waits
    assert not brought, brought
    assert second == third


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd"])
def test_numbers_in_tensors_do_what_numbers_do(optimizer: str) -> None:
    recipe = Recipe(**{**vars(EVERYTHING), "optimizer": optimizer})
    losses = []
    for is_static in (False, True):
        loop, step = step_of(recipe)
        static = inputs_of(recipe, 0).on(torch.device("cpu"))
        for number in range(4):
            inputs = inputs_of(recipe, number)
            if is_static:
                static.fill(inputs)
                inputs = static
            loss = step(inputs)
        losses.append((loss, loop.state()))
    (loss, state), (static_loss, static_state) = losses
    torch.testing.assert_close(static_loss, loss)
    torch.testing.assert_close(static_state, state)


def test_what_cannot_be_captured_says_why() -> None:
    cuda = torch.device("cuda")
    _, step = step_of(Recipe(optimizer="adamw"))
    assert capture_refusal(step, cuda) == ""
    _, step = step_of(Recipe(optimizer="nadam"))
    assert "nadam reads its rate" in capture_refusal(step, cuda)
    assert capture_refusal(step, torch.device("cpu")) == ""
