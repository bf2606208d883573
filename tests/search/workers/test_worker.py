"""A worker: what it does with a trial that it loses, that finds the disk full, or that is stopped."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

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
    (tmp_path / "logs").mkdir()

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
    """The trial waits, though the disk itself has room: a quota does not show there."""
    pauses: list[float] = []
    monkeypatch.setattr(Shutdown, "sleep", lambda self, seconds: pauses.append(seconds))
    worker(until_full(4)).run()
    [trial] = study.trials()
    assert (trial.state, trial.attempts) == ("complete", 1)
    assert log_of(tmp_path, 0).count("gives it back: [Errno 122] Disk quota exceeded") == 4
    assert pauses == [1.0] * 4
    assert "w1: Disk quota exceeded" in [event.message for event in events if event.kind == "note"]


def test_quota_that_stays_full_ends_the_worker(
    worker: Start, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DISK_SECONDS", 0.0)
    with pytest.raises(StudyError, match="the disk is full; make room"):
        worker(until_full(10)).run()
    [trial] = study.trials()
    assert (trial.state, trial.attempts) == ("waiting", 0)


@contextmanager
def room(answers: list[bool], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(module, "has_room", lambda folder: answers.pop(0) if answers else True)
        patch.setattr(Shutdown, "sleep", lambda self, seconds: None)
        yield


def test_no_trial_begins_before_the_disk_has_room(
    worker: Start, study: Study, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [False, False, False]
    with room(answers, monkeypatch):
        worker().run()
    assert answers == []
    assert study.counts() == {"complete": 1}
    [note] = [event.message for event in events if event.kind == "note"]
    assert "the disk is full; make room, and the search resumes" in note
    assert events[0].kind == "note"


def test_disk_that_stays_full_ends_the_worker_before_it_takes_a_trial(
    worker: Start, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DISK_SECONDS", 0.0)
    with room([False] * 5, monkeypatch), pytest.raises(StudyError, match="the disk is full; make room"):
        worker().run()
    assert study.counts() == {}


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
