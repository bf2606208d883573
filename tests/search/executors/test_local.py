"""Executors: the same results wherever workers run, and clean ends."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.in_process import InProcess
from helpers.processes import popen

from archscape.search.executors.local import LocalPool
from archscape.search.folder import RunFolder
from archscape.search.job import read_job
from archscape.search.search import run
from archscape.search.shutdown import Shutdown, ShutdownRequested
from archscape.search.study.owner import Owner
from archscape.search.study.study import Study
from archscape.spaces.errors import InputError, StudyError


def start(job: Path, folder: Path, workers: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "archscape", "search", str(job), "--out", str(folder)]
    return popen(
        [*command, "--workers", str(workers)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def wait_for(folder: Path, words: str, process: subprocess.Popen[str]) -> None:
    """Wait until the log of a trial holds these words."""
    while process.poll() is None:
        if any(words in path.read_text() for path in (folder / "logs").glob("trial-*.log")):
            return
        time.sleep(0.02)
    raise AssertionError(f"the search ended before '{words}'")


def workers_of(process: subprocess.Popen[str]) -> list[Owner]:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [Owner.of(int(word)) for word in children]


def run_pool(folder: Path) -> None:
    with LocalPool.of(1).opened(folder) as work:
        work(lambda event: None, Shutdown())


@pytest.mark.slow
def test_pool_gives_what_one_process_gives(job_file: Path, tmp_path: Path) -> None:
    job = replace(read_job(job_file), trials=6)
    single = run(job, out=tmp_path / "one", executor=InProcess()).trials
    two = run(job, out=tmp_path / "two").trials
    same = ["number", "status", "hash", "accuracy", "test_accuracy", "loss", "seed"]
    assert single[same].equals(two[same])
    assert set(two["worker"]) == {"w1", "w2"}


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "number"), [(1, signal.SIGINT), (2, signal.SIGTERM)])
def test_stop_gives_trials_back_and_the_same_command_goes_on(
    job_file: Path, tmp_path: Path, workers: int, number: signal.Signals
) -> None:
    folder = tmp_path / "run"
    job_file.write_text(
        job_file.read_text().replace("epochs: 1", "epochs: 40").replace("trials: 8", "trials: 2")
    )
    process = start(job_file, folder, workers)
    wait_for(folder, "epoch 1:", process)
    children = workers_of(process)
    process.send_signal(number)
    errors = process.communicate()[1]
    assert process.returncode == 1
    assert re.search(r"stopped after 0 of 2 trials, and \d more begun; the same command", errors)
    assert "Traceback" not in errors
    assert all(child.is_dead(Owner.current()) for child in children)
    with Study.open(folder) as study:
        assert {trial.state for trial in study.trials()} == {"waiting"}
    assert (folder / "trials.csv").exists()
    process = start(job_file, folder, workers)
    assert process.wait() == 0
    assert process.stderr is not None
    process.stderr.close()
    with Study.open(folder) as study:
        assert {trial.state for trial in study.trials()} == {"complete"}
        assert {trial.attempts for trial in study.trials()} == {1}


@pytest.mark.slow
def test_workers_leave_when_their_coordinator_is_killed(job_file: Path, tmp_path: Path) -> None:
    job_file.write_text(job_file.read_text().replace("epochs: 1", "epochs: 200"))
    process = start(job_file, tmp_path / "run", 2)
    wait_for(tmp_path / "run", "epoch 1:", process)
    workers = workers_of(process)
    assert len(workers) == 2
    process.kill()
    process.communicate()
    while not all(worker.is_dead(Owner.current()) for worker in workers):
        time.sleep(0.02)
    with Study.open(tmp_path / "run") as study:
        assert {trial.state for trial in study.trials()} == {"waiting"}


@pytest.mark.slow
def test_what_a_worker_finds_wrong_is_the_error_of_the_pool(job_file: Path, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.create()
    space = (tmp_path / "tiny.yaml").read_text()
    folder.write_job(
        job_file.read_text().replace("digits\n", "none.npz\n").replace("tiny.yaml", "space.yaml"), space
    )
    with pytest.raises(InputError, match=r"none\.npz"):
        run_pool(tmp_path)


def test_workers_that_keep_dying_end_the_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    RunFolder(tmp_path).create()
    monkeypatch.setenv("PYTHONHOME", "/nonexistent")  # no interpreter starts like this
    with pytest.raises(StudyError, match=r"workers in a row died before a trial ended; see .*w1\.log"):
        run_pool(tmp_path)


def test_request_to_stop_cuts_only_where_it_may() -> None:
    shutdown = Shutdown()
    with shutdown.handling_signals(signal.SIGTERM):
        signal.raise_signal(signal.SIGTERM)
        assert shutdown.requested
        with pytest.raises(ShutdownRequested), shutdown.interruptible():
            raise AssertionError("never reached")


def test_request_to_stop_cuts_interruptible_work_at_once() -> None:
    shutdown = Shutdown()
    with shutdown.handling_signals(signal.SIGTERM):
        with pytest.raises(ShutdownRequested), shutdown.interruptible():
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
