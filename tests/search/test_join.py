"""Joining a study: who is asked to leave says so, and is replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from helpers.processes import popen

from archscape.search.job import read_job
from archscape.search.study.study import Study


@pytest.fixture
def begun(job_file: Path, tmp_path: Path) -> Path:
    """The storage of a study that nobody works on yet."""
    job_file.write_text(job_file.read_text().replace("epochs: 1", "epochs: 30"))
    job = read_job(job_file)
    path = tmp_path / "study.db"
    Study.open(
        tmp_path, name=job.search, storage=str(path), facts=job.facts(), settings=job.settings()
    ).close()
    return path


def join(storage: Path, out: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "archscape", "worker", "--storage", str(storage), "--out", str(out)]
    return popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def wait_until(true: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    while not true():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)


def trains(out: Path) -> bool:
    return any(" epoch 1:" in path.read_text() for path in (out / "logs").glob("trial-*.log"))


@pytest.mark.slow
def test_who_is_asked_to_leave_says_that_there_is_more_to_do(begun: Path, tmp_path: Path) -> None:
    """With status 1, so that a scheduler starts the command again."""
    worker = join(begun, tmp_path / "out")
    wait_until(lambda: trains(tmp_path / "out"), worker)
    worker.terminate()
    errors = worker.communicate()[1]
    assert worker.returncode == 1
    assert "tiny-digits: left before its end; the same command joins it again" in errors
    with Study.open(tmp_path, storage=str(begun)) as study:
        assert set(study.counts()) <= {"waiting", "complete"}


def children(process: subprocess.Popen[str]) -> set[int]:
    return set(map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()))


@pytest.mark.slow
def test_a_study_that_is_stopped_lets_everybody_leave_for_good(begun: Path, tmp_path: Path) -> None:
    worker = join(begun, tmp_path / "out")
    wait_until(lambda: trains(tmp_path / "out"), worker)
    first = children(worker)
    with Study.open(tmp_path, storage=str(begun)) as study:
        study.stop()
    seen = set(first)
    while worker.poll() is None:
        with suppress(OSError):  # it may end now
            seen |= children(worker)
        time.sleep(0.02)
    errors = worker.communicate()[1]
    assert worker.returncode == 0, errors
    assert seen == first, "it started a worker that had left"


@pytest.mark.slow
def test_a_worker_of_the_pool_that_leaves_is_replaced(begun: Path, tmp_path: Path) -> None:
    worker = join(begun, tmp_path / "out")
    wait_until(lambda: trains(tmp_path / "out"), worker)
    (first,) = children(worker)
    os.kill(first, signal.SIGTERM)
    wait_until(lambda: not children(worker) <= {first}, worker)
    worker.terminate()
    worker.communicate()
