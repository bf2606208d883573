"""Interrupted wherever and however often: the bits are those of a training that was left in peace."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers.processes import popen
from torch import nn

from archscape.search.datasets.dataset import Dataset
from archscape.search.file_faults import MISSING_SECONDS, FileFault
from archscape.search.training import checkpoint as module
from archscape.search.training.augment.cutout import Cutout
from archscape.search.training.checkpoint import Checkpoint
from archscape.search.training.outcome import Outcome
from archscape.search.training.recipe import Recipe
from archscape.search.training.schedules import Plateau
from archscape.search.training.train import train

STEPS = 24  # of an epoch of the digits in batches of 48
RECIPE = Recipe(
    epochs=3,
    augment=("flip", "shift", "rotate", "scale", "colour", "noise", Cutout(size=2)),
    label_smoothing=0.1,
)


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.partial"


def convnet(width: int = 8) -> nn.Module:
    """Return a network with all that has state: batch norm, dropout, and weights that get no gradient."""
    net = nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.AdaptiveAvgPool2d(4),
        nn.Flatten(),
        nn.Linear(16 * width, 10),
    )
    net.append(nn.Dropout(0.1))
    net[0].idle = nn.Parameter(torch.ones(2))
    return net


def after(steps: int) -> Callable[[], bool]:
    """Return a `should_stop` that lets so many steps pass."""
    left = iter(range(steps))
    return lambda: next(left, None) is None


def same(first: Outcome, other: Outcome) -> bool:
    """Say whether two trainings gave the same weights, history and metrics, to the bit; clocks apart."""
    rows = [[{k: v for k, v in row.items() if k != "seconds"} for row in o.history] for o in (first, other)]
    metrics = [{k: v for k, v in o.metrics.items() if "seconds" not in k} for o in (first, other)]
    assert first.state is not None
    assert other.state is not None
    pairs = zip(first.state.items(), other.state.items(), strict=True)
    return (
        rows[0] == rows[1]
        and metrics[0] == metrics[1]
        and all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)
    )


RECIPES = {
    "adamw": RECIPE,
    "sgd": replace(RECIPE, optimizer="sgd", rate=0.1, schedule="cosine"),
    # Too small a rate for a better accuracy.
    "plateau": replace(RECIPE, epochs=4, schedule=Plateau(patience=1), rate=1e-6),
    "every part": replace(
        RECIPE,
        optimizer="muon",
        schedule="one-cycle",
        decay="weights",
        mixup=0.2,
        cutmix=1.0,
        clip=1.0,
        accumulate=3,
        ema=0.99,
        precision="bfloat16",
    ),
    **{
        f"{name} with {schedule}": replace(
            RECIPE, optimizer=name, schedule=schedule, rate=0.01, mixup=0.4, ema=0.9
        )
        for name, schedule in {
            "adam": "wsd",
            "nadam": "step",
            "radam": "wsd",
            "rmsprop": "step",
            "adagrad": "wsd",
            "adamax": "linear",
            "adadelta": "step",
        }.items()
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_interrupted_at_random_steps_it_gives_the_same_bits(name: str, digits: Dataset, path: Path) -> None:
    recipe, rng = RECIPES[name], random.Random(name)
    expected = train(convnet, digits, recipe, seed=5)
    outcomes: list[Outcome] = []
    while not outcomes or outcomes[-1].status == "interrupted":
        torch.manual_seed(rng.getrandbits(32))  # another process has other generators
        outcomes.append(
            train(convnet, digits, recipe, seed=5, checkpoint=path, should_stop=after(rng.randrange(1, 30)))
        )
    assert len(outcomes) > 3
    assert outcomes[-1].status == "complete"
    assert same(outcomes[-1], expected)


@pytest.mark.slow
@pytest.mark.parametrize("step", [0, 1, STEPS - 1, STEPS, STEPS + 1, 3 * STEPS - 1])
def test_interrupted_at_the_edge_of_an_epoch_it_gives_the_same_bits(
    step: int, digits: Dataset, path: Path
) -> None:
    left = train(convnet, digits, RECIPE, seed=5, checkpoint=path, should_stop=after(step))
    assert (left.status, left.metrics["steps"], left.state) == ("interrupted", step, None)
    again = train(convnet, digits, RECIPE, seed=5, checkpoint=path, should_stop=after(0))
    assert (again.status, again.metrics["steps"]) == ("interrupted", step)
    done = train(convnet, digits, RECIPE, seed=5, checkpoint=path)
    assert same(done, train(convnet, digits, RECIPE, seed=5))


def test_pruned_by_the_report_it_can_go_on(digits: Dataset, path: Path) -> None:
    seen: list[int] = []

    def report(epoch: int, row: Mapping[str, float]) -> bool:
        seen.append(epoch)
        return epoch != 2

    pruned = train(convnet, digits, RECIPE, seed=5, report=report, checkpoint=path)
    assert (pruned.status, pruned.state, len(pruned.history)) == ("pruned", None, 2)
    assert pruned.metrics["accuracy"] == pruned.history[-1]["accuracy"]
    done = train(convnet, digits, RECIPE, seed=5, report=report, checkpoint=path)
    assert seen == [1, 2, 3]
    assert same(done, train(convnet, digits, RECIPE, seed=5))


def test_pruned_without_a_checkpoint_it_ends(digits: Dataset) -> None:
    outcome = train(convnet, digits, RECIPE, seed=5, report=lambda epoch, row: False)
    assert (outcome.status, outcome.metrics["epochs"]) == ("pruned", 1)


def test_half_batches_after_memory_ran_out_stay_halves(digits: Dataset, path: Path) -> None:
    class Greedy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = convnet()
            self.tried = 0

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if self.training and len(x) > 24:
                self.tried += 1
                raise torch.OutOfMemoryError
            return self.net(x)  # type: ignore[no-any-return]

    models: list[Greedy] = []

    def build() -> nn.Module:
        models.append(Greedy())
        return models[-1]

    train(build, digits, RECIPE, seed=5, checkpoint=path, should_stop=after(30))
    done = train(build, digits, RECIPE, seed=5, checkpoint=path)
    assert [model.tried for model in models] == [1, 0]
    assert same(done, train(Greedy, digits, RECIPE, seed=5))


def test_the_time_before_the_interruption_counts(digits: Dataset, path: Path) -> None:
    recipe = Recipe(epochs=100_000, seconds=0.4)
    began = time.perf_counter()
    left = train(
        convnet,
        digits,
        recipe,
        seed=0,
        checkpoint=path,
        should_stop=lambda: time.perf_counter() > began + 0.3,
    )
    assert left.status == "interrupted"
    spent = left.metrics["seconds"]
    again = time.perf_counter()
    done = train(convnet, digits, recipe, seed=0, checkpoint=path)
    assert done.status == "timed_out"
    assert 0.4 < done.metrics["seconds"] <= spent + time.perf_counter() - again
    assert done.metrics["step_seconds"] > left.metrics["step_seconds"]
    assert [row["seconds"] for row in done.history] == sorted(row["seconds"] for row in done.history)


def test_it_is_written_after_an_epoch_when_the_last_one_is_old(
    digits: Dataset, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[bool] = []

    def report(epoch: int, row: Mapping[str, float]) -> None:
        there.append(path.exists())

    train(convnet, digits, RECIPE, seed=5, report=report, checkpoint=path)
    assert there == [False, False, False]
    monkeypatch.setattr(module, "CHECKPOINT_SECONDS", 0.0)
    train(convnet, digits, RECIPE, seed=5, report=report, checkpoint=path)
    assert there[3:] == [False, True, True]


def test_it_is_due_again_so_long_after_it_was_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(module.time, "perf_counter", lambda: now[0])
    checkpoint, due = Checkpoint(path, print), list[bool]()
    for seconds in (29, 2, 29, 2):
        now[0] += seconds
        due.append(checkpoint.is_due())
        if due[-1]:
            checkpoint.write(None)
    assert due == [False, True, False, True]


# `python -c CODE SCHEDULE [FILE]`: a training with every part of a recipe, that writes after every epoch.
CODE = """
import sys, torch
from pathlib import Path
from archscape.search.datasets.dataset import load_dataset
from archscape.search.training import checkpoint
from archscape.search.training.recipe import read_recipe
from archscape.search.training.teacher import Teacher
from archscape.search.training.train import train
from archscape.search.training.transfer import Transfer
from archscape.search.training.weights import Weights
from archscape.spaces import Network

checkpoint.CHECKPOINT_SECONDS = 0.0
torch.set_num_threads(1)
torch.manual_seed(1)
network = Network.from_yaml(
    "network: n\\ninput: 1x8x8\\nlayers:\\n"
    "  - conv: {width: 4, stride: 4}\\n  - dropout: {rate: 0.1}\\n  - linear: {width: 10}\\n"
)
schedule = {"rule": "plateau", "patience": "2"} if sys.argv[1] == "plateau" else sys.argv[1]
recipe = read_recipe({
    "preset": "modern", "epochs": "16", "batch": "96", "warmup": "0.1", "schedule": schedule,
    "mixup": "0.2", "cutmix": "1", "clip": "1", "accumulate": "2", "ema": "0.99", "precision": "bfloat16",
    "augment": ["flip", "shift", {"rotate": "10"}, "noise", "cutout"],
})
transfer = Transfer(
    rates={"conv": 0.5}, teacher=Teacher(network=network, weights=Weights(network.build().state_dict(), {}))
)
outcome = train(
    network.build, load_dataset("digits"), recipe, seed=5, transfer=transfer,
    checkpoint=Path(sys.argv[2]) if len(sys.argv) > 2 else None,
    report=lambda epoch, row: print(epoch, row["loss"], flush=True),
)
print(outcome.metrics["loss"], outcome.state["linear.weight"].double().sum().item())
"""


@pytest.mark.slow
@pytest.mark.parametrize("schedule", ["plateau", pytest.param("one-cycle", marks=pytest.mark.full)])
def test_killed_at_random_instants_it_gives_the_same_bits(schedule: str, path: Path) -> None:
    """Kills of a real process; each later life goes on from the file."""
    command = [sys.executable, "-c", CODE, schedule]
    expected = subprocess.run(command, check=True, capture_output=True, text=True)
    rng, lives, status = random.Random(1), [], -signal.SIGKILL
    while status == -signal.SIGKILL:
        with popen([*command, path], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            lives.append([process.stdout.readline() for _ in range(rng.randrange(4, 8))])
            if lives[-1][-1]:
                time.sleep(rng.random() * 0.02)
                process.kill()
            lives[-1] += process.stdout.readlines()
        status = process.returncode
    assert status == 0
    assert [line for line in lives[-1] if line][-1] == expected.stdout.splitlines(keepends=True)[-1]
    assert len(lives) > 2
    numbers = [life[0].split()[0] for life in lives]
    # One that was killed after its last epoch leaves none to the next.
    firsts = [int(number) for number in numbers if number.isdecimal()]
    assert firsts == sorted(set(firsts))
    assert [file.name for file in path.parent.iterdir()] == [path.name]


# Files that are not taken.


def lines_of(path: Path, digits: Dataset, build: Callable[[], nn.Module], recipe: Recipe, seed: int) -> str:
    """Train with a checkpoint that must not be taken, to the right bits; return what was logged."""
    log: list[str] = []
    done = train(build, digits, recipe, seed=seed, checkpoint=path, log=log.append)
    assert same(done, train(build, digits, recipe, seed=seed))
    return "\n".join(log)


@pytest.fixture
def left(path: Path, digits: Dataset) -> Path:
    """The checkpoint of a training that was interrupted in its first epoch."""
    train(convnet, digits, Recipe(epochs=1), seed=5, checkpoint=path, should_stop=after(7))
    return path


@pytest.mark.parametrize("part", ["first", "middle", "last", "short", "empty"])
def test_a_damaged_file_is_ignored(part: str, left: Path, digits: Dataset) -> None:
    content = bytearray(left.read_bytes())
    if part in ("short", "empty"):
        content = content[: len(content) // 2 if part == "short" else 0]
    else:
        content[{"first": 0, "middle": len(content) // 2, "last": -1}[part]] ^= 1
    left.write_bytes(content)
    assert "net.partial is damaged" in lines_of(left, digits, convnet, Recipe(epochs=1), 5)


@pytest.mark.parametrize("content", [{"other": 1}, [1, 2], None, {"version": 1}])
def test_what_no_training_wrote_is_set_aside(content: object, left: Path, digits: Dataset) -> None:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    left.write_bytes(hashlib.sha256(buffer.getvalue()).digest() + buffer.getvalue())
    damaged = left.read_bytes()
    lines = lines_of(left, digits, convnet, Recipe(epochs=1), 5)
    assert (
        "net.partial cannot be read: the training begins anew; the file is kept as net.partial.damaged"
        in lines
    )
    assert left.with_name("net.partial.damaged").read_bytes() == damaged


def test_a_file_that_holds_more_than_tensors_and_plain_values_is_not_unpickled(
    left: Path, digits: Dataset, tmp_path: Path
) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
            return os.mkdir, (str(tmp_path / "sprung"),)

    torch.save({"version": 1, "trap": Trap()}, left)
    data = left.read_bytes()
    left.write_bytes(hashlib.sha256(data).digest() + data)
    assert "net.partial cannot be read" in lines_of(left, digits, convnet, Recipe(epochs=1), 5)
    assert not (tmp_path / "sprung").exists()


def test_a_file_of_another_version_is_ignored(
    left: Path, digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "VERSION", module.VERSION + 1)
    assert "of another version" in lines_of(left, digits, convnet, Recipe(epochs=1), 5)


def test_a_file_of_another_training_is_ignored(left: Path, digits: Dataset) -> None:
    kept = left.read_bytes()
    same, slow = Recipe(epochs=1), Recipe(epochs=1, rate=0.01)

    def frozen() -> nn.Module:
        net = convnet()
        next(net.parameters()).requires_grad_(False)
        return net

    def log(data: Dataset, build: Callable[[], nn.Module], recipe: Recipe, seed: int) -> str:
        left.write_bytes(kept)
        return lines_of(left, data, build, recipe, seed)

    other = replace(digits, statistics=replace(digits.statistics, fingerprint="0" * 16))
    assert "net.partial is of another seed:" in log(digits, convnet, same, 6)
    assert "net.partial is of another recipe:" in log(digits, convnet, slow, 5)
    assert "net.partial is of another network:" in log(digits, lambda: convnet(9), same, 5)
    assert "net.partial is of another choice of weights to train:" in log(digits, frozen, same, 5)
    assert "net.partial is of another data and seed:" in log(other, convnet, same, 6)
    assert log(digits, convnet, same, 5) == f"goes on from {left}, at step 7"


def test_other_rungs_make_another_training_if_the_rate_follows_them(digits: Dataset, path: Path) -> None:
    log: list[str] = []
    for schedule in ("rungs", "cosine"):
        for rungs in ((1,), (2,)):
            recipe = replace(RECIPE, schedule=schedule)
            should_stop = after(7)
            train(
                convnet,
                digits,
                recipe,
                seed=5,
                rungs=rungs,
                checkpoint=path,
                should_stop=should_stop,
                log=log.append,
            )
    assert [line.partition("is of another ")[2] for line in log] == [
        "rungs: the training begins anew",
        "recipe and rungs: the training begins anew",
        "",
    ]


# A disk that fails.


def test_a_folder_that_goes_away_is_survived_and_logged(digits: Dataset, tmp_path: Path) -> None:
    log: list[str] = []
    folder, stop = tmp_path / "checkpoints", after(30)
    folder.mkdir()

    def should_stop() -> bool:
        if folder.exists():
            folder.rmdir()
        return stop()

    outcome = train(
        convnet,
        digits,
        RECIPE,
        seed=5,
        checkpoint=folder / "net.partial",
        should_stop=should_stop,
        log=log.append,
    )
    assert (outcome.status, outcome.metrics["steps"]) == ("interrupted", 30)
    assert len(log) == 1
    assert "no checkpoint could be written" in log[0]


def test_a_checkpoint_that_cannot_be_read_now_is_no_reason_to_begin_anew(
    digits: Dataset, tmp_path: Path
) -> None:
    """Its folder was moved, or its server is away: the trial is given back until it can be read."""
    folder, away = tmp_path / "checkpoints", tmp_path / "away"
    folder.mkdir()
    left = folder / "net.partial"
    train(convnet, digits, Recipe(epochs=1), seed=5, checkpoint=left, should_stop=after(7))
    folder.rename(away)
    with pytest.raises(FileFault, match="No such file"):
        train(convnet, digits, Recipe(epochs=1), seed=5, checkpoint=left)
    away.rename(folder)
    assert lines_of(left, digits, convnet, Recipe(epochs=1), 5) == f"goes on from {left}, at step 7"


def test_a_folder_that_is_missing_at_two_writings_is_made_again(tmp_path: Path) -> None:
    folder, log = tmp_path / "checkpoints", list[str]()
    folder.mkdir()
    checkpoint = Checkpoint(folder / "net.partial", log.append)
    folder.rmdir()
    checkpoint.write(None)
    assert (len(log), folder.exists()) == (1, False)
    assert checkpoint._refused_since is not None
    checkpoint._refused_since -= 2 * MISSING_SECONDS
    checkpoint.write(None)
    assert (len(log), [file.name for file in folder.iterdir()]) == (1, ["net.partial"])


def test_a_training_that_is_paused_waits_for_its_folder(tmp_path: Path) -> None:
    """Its state would be lost: nobody trains on here."""
    folder, log = tmp_path / "checkpoints", list[str]()

    def mend(line: str) -> None:
        log.append(line)
        folder.mkdir(exist_ok=True)

    folder.mkdir()
    checkpoint = Checkpoint(folder / "net.partial", mend)
    folder.rmdir()
    checkpoint.write(None, patience=60.0)
    assert [file.name for file in folder.iterdir()] == ["net.partial"]
    assert log[0].startswith("waits for")


def test_a_fault_of_the_disk_while_a_module_is_built_is_none_of_the_module(
    digits: Dataset, path: Path
) -> None:
    def build() -> nn.Module:
        raise OSError(errno.EIO, "Input/output error", "/home/user/blocks.py")

    with pytest.raises(OSError, match="Input/output error"):
        train(build, digits, RECIPE, seed=5)


def test_a_failed_writing_leaves_the_file_that_was_there_and_no_other(
    digits: Dataset, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(convnet, digits, RECIPE, seed=5, checkpoint=path, should_stop=after(30))
    before = path.read_bytes()

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    log: list[str] = []
    train(convnet, digits, RECIPE, seed=5, checkpoint=path, should_stop=after(30), log=log.append)
    assert "No space left on device" in log[-1]
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_what_killed_writers_left_is_swept(path: Path) -> None:
    leftover = path.with_name(f".{path.name}.123.part")
    leftover.write_bytes(b"half")
    Checkpoint(path, print)
    assert not leftover.exists()
