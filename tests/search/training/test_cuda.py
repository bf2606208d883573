"""Training on CUDA where there is a device, and the same code on the CPU where there is none.

They need torch, NumPy, PyYAML and pytest alone, and no fixture from elsewhere: `benchmarks/cuda.py` runs them
on machines that have nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from archscape.search.datasets.arrays import Source
from archscape.search.datasets.dataset import Dataset, make_dataset
from archscape.search.shutdown import never
from archscape.search.training.loop import Loop
from archscape.search.training.recipe import Recipe
from archscape.search.training.step import StepInputs
from archscape.search.training.train import train

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
RECIPE = Recipe(
    epochs=2,
    batch=32,
    rate=0.01,
    augment=("shift", "rotate"),
    mixup=0.2,
    cutmix=1.0,
    ema=0.9,
    clip=1.0,
    accumulate=2,
    precision="bfloat16",
)


def stripes() -> Dataset:
    """Return images of stripes in two directions, with noise."""
    rng = np.random.default_rng(0)
    wave = np.sin(np.arange(16))
    kinds = np.stack([np.broadcast_to(wave, (16, 16)), np.broadcast_to(wave[:, None], (16, 16))])
    arrays = {}
    for part, size in (("train", 320), ("val", 64), ("test", 64)):
        labels = np.arange(size) % 2
        noise = rng.normal(size=(size, 1, 16, 16))
        arrays[f"x_{part}"] = (kinds[labels][:, None] + 0.5 * noise).astype(np.float32)
        arrays[f"y_{part}"] = labels
    return make_dataset("stripes", Source(arrays=arrays))


def network() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, padding=2, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.AdaptiveMaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32, 2),
    )


@pytest.fixture(scope="module")
def data() -> Dataset:
    return stripes()


def after(steps: int) -> Callable[[], bool]:
    left = iter(range(steps))
    return lambda: next(left, None) is None


def loop_of(data: Dataset, recipe: Recipe, *, is_captured: bool) -> tuple[Loop, list[str]]:
    torch.manual_seed(0)
    lines: list[str] = []
    loop = Loop(
        data=data,
        recipe=recipe,
        device=torch.device(DEVICE),
        seed=0,
        rungs=(),
        should_stop=never,
        is_captured=is_captured,
        log=lines.append,
    )
    loop.start(network)
    return loop, lines


def test_it_learns(data: Dataset) -> None:
    outcome = train(network, data, Recipe(epochs=4, batch=32, rate=0.01), seed=0, device=DEVICE)
    assert outcome.status == "complete", outcome.trace
    assert outcome.metrics["accuracy"] > 0.9


def test_what_was_stopped_ends_with_the_same_bits(data: Dataset, tmp_path: Path) -> None:
    whole = train(network, data, RECIPE, seed=5, device=DEVICE)
    for steps in (2, 7, 1000):  # before a graph is captured, after it, to the end
        done = train(
            network,
            data,
            RECIPE,
            seed=5,
            device=DEVICE,
            checkpoint=tmp_path / "training",
            should_stop=after(steps),
        )
    assert whole.state is not None
    assert done.state is not None
    assert all(torch.equal(value, done.state[name]) for name, value in whole.state.items())


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "nadam"])
def test_captured_steps_do_what_launched_ones_do(data: Dataset, optimizer: str) -> None:
    recipe = Recipe(**{**vars(RECIPE), "optimizer": optimizer})
    states = []
    for is_captured in (False, True):
        loop, lines = loop_of(data, recipe, is_captured=is_captured)
        *_, last = loop.run()
        states.append((loop.state(), last["loss"]))
        refused = [line for line in lines if "not captured" in line]
        assert bool(refused) == (DEVICE == "cuda" and optimizer == "nadam"), lines
    torch.testing.assert_close(states[1], states[0], rtol=0, atol=0)


def test_no_step_waits_for_the_device(data: Dataset) -> None:
    loop, _ = loop_of(data, RECIPE, is_captured=False)
    rows = torch.arange(RECIPE.batch, device=DEVICE)
    loop.step(StepInputs(rows, 0.01, 0.9))  # the first makes what later ones keep
    before = torch.cuda.get_sync_debug_mode() if DEVICE == "cuda" else 0
    try:
        if DEVICE == "cuda":
            torch.cuda.set_sync_debug_mode("error")
        for _ in range(3):
            loss = loop.step(StepInputs(rows, 0.01, 0.9))
    finally:
        if DEVICE == "cuda":
            torch.cuda.set_sync_debug_mode(before)
    assert loss.isfinite()
