"""The watchdog: what hangs has failed, and its process ends; what ends in time is left alone."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from archscape.search import file_faults
from archscape.search.file_faults import persist
from archscape.search.shutdown import Shutdown
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.workers import watchdog as module
from archscape.search.workers.evaluator import Context
from archscape.search.workers.trial_source import SearchPlan, TrialSource
from archscape.search.workers.watchdog import Watchdog
from archscape.search.workers.worker import Worker
from archscape.spaces import Network


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EXTRA_SECONDS", 0.0)


def test_trial_that_hangs_has_failed_before_its_process_ends(
    study: Study, plan: SearchPlan, tmp_path: Path
) -> None:
    bitten = threading.Event()

    def hang(network: Network, context: Context) -> Result:
        assert bitten.wait(60)
        return context.result(status="failed", cause="error")

    worker = Worker(
        source=TrialSource(
            name="w1",
            plan=replace(plan, trials=1),
            study=study,
            logs=tmp_path,
            notify=lambda event: None,
            shutdown=Shutdown(),
        ),
        evaluate=hang,
        watchdog=Watchdog(seconds=0.05, kill=bitten.set),
    )
    worker.run()
    [trial] = study.trials()
    assert (trial.state, trial.cause) == ("failed", "timed_out")
    assert trial.message.startswith("hung: no end")


def test_what_ends_in_time_is_left_alone() -> None:
    kills: list[str] = []
    before = {*threading.enumerate()}
    with Watchdog(seconds=1000, kill=lambda: kills.append("kill")).watching(kills.append):
        [watching] = {*threading.enumerate()} - before
    watching.join()
    assert kills == []


def test_trial_that_waits_for_its_files_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is trained; its weights are written when that is possible."""
    file, kills = tmp_path / "checkpoints" / "weights", list[str]()
    beyond_the_limit = threading.Semaphore(0)

    def is_waiting(thread: int) -> bool:
        beyond_the_limit.release()
        return file_faults.is_waiting(thread)

    def later(seconds: float) -> None:
        with Watchdog(seconds=0.01, kill=lambda: kills.append("kill")).watching(kills.append):
            for _ in range(3):
                beyond_the_limit.acquire()
        file.parent.mkdir()

    monkeypatch.setattr(module, "is_waiting", is_waiting)
    persist(file.touch, say=print, sleep=later)
    assert (kills, file.exists()) == ([], True)


def test_without_a_limit_nothing_watches() -> None:
    before = set(threading.enumerate())
    with Watchdog(seconds=None, kill=pytest.fail).watching(pytest.fail):
        assert set(threading.enumerate()) <= before
