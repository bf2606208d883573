"""Setting up a worker: files of the run that are away when it starts are waited for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from helpers.in_process import one_thread

from archscape.search.folder import RunFolder
from archscape.search.job import Job, read_job
from archscape.search.shutdown import Shutdown
from archscape.search.study.study import Study
from archscape.search.workers.events import Event
from archscape.search.workers.setup import run_worker


@pytest.fixture
def job(job_file: Path) -> Job:
    return replace(read_job(job_file), trials=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["study.db", "job.yaml", "space.yaml"])
def test_worker_that_starts_while_a_file_of_its_run_is_away_waits_for_it(
    job: Job, tmp_path: Path, name: str
) -> None:
    """It may replace one that died, beside others that wait too."""
    folder, events = RunFolder(tmp_path / "run"), list[Event]()
    folder.create()
    settings = job.settings()
    folder.write_job(settings["job"], settings["space"])
    away = (folder.path / name).rename

    def bring_back(event: Event) -> None:
        events.append(event)
        if (tmp_path / "away").exists():
            (tmp_path / "away").rename(folder.path / name)

    with Study.open(folder.path, name=job.search, facts=job.facts(), settings=settings) as study:
        study.database.engine.dispose()  # nothing is left in SQLite's own files
        away(tmp_path / "away")
        with one_thread():
            run_worker(folder.path, name="w1", notify=bring_back, shutdown=Shutdown())
        assert study.counts() == {"complete": 1}
    assert events[0].message.startswith(f"w1 waits for {folder.path / name}: ")


@pytest.mark.slow
def test_worker_that_ends_says_which_weights_it_could_not_hand_over(job: Job, tmp_path: Path) -> None:
    folder, events = RunFolder(tmp_path / "run"), list[Event]()
    folder.create()
    (tmp_path / "shelf").touch()  # no folder can be made there
    job = replace(job, artifacts=str(tmp_path / "shelf"))
    settings = job.settings()
    folder.write_job(settings["job"], settings["space"])
    with Study.open(folder.path, name=job.search, facts=job.facts(), settings=settings) as study:
        with one_thread():
            run_worker(folder.path, name="w1", notify=events.append, shutdown=Shutdown())
        (trial,) = study.trials()
    assert events[-1].kind == "note"
    assert events[-1].message.startswith(f"w1: weights were not handed over to {tmp_path}/shelf/")
    assert events[-1].message.endswith(f" and stay in {folder.checkpoints}: {trial.hash}.safetensors")
