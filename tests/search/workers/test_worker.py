"""A worker: what it does with a trial that it loses, that finds the disk full, or that is stopped."""

from __future__ import annotations

import errno
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from archscape.search.file_faults import PATIENCE_SECONDS, persist
from archscape.search.folder import RunFolder
from archscape.search.pruners import Pruner
from archscape.search.shutdown import Shutdown, ShutdownRequested
from archscape.search.study.owner import Owner
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.workers import worker as module
from archscape.search.workers.evaluator import Context, Evaluator
from archscape.search.workers.events import Event
from archscape.search.workers.trial_source import SearchPlan, TrialSource
from archscape.search.workers.worker import Worker
from archscape.spaces import Network
from archscape.spaces.errors import StudyError

Start = Callable[..., Worker]


def give_result(network: Network, context: Context) -> Result:
    """An evaluation without training."""
    context.report(1, {"accuracy": 0.5})
    return context.result(status="complete", metrics={"accuracy": 0.5, "seconds": 0.0})


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def worker(study: Study, plan: SearchPlan, events: list[Event], tmp_path: Path) -> Callable[..., Worker]:
    """A worker of the study that evaluates like this."""
    RunFolder(tmp_path).create()

    def worker(evaluate: Evaluator = give_result, *, trials: int = 1, pruner: Pruner | None = None) -> Worker:
        return Worker(
            source=TrialSource(
                name="w1",
                plan=replace(plan, trials=trials, pruner=pruner),
                study=study,
                logs=tmp_path / "logs",
                notify=events.append,
                shutdown=Shutdown(),
            ),
            evaluate=evaluate,
        )

    return worker


def log_of(folder: Path, number: int) -> str:
    return (folder / "logs" / f"trial-{number:05d}.log").read_text()


def test_takes_trials_until_none_is_left(
    worker: Start, study: Study, events: list[Event], tmp_path: Path
) -> None:
    worker(trials=3).run()
    assert [trial.state for trial in study.trials()] == ["complete"] * 3
    assert [(event.kind, event.number) for event in events if event.kind != "epoch"] == [
        (kind, number) for number in range(3) for kind in ("start", "end")
    ]
    lines = log_of(tmp_path, 2).splitlines()
    assert [line.split(" ", 1)[1].split(":")[0] for line in lines] == [
        "w1 starts",
        "epoch 1",
        "w1 ends",
    ]


def test_work_on_a_trial_that_another_has_now_is_dropped(
    worker: Start, study: Study, elsewhere: Owner, events: list[Event], tmp_path: Path
) -> None:
    """It was frozen beyond its lease: the other's result counts, and nothing of this one's."""

    def frozen(network: Network, context: Context) -> Result:
        study.release(context.lease)
        assert study.next_work(elsewhere, trials=1).lease is not None
        at_work.source.shutdown.request()  # so that this test ends; the trial is not its own any more
        threading.Event().wait(3 * study.lease_seconds)
        return give_result(network, context)

    study.lease_seconds = 0.04
    at_work = worker(frozen)
    at_work.run()
    [trial] = study.trials()
    assert (trial.state, trial.owner) == ("running", elsewhere)
    assert (study.epochs(), list((tmp_path / "spool").glob("*"))) == ([], [])
    assert "w1 drops it: it was given to another worker" in log_of(tmp_path, 0)
    assert [event.kind for event in events] == ["start"]


def test_loss_right_before_the_result_is_found_out_too(
    worker: Start, study: Study, elsewhere: Owner, tmp_path: Path
) -> None:
    def frozen_at_the_end(network: Network, context: Context) -> Result:
        result = give_result(network, context)
        study.release(context.lease)
        assert study.next_work(elsewhere, trials=1).lease is not None
        at_work.source.shutdown.request()
        threading.Event().wait(3 * study.lease_seconds)
        return result

    study.lease_seconds = 0.04
    at_work = worker(frozen_at_the_end)
    at_work.run()
    assert study.trials()[0].state == "running"
    assert list((tmp_path / "spool").glob("*")) == []


def until_full(times: int) -> Evaluator:
    """An evaluation that runs into a quota so often before it gets through."""
    left = [True] * times

    def evaluate(network: Network, context: Context) -> Result:
        if left:
            left.pop()
            raise OSError(errno.EDQUOT, "Disk quota exceeded")
        return give_result(network, context)

    return evaluate


def test_full_disk_is_no_failure_of_the_network(
    worker: Start, study: Study, events: list[Event], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The trial waits, though the disk itself has room: a quota does not show there; longer each time."""
    pauses, now = list[float](), time.monotonic
    monkeypatch.setattr(Shutdown, "sleep", lambda self, seconds: pauses.append(seconds))
    monkeypatch.setattr(time, "monotonic", lambda: now() + sum(pauses))
    worker(until_full(12)).run()
    [trial] = study.trials()
    assert (trial.state, trial.attempts) == ("complete", 1)
    assert log_of(tmp_path, 0).count("gives it back: Disk quota exceeded") == 12
    assert len(pauses) == 12
    assert pauses == sorted(pauses)
    assert pauses[-1] > 10 * pauses[0]
    notes = [event.message for event in events if event.kind == "note"]
    assert notes[0] == "w1 waits for Disk quota exceeded"


def test_quota_that_stays_full_ends_the_worker(
    worker: Start, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.0)
    with pytest.raises(StudyError, match="Disk quota exceeded; mend that, and the same command resumes"):
        worker(until_full(10)).run()
    [trial] = study.trials()
    assert (trial.state, trial.attempts) == ("waiting", 0)


def test_files_that_an_evaluation_waited_for_in_vain_are_not_waited_for_again(
    worker: Start, study: Study, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A quota that stays full would have the network trained again and again."""
    monkeypatch.setattr(Shutdown, "sleep", pytest.fail)

    def evaluate(network: Network, context: Context) -> Result:
        persist((tmp_path / "none" / "weights").touch, say=context.log, waited=PATIENCE_SECONDS)
        return give_result(network, context)

    with pytest.raises(StudyError, match="No such file or directory; mend that, and the same command"):
        worker(evaluate).run()
    [trial] = study.trials()
    assert (trial.state, trial.attempts) == ("waiting", 0)


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A disk without a free byte, which gets room when a worker has looked at it three times."""
    pauses: list[float] = []
    usage = shutil.disk_usage

    def measure(folder: Path) -> object:
        return usage(folder) if len(pauses) > 2 else usage(folder)._replace(free=0)

    monkeypatch.setattr(shutil, "disk_usage", measure)
    monkeypatch.setattr(Shutdown, "sleep", lambda self, seconds: pauses.append(seconds))
    return pauses


def test_no_trial_begins_before_the_disk_has_room(
    worker: Start, study: Study, events: list[Event], full: list[float], tmp_path: Path
) -> None:
    worker().run()
    assert len(full) == 3
    assert study.counts() == {"complete": 1}
    notes = [event.message for event in events if event.kind == "note"]
    assert notes[0] == f"w1 waits for {tmp_path / 'logs'}: No space left on device"
    assert [event.kind for event in events[:3]] == ["note", "note", "start"]


@pytest.mark.usefixtures("full")
def test_disk_that_stays_full_ends_the_worker_before_it_takes_a_trial(
    worker: Start, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.0)
    with pytest.raises(StudyError, match="No space left on device; mend that"):
        worker().run()
    assert study.counts() == {}


@pytest.mark.parametrize("name", ["logs", "checkpoints", "spool"])
def test_no_trial_begins_before_its_folders_are_back(
    worker: Start, study: Study, events: list[Event], tmp_path: Path, name: str
) -> None:
    """A file that lies in the place of a folder is removed by somebody while the worker waits."""
    folder = tmp_path / name
    folder.rmdir()
    folder.write_text("in the way")

    def mend(event: Event) -> None:
        events.append(event)
        if event.kind == "note" and folder.is_file():
            folder.unlink()
            folder.mkdir()

    at_work = worker()
    at_work.source.notify = mend
    at_work.run()
    assert study.counts() == {"complete": 1}
    assert events[0].message == f"w1 waits for {folder}: Not a directory"


def test_results_on_disk_that_cannot_be_read_are_waited_for(
    worker: Start, study: Study, elsewhere: Owner, events: list[Event], tmp_path: Path
) -> None:
    """Whether a lost trial has a result is known when they can be read."""
    spool = tmp_path / "spool"
    spool.rmdir()
    lease = study.ask_unique(worker().source.plan.propose, elsewhere, trials=1)
    assert lease is not None
    study.release(lease)
    spool.write_text("in the way")

    def mend(event: Event) -> None:
        events.append(event)
        if event.kind == "note" and spool.is_file():
            spool.unlink()
            spool.mkdir()

    at_work = worker()
    at_work.source.notify = mend
    at_work.run()
    assert study.counts() == {"complete": 1}
    assert "waits for" in events[0].message
    assert "Not a directory" in events[0].message


def test_result_is_told_even_if_it_could_not_be_spooled(
    worker: Start, study: Study, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(result: Result) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(study, "spool", full)
    worker().run()
    assert study.counts() == {"complete": 1}
    assert "the result could not be spooled: [Errno 122] Disk quota exceeded" in log_of(tmp_path, 0)


def test_request_to_leave_the_study_reaches_a_training_in_its_middle(
    worker: Start, study: Study, tmp_path: Path
) -> None:
    def train(network: Network, context: Context) -> Result:
        study.stop()
        while not context.should_stop():
            threading.Event().wait(0.005)
        raise ShutdownRequested

    study.lease_seconds = 0.04
    at_work = worker(train, trials=3)
    at_work.run()
    assert at_work.source.shutdown.requested
    [trial] = study.trials()
    assert (trial.state, trial.attempts, trial.owner) == ("waiting", 0, None)
    assert "w1 gives it back" in log_of(tmp_path, 0)


def test_worker_that_finds_the_study_stopped_leaves(worker: Start, study: Study) -> None:
    study.stop()
    worker(trials=3).run()
    assert study.counts() == {}
    study.change(study.settings)
    worker(trials=3).run()
    assert study.counts() == {"complete": 3}


def test_stopped_trials_are_left_paused_and_end_with_the_study(
    worker: Start, study: Study, never: Pruner, events: list[Event], tmp_path: Path
) -> None:
    def train(network: Network, context: Context) -> Result:
        if context.report(1, {"accuracy": 0.5}):
            return context.result(status="complete", metrics={"accuracy": 0.5})
        return context.result(status="pruned", metrics={"accuracy": 0.5})

    worker(train, trials=2, pruner=never).run()
    assert [(trial.state, trial.cause, trial.message, trial.rung) for trial in study.trials()] == [
        ("pruned", "never", "nobody goes on", 1)
    ] * 2
    assert [row["trial"] for row in study.epochs()] == [0, 1]
    lines = [line.split(" ", 1)[1] for line in log_of(tmp_path, 0).splitlines()]
    assert lines[1:] == ["epoch 1: accuracy 0.5", "early stopping: nobody goes on", "w1 pauses it"]
    assert study.count_open() == 0
