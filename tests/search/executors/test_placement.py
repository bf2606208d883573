"""Placement: GPUs in turn, cores in runs, a slot that reaches its process whole."""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
from pathlib import Path

import pytest

from archscape.search.executors import placement as module
from archscape.search.executors.placement import machine_placements, placements, visible_gpus
from archscape.search.workers.slot import Placement, WorkerSlot


@pytest.mark.parametrize(
    ("workers", "gpus", "wanted"),
    [
        (1, [], [("", 1.0)]),
        (2, ["0", "1", "2"], [("0", 1.0), ("1", 1.0)]),
        (2, ["0"], [("0", 0.5), ("0", 0.5)]),
        (3, ["GPU-a", "GPU-b"], [("GPU-a", 0.5), ("GPU-b", 0.5), ("GPU-a", 0.5)]),
    ],
)
def test_gpus_are_shared_out_in_turn_and_their_memory_by_those_on_them(
    workers: int, gpus: list[str], wanted: list[tuple[str, float]]
) -> None:
    assert [(placement.gpu, placement.share) for placement in placements(workers, gpus=gpus)] == wanted


@pytest.mark.parametrize(
    ("workers", "cores", "wanted"),
    [
        (2, [0, 1, 2, 3, 4], [(0, 1), (2, 3)]),
        (3, [4, 6], [(4,), (6,), (4,)]),
        (1, [2], [(2,)]),
        (1, [], [()]),
    ],
)
def test_pinned_workers_have_cores_of_their_own_as_far_as_they_go(
    workers: int, cores: list[int], wanted: list[tuple[int, ...]]
) -> None:
    assert [placement.cores for placement in placements(workers, cores=cores, pin=True)] == wanted
    assert {placement.cores for placement in placements(workers, cores=cores)} == {()}


def test_visible_gpus_are_those_that_the_environment_leaves(tmp_path: Path) -> None:
    for name in ("0000:01:00.0", "0000:02:00.0"):
        (tmp_path / name).mkdir()
    assert visible_gpus(None, installed=tmp_path) == ["0", "1"]
    assert visible_gpus("1, GPU-a", installed=tmp_path) == ["1", "GPU-a"]
    assert visible_gpus("", installed=tmp_path) == visible_gpus("-1", installed=tmp_path) == []
    assert visible_gpus(None, installed=tmp_path / "none") == []


def test_cpu_jobs_take_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    assert [placement.gpu for placement in machine_placements(2, device="auto")] == ["3", "5"]
    assert [placement.gpu for placement in machine_placements(2, device="cpu")] == ["", ""]
    assert [placement.gpu for placement in machine_placements(2, device="cuda:1")] == ["", ""]


def test_seat_survives_its_text_and_names_its_gpu() -> None:
    slot = WorkerSlot(placement=Placement(gpu="3", share=0.5, cores=(1, 2)), data="/data/x.npz", device="cpu")
    assert WorkerSlot.from_json(slot.to_json()) == slot
    assert slot.environment == {"CUDA_VISIBLE_DEVICES": "3"}
    assert WorkerSlot.from_json(WorkerSlot().to_json()) == WorkerSlot()
    assert WorkerSlot().environment == {}


def test_process_that_sits_down_is_bound_to_its_cores() -> None:
    core = max(os.sched_getaffinity(0))
    program = (
        "import os, sys\nfrom archscape.search.workers.slot import WorkerSlot\n"
        "WorkerSlot.from_json(sys.argv[1]).bind()\nprint(os.sched_getaffinity(0))"
    )
    slot = WorkerSlot(placement=Placement(cores=(core,)))
    done = subprocess.run(
        [sys.executable, "-c", program, slot.to_json()], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str({core})


def test_worked_examples_hold() -> None:
    assert doctest.testmod(module).failed == 0
