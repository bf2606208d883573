"""Trainings in processes of their own, over several devices: here, of one CPU."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
import torch
from helpers.processes import popen
from safetensors.torch import load_file

from archscape.search.datasets.dataset import load_dataset
from archscape.search.shutdown import ShutdownRequested
from archscape.search.training.final.results import FinalResults
from archscape.search.training.final.training import train_final
from archscape.search.training.recipe import Recipe
from archscape.spaces import Network
from archscape.spaces.errors import InputError, JobError

TABLE = """
network: small
input: 1x8x8
layers:
  - conv: {width: 8, norm: none}
  - avgpool
  - linear: {width: 10}
"""
NETWORK = Network.from_yaml(TABLE)
DATA = load_dataset("digits")
RECIPE = Recipe(
    epochs=2,
    batch=65,  # parts of 33 and 32
    augment=("shift", "rotate", "noise"),
    mixup=0.2,
    cutmix=1.0,
    ema=0.9,
    accumulate=2,
    clip=1.0,
    label_smoothing=0.1,
    schedule="plateau",
    warmup=0.0,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def final(out: Path, **changes: Any) -> FinalResults:
    options: dict[str, Any] = {"recipe": RECIPE, "out": out, "seeds": 1, "device": "cpu"} | changes
    return train_final(options.pop("network", NETWORK), DATA, **options)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> FinalResults:
    return final(tmp_path_factory.mktemp("alone") / "out", seeds=2)


@pytest.fixture(scope="module")
def spread(tmp_path_factory: pytest.TempPathFactory) -> FinalResults:
    return final(tmp_path_factory.mktemp("spread") / "out", devices=("cpu", "cpu"))


def members(parent: int) -> list[int]:
    """Return the processes of trainings that a process has started."""
    processes = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_text()
        except OSError:  # it has ended
            continue
        if int(fields[1]) == parent and "training.parallel.member" in command and fields[0] != "Z":
            processes.append(int(folder.name))
    return sorted(processes)


# Each batch over the devices.


@pytest.mark.slow
def test_two_devices_train_what_one_does(alone: FinalResults, spread: FinalResults) -> None:
    assert not members(os.getpid())
    states = [load_file(results.out / "seed-0.safetensors") for results in (alone, spread)]
    torch.testing.assert_close(states[1], states[0])
    assert [results.seeds[0].metrics["micro_batch"] for results in (alone, spread)] == [33, 17]
    rows = [results.seeds[0].history for results in (alone, spread)]
    for mine, its in zip(*rows, strict=True):
        assert its["loss"] == pytest.approx(mine["loss"], rel=1e-4)
        assert its["accuracy"] == mine["accuracy"]


@pytest.mark.full
def test_one_that_is_stopped_resumes_to_the_same_bits(spread: FinalResults, tmp_path: Path) -> None:
    ended: list[int] = []
    with pytest.raises(ShutdownRequested):
        final(
            tmp_path / "out",
            devices=("cpu", "cpu"),
            on_epoch=lambda place, epochs: ended.extend([epochs] * (epochs > 0)),
            should_stop=lambda: bool(ended),
        )
    assert (tmp_path / "out" / "seed-0.partial").exists()
    assert not members(os.getpid())
    assert final(tmp_path / "out", devices=("cpu", "cpu")).seeds[0].digest == spread.seeds[0].digest


@pytest.mark.slow
def test_a_process_that_dies_ends_the_training_by_name(tmp_path: Path) -> None:
    def kill(place: int, epochs: int) -> None:
        if epochs:
            os.kill(members(os.getpid())[-1], signal.SIGKILL)

    lines: list[str] = []
    endless = replace(RECIPE, epochs=10_000)  # it is killed under way, however late this process gets to it
    results = final(tmp_path / "out", devices=("cpu", "cpu"), recipe=endless, on_epoch=kill, log=lines.append)
    assert results.seeds[0].status == "lost_worker"
    assert results.seeds[0].cause == "the process on cpu (process 2 of 2) ended by signal 9"
    assert lines == [f"seed 0: lost_worker: {results.seeds[0].cause}"]
    assert not members(os.getpid())


@pytest.mark.full
def test_nothing_is_left_of_a_command_that_is_killed(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(TABLE)
    command = [sys.executable, "-m", "archscape", "train", "small.yaml", "--data", "digits"]
    command += ["--epochs", "10000", "--devices", "cpu,cpu", "--out", "out"]
    process = popen(command, cwd=tmp_path, stderr=PIPE)
    while (
        not (tmp_path / "out" / "train.log").exists()
        or "epoch 1" not in (tmp_path / "out" / "train.log").read_text()
    ):
        assert process.poll() is None
        time.sleep(0.05)
    ours = members(process.pid)
    assert len(ours) == 2
    process.kill()
    process.wait()
    end = time.monotonic() + 60
    while any(Path(f"/proc/{pid}").exists() for pid in ours) and time.monotonic() < end:
        time.sleep(0.05)
    assert not [pid for pid in ours if Path(f"/proc/{pid}").exists()]


def test_another_number_of_devices_is_another_training(spread: FinalResults) -> None:
    with pytest.raises(InputError, match="holds a training with another number of devices"):
        final(spread.out)


# A seed on each device.


@pytest.mark.slow
def test_seeds_side_by_side_have_the_bits_of_seeds_one_by_one(alone: FinalResults, tmp_path: Path) -> None:
    results = final(tmp_path / "out", devices=("cpu", "cpu"), split="seeds", seeds=2)
    assert [seed.digest for seed in results.seeds] == [seed.digest for seed in alone.seeds]
    assert not members(os.getpid())


# What cannot be spread.


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"devices": ("cpu",) * 20}, "a batch of 65 in 2 pieces over 20 devices leaves less than the 2"),
        ({"devices": ("cpu", "cpu"), "split": "layers"}, "devices share batch or seeds, but got 'layers'"),
        ({"devices": ("cpu", "cuda:7")}, "'cuda:7' is not on this machine"),
    ],
)
def test_what_cannot_be_spread_is_refused(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(JobError, match=message):
        final(tmp_path / "out", **changes)
    assert not (tmp_path / "out").exists()
