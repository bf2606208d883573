from __future__ import annotations

import doctest
import importlib
import math
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from archscape.search.datasets.dataset import Dataset, load_dataset
from archscape.search.datasets.split import Split
from archscape.search.training.evaluation import evaluate
from archscape.search.training.outcome import Outcome
from archscape.search.training.precision import resolve_precision
from archscape.search.training.recipe import Recipe
from archscape.search.training.tasks import make_task
from archscape.search.training.train import train
from archscape.spaces.errors import JobError, ShapeError

SHORT = Recipe(epochs=1, batch=64)


pytestmark = pytest.mark.usefixtures("one_thread")


def convnet() -> nn.Module:
    """Return a small network for 1x8x8, with all that can hold state."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 16, 3, padding=1, stride=2, groups=4),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Conv2d(16, 24, 1),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(96, 10),
    )


class Spoiled(nn.Module):
    """A network that meets a misfortune in its forward pass of a given number."""

    def __init__(self, at: int = 1, error: Exception | None = None) -> None:
        super().__init__()
        self.net = convnet()
        self.at = at
        self.error = error
        self.passes = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.passes += self.training
        if self.passes != self.at:
            return self.net(x)  # type: ignore[no-any-return]
        if self.error is not None:
            raise self.error
        return self.net(x) * torch.nan  # type: ignore[no-any-return]


class Greedy(nn.Module):
    """A network whose memory holds so many samples and no more."""

    def __init__(self, room: int, error: Exception) -> None:
        super().__init__()
        self.net = convnet()
        self.room = room
        self.error = error
        self.sizes: list[int] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:
            self.sizes.append(len(x))
            if len(x) > self.room:
                raise self.error
        return self.net(x)  # type: ignore[no-any-return]


def same(a: Outcome, b: Outcome) -> bool:
    """Say whether two trainings gave the same weights, losses and accuracies, to the bit."""
    assert a.state is not None
    assert b.state is not None
    rows = [[{k: v for k, v in row.items() if k != "seconds"} for row in o.history] for o in (a, b)]
    return (
        a.state.keys() == b.state.keys()
        and all(torch.equal(a.state[name], b.state[name]) for name in a.state)
        and rows[0] == rows[1]
    )


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(importlib.import_module("archscape.search.training.train")).failed == 0


def test_a_training_learns_and_says_what_it_did(digits: Dataset) -> None:
    seen: list[tuple[int, Mapping[str, float]]] = []
    recipe = Recipe(epochs=4, batch=32)
    outcome = train(convnet, digits, recipe, seed=0, report=lambda epoch, row: seen.append((epoch, row)))
    metrics = outcome.metrics
    assert (outcome.status, outcome.cause, outcome.trace) == ("complete", "", "")
    assert metrics["accuracy"] > 0.9
    assert metrics["test_accuracy"] == metrics["test_correct"] / 300 > 0.9
    assert metrics["epochs"] == 4
    assert metrics["steps"] == 4 * (len(digits.train) // 32)
    assert metrics["micro_batch"] == 32
    assert metrics["threads"] == torch.get_num_threads()
    assert 0 < metrics["step_seconds"] + metrics["eval_seconds"] < metrics["seconds"]
    assert [row["epoch"] for row in outcome.history] == [1, 2, 3, 4]
    assert outcome.history[-1]["loss"] == metrics["loss"] < outcome.history[0]["loss"]
    assert seen == [(int(row["epoch"]), row) for row in outcome.history]


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_the_same_seed_gives_the_same_bits(digits: Dataset, optimizer: str) -> None:
    recipe = Recipe(epochs=2, batch=48, optimizer=optimizer, augment=("flip", "shift"), label_smoothing=0.1)
    first, again, other = (train(convnet, digits, recipe, seed=seed) for seed in (7, 7, 8))
    assert same(first, again)
    assert not same(first, other)


def test_the_random_generators_of_the_caller_stay(digits: Dataset) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train(convnet, digits, SHORT, seed=1)
    assert torch.equal(torch.rand(3), expected)


def test_the_state_loads_strictly_and_repeats_the_test_accuracy(digits: Dataset) -> None:
    outcome = train(convnet, digits, SHORT, seed=0)
    assert outcome.state is not None
    assert all(value.is_contiguous() for value in outcome.state.values())
    model = convnet()
    model.load_state_dict(outcome.state, strict=True)
    assert evaluate(model, digits.test, make_task(digits))["correct"] == outcome.metrics["test_correct"]
    assert model.training


@pytest.mark.slow
def test_the_weights_loaded_in_a_process_of_its_own_repeat_the_test_accuracy(tmp_path: Path) -> None:
    """Also after the trip through a file, into a module that was never trained, at the recorded threads."""
    data = load_dataset("cluttered-digits")
    source = textwrap.dedent("""
        from torch import nn
        def build():
            return nn.Sequential(
                nn.Conv2d(1, 12, 5, 2, 2), nn.BatchNorm2d(12), nn.ReLU(), nn.Conv2d(12, 24, 1), nn.ReLU(),
                nn.Conv2d(24, 24, 3, groups=24), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                nn.Linear(24, 10),
            )
    """)
    scope: dict[str, object] = {}
    exec(source, scope)
    outcome = train(scope["build"], data, Recipe(epochs=1), seed=3)  # type: ignore[arg-type]
    assert outcome.state is not None
    save_file(outcome.state, tmp_path / "weights.safetensors")
    code = source + textwrap.dedent(f"""
        import torch
        from safetensors.torch import load_file
        from archscape.search.datasets.dataset import load_dataset
        from archscape.search.training.evaluation import evaluate
        from archscape.search.training.tasks import make_task
        torch.set_num_threads({int(outcome.metrics["threads"])})
        model = build()
        model.load_state_dict(load_file({str(tmp_path / "weights.safetensors")!r}), strict=True)
        data = load_dataset("cluttered-digits")
        print(evaluate(model, data.test, make_task(data))["correct"])
    """)
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == [str(int(outcome.metrics["test_correct"]))]


def test_the_test_part_steers_nothing(digits: Dataset) -> None:
    spoiled = replace(digits, test=replace(digits.test, x=digits.test.x * torch.nan))
    outcome, expected = (train(convnet, data, SHORT, seed=0) for data in (spoiled, digits))
    assert same(outcome, expected)
    assert outcome.metrics["test_correct"] == 0


def test_a_sample_whose_outputs_are_not_finite_is_wrong(digits: Dataset) -> None:
    """The largest of NaNs is class 0, which would pass for a tenth of the digits."""
    last = nn.Linear(64, 10)
    nn.init.constant_(last.weight, torch.nan)
    model = nn.Sequential(nn.Flatten(), last)
    assert evaluate(model, digits.test, make_task(digits)) == {"accuracy": 0.0, "correct": 0}


def test_a_loss_that_is_not_finite_diverges(digits: Dataset) -> None:
    steps = len(digits.train) // 64
    outcome = train(lambda: Spoiled(at=steps + 2), digits, Recipe(epochs=3, batch=64), seed=0)
    assert outcome.status == "diverged"
    assert outcome.cause == f"the loss is nan in epoch 2, at step {2 * steps}"
    assert outcome.state is None
    assert [row["epoch"] for row in outcome.history] == [1]
    assert "test_accuracy" not in outcome.metrics
    assert outcome.metrics["accuracy"] == outcome.history[0]["accuracy"]


def test_a_rate_too_high_diverges(digits: Dataset) -> None:
    def build() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))

    recipe = Recipe(epochs=2, optimizer="sgd", rate=1e12, warmup=0.0, schedule="constant")
    assert train(build, digits, recipe, seed=0).status == "diverged"


def test_outputs_that_are_not_finite_in_evaluation_diverge(digits: Dataset) -> None:
    class Blind(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = convnet()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.net(x) if self.training else self.net(x) * torch.inf  # type: ignore[no-any-return]

    outcome = train(Blind, digits, SHORT, seed=0)
    assert outcome.status == "diverged"
    assert outcome.cause == "outputs on the validation part are not finite after epoch 1"


def test_a_time_limit_ends_a_training_with_its_name(digits: Dataset) -> None:
    outcome = train(convnet, digits, Recipe(epochs=100_000, seconds=0.3), seed=0)
    assert outcome.status == "timed_out"
    assert outcome.cause.startswith("the recipe's 0.3 seconds ended in epoch ")
    assert 0.3 < outcome.metrics["seconds"] < 3
    assert outcome.state is None


ERRORS = [
    torch.OutOfMemoryError("CUDA out of memory"),
    MemoryError("no memory"),
    RuntimeError("could not create a primitive"),  # what oneDNN says where it has no memory
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_out_of_memory_goes_on_with_smaller_pieces(digits: Dataset, error: Exception) -> None:
    greedy = Greedy(8, error)
    outcome = train(lambda: greedy, digits, Recipe(epochs=1, batch=64), seed=0)
    steps = len(digits.train) // 64
    assert outcome.status == "complete"
    assert outcome.metrics["micro_batch"] == 8
    assert outcome.metrics["steps"] == steps
    assert greedy.sizes == [64, 32, 16, *[8] * 8 * steps]


def test_half_batches_give_the_gradient_of_the_whole(digits: Dataset) -> None:
    def plain() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))

    class Small(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = plain()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if len(x) > 24 and self.training:
                raise torch.OutOfMemoryError
            return self.net(x)  # type: ignore[no-any-return]

    recipe = Recipe(epochs=1, batch=48, optimizer="sgd", rate=0.1)
    whole, halves = train(plain, digits, recipe, seed=0), train(Small, digits, recipe, seed=0)
    assert whole.state is not None
    assert halves.state is not None
    assert torch.allclose(halves.state["net.1.weight"], whole.state["1.weight"], atol=1e-5)
    assert halves.metrics["loss"] == pytest.approx(whole.metrics["loss"], rel=1e-4)


def test_out_of_memory_with_two_samples_is_a_status(digits: Dataset) -> None:
    greedy = Greedy(1, torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 2 GiB"))
    outcome = train(lambda: greedy, digits, Recipe(epochs=1, batch=64), seed=0)
    assert greedy.sizes == [64, 32, 16, 8, 4, 2]
    assert (outcome.status, outcome.cause) == ("out_of_memory", "OutOfMemoryError: CUDA out of memory.")
    assert "Tried to allocate 2 GiB" in outcome.trace


@pytest.mark.parametrize(
    ("norm", "samples", "law"),
    [
        (nn.BatchNorm2d(4), 1, "in pieces of one sample; train on more of them"),
        (
            nn.InstanceNorm2d(4),
            8,
            "in pieces of 8 samples; take a norm of other values on a map of one pixel",
        ),
    ],
)
def test_a_norm_of_one_value_has_its_name(norm: nn.Module, samples: int, law: str, digits: Dataset) -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 8), norm, nn.Flatten(), nn.Linear(4, 10))
    few = replace(digits, train=Split(x=digits.train.x[:samples], y=digits.train.y[:samples]))
    outcome = train(lambda: model, few, SHORT, seed=0)
    assert outcome.status == "error"
    assert outcome.cause.startswith(f"a norm has one value of a channel, {law} (Expected more than 1 ")


def test_memory_that_the_processor_cannot_give_is_out_of_memory(digits: Dataset) -> None:
    outcome = train(lambda: nn.Linear(10**8, 10**8), digits, SHORT, seed=0)
    assert outcome.status == "out_of_memory"


def test_an_exception_is_an_error_with_its_cause_and_trace(digits: Dataset) -> None:
    outcome = train(lambda: Spoiled(at=3, error=ValueError("bad luck\nand more")), digits, SHORT, seed=0)
    assert (outcome.status, outcome.cause) == ("error", "ValueError: bad luck")
    assert "bad luck\nand more" in outcome.trace
    assert "in forward" in outcome.trace
    assert outcome.metrics["steps"] == 2


def test_a_map_too_small_is_an_error_that_names_it(digits: Dataset) -> None:
    def build() -> nn.Module:
        raise ShapeError("stage2.conv1: kernel 5 does not fit a map of 1x1")

    outcome = train(build, digits, SHORT, seed=0)
    assert (outcome.status, outcome.cause) == (
        "error",
        "ShapeError: stage2.conv1: kernel 5 does not fit a map of 1x1",
    )


def test_outputs_must_fit_the_classes(digits: Dataset) -> None:
    outcome = train(lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 9)), digits, SHORT, seed=0)
    assert outcome.status == "error"
    assert outcome.cause == (
        "ShapeError: the network gives (9,) for a sample, not one number for each of the 10 classes"
    )


def test_what_the_report_raises_and_an_interrupt_pass_through(digits: Dataset) -> None:
    def stop(epoch: int, row: Mapping[str, float]) -> None:
        raise LookupError(epoch)

    with pytest.raises(LookupError):
        train(convnet, digits, SHORT, seed=0, report=stop)

    def interrupted() -> nn.Module:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(interrupted, digits, SHORT, seed=0)


@pytest.mark.parametrize(("shape", "layer"), [((2, 30), nn.Conv1d), ((1, 4, 9, 9), nn.Conv3d)])
def test_data_may_have_one_or_three_axes_of_space(
    tmp_path: Path, shape: tuple[int, ...], layer: type
) -> None:
    """Classes differ in brightness, which a convolution and a global mean can tell."""
    rng = np.random.default_rng(0)
    y = np.arange(200) % 2
    x = rng.normal(size=(200, *shape)) + 2 * y.reshape(-1, *[1] * len(shape))
    np.savez(tmp_path / "set.npz", x_train=x, y_train=y)

    def build() -> nn.Module:
        tail = [nn.ReLU(), nn.Flatten(2), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(8, 2)]
        return nn.Sequential(layer(shape[0], 8, 3), *tail)

    recipe = Recipe(epochs=5, batch=16, augment=("flip", "shift"))
    outcome = train(build, load_dataset(tmp_path / "set.npz"), recipe, seed=0)
    assert outcome.status == "complete"
    assert outcome.metrics["accuracy"] > 0.9


def test_a_training_part_smaller_than_the_batch_is_one_batch(tmp_path: Path) -> None:
    y = np.arange(20) % 2
    np.savez(tmp_path / "set.npz", x_train=np.random.default_rng(0).normal(size=(20, 1, 8, 8)), y_train=y)
    outcome = train(convnet_of_two, load_dataset(tmp_path / "set.npz"), Recipe(epochs=2, batch=512), seed=0)
    assert outcome.status == "complete"
    assert outcome.metrics["steps"] == 2


def convnet_of_two() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 2))


def test_a_device_that_is_not_there_is_an_error_of_the_job(digits: Dataset) -> None:
    with pytest.raises(JobError, match="a device is auto, cpu, cuda, cuda:N or mps, but got 'gpu'"):
        train(convnet, digits, SHORT, seed=0, device="gpu")
    with pytest.raises(JobError, match="'cuda:99' is not on this machine"):
        train(convnet, digits, SHORT, seed=0, device="cuda:99")
    if not torch.backends.mps.is_available():
        with pytest.raises(JobError, match=r"device: .*mps.*; take cpu, or auto"):
            train(convnet, digits, SHORT, seed=0, device="mps")


@pytest.mark.slow
def test_training_imports_neither_optuna_nor_pandas_nor_scikit_learn() -> None:
    code = (
        "import sys; from archscape.search.training.train import train; "
        "from archscape.search.datasets.dataset import load_dataset; "
        "load_dataset('digits'); "
        "sys.exit(any(n in sys.modules for n in ('optuna', 'ray', 'pandas', 'sklearn')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# The parts of a recipe.


def test_pieces_of_a_batch_give_the_gradient_of_the_whole(digits: Dataset) -> None:
    def plain() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))

    recipe = Recipe(epochs=1, batch=50, optimizer="sgd", rate=0.1)
    whole, pieces = (train(plain, digits, replace(recipe, accumulate=n), seed=0) for n in (1, 4))
    assert whole.state is not None
    assert pieces.state is not None
    assert pieces.metrics["micro_batch"] == 13
    assert torch.allclose(whole.state["1.weight"], pieces.state["1.weight"], atol=1e-5)


def test_pieces_are_halved_once_memory_runs_out(digits: Dataset) -> None:
    greedy = Greedy(16, torch.OutOfMemoryError("CUDA out of memory"))
    outcome = train(lambda: greedy, digits, Recipe(epochs=1, batch=64, accumulate=2), seed=0)
    assert outcome.status == "complete"
    assert greedy.sizes[:6] == [32, 16, 16, 16, 16, 16]


def test_the_mean_of_the_weights_is_evaluated_and_exported(digits: Dataset) -> None:
    """By hand: the same training, its weights after each step, and their mean."""
    kept: list[nn.Module] = []
    weights: list[torch.Tensor] = []

    def build() -> nn.Module:
        model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
        kept.append(model)
        return model

    class Watched(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = build()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if self.training:
                weights.append(self.net[1].weight.detach().clone())  # type: ignore[index]
            return self.net(x)  # type: ignore[no-any-return]

    outcome = train(Watched, digits, replace(SHORT, ema=0.8), seed=0)
    weights.append(kept[0][1].weight.detach())  # type: ignore[index]
    mean = weights[0]
    for step, weight in enumerate(weights[1:]):
        share = min(0.8, (1 + step) / (10 + step))
        mean = share * mean + (1 - share) * weight
    assert outcome.state is not None
    assert torch.allclose(outcome.state["net.1.weight"], mean, atol=1e-6)
    assert not torch.allclose(mean, weights[-1], atol=1e-4)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    model.load_state_dict({name.removeprefix("net."): value for name, value in outcome.state.items()})
    again = evaluate(model, digits.test, make_task(digits), device="cpu")
    assert again["accuracy"] == outcome.metrics["test_accuracy"]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_products_are_taken_in_the_precision_of_the_recipe(precision: str, digits: Dataset) -> None:
    seen = set()

    class Seen(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = convnet()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = self.net(x)
            seen.add((self.training, str(y.dtype).removeprefix("torch.")))
            return y

    outcome = train(Seen, digits, replace(SHORT, precision=precision), seed=0, device="cpu")
    assert seen == {(True, precision), (False, "float32")}
    assert outcome.metrics["accuracy"] > 0.5
    assert outcome.state is not None
    assert outcome.state["net.0.weight"].dtype == torch.float32


def test_a_precision_that_is_left_open_follows_from_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    assert resolve_precision(None, cpu) == "float32"
    for flags, expected in (
        ({}, "float32"),
        ({"avx512_bf16": True}, "bfloat16"),
        ({"amx_bf16": True}, "bfloat16"),
    ):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda flags=flags: flags)
        assert resolve_precision("auto", cpu) == expected
    assert resolve_precision("bfloat16", cpu) == "bfloat16"


def test_a_resumed_training_keeps_the_pieces_it_began_with(digits: Dataset, tmp_path: Path) -> None:
    """Batch norm sees pieces, so their number decides the bits; what memory is left may differ by then."""

    def go(pieces: int) -> float:
        outcome = train(
            convnet,
            digits,
            SHORT,
            seed=0,
            pieces=pieces,
            report=lambda epoch, row: False,
            checkpoint=tmp_path / "partial",
        )
        return outcome.metrics["micro_batch"]

    assert go(4) == math.ceil(SHORT.batch / 4)
    assert go(1) == math.ceil(SHORT.batch / 4)
