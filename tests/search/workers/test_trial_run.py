"""The owner of a trial: its log, and its epochs on their way to the study."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from archscape.search.pruners import Pruner
from archscape.search.shutdown import Shutdown
from archscape.search.study.heartbeat import LeaseLost
from archscape.search.study.lease import Lease
from archscape.search.study.owner import Owner
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.workers import trial_run as module
from archscape.search.workers.events import Event
from archscape.search.workers.trial_run import TrialRun
from archscape.search.workers.trial_source import SearchPlan, TrialSource
from archscape.spaces.errors import StudyError


@dataclass
class Traced:
    """A trial with its owner and all that was said of it."""

    study: Study
    lease: Lease
    plan: SearchPlan
    folder: Path
    closing: ExitStack
    lines: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def owned(self, pruner: Pruner | None = None) -> TrialRun:
        source = TrialSource(
            name="w1",
            plan=replace(self.plan, pruner=pruner),
            study=self.study,
            logs=self.folder,
            notify=self.events.append,
            shutdown=Shutdown(),
        )
        trial = TrialRun(source=source, lease=self.lease, worker="w1")
        self.closing.callback(trial.release)
        trial.log = self.lines.append
        return trial

    def kept(self) -> list[float]:
        """The epochs that the study has."""
        return [row["epoch"] for row in self.study.epochs(0)]


@pytest.fixture
def traced(study: Study, plan: SearchPlan, owner: Owner, tmp_path: Path) -> Iterator[Traced]:
    lease = study.ask_unique(plan.propose, owner, trials=1)
    assert lease is not None
    with ExitStack() as closing:
        yield Traced(study, lease, plan, tmp_path, closing)


def test_epoch_is_logged_told_and_kept(traced: Traced) -> None:
    assert traced.owned().report(1, {"epoch": 1, "loss": math.nan, "accuracy": 0.123456789})
    assert traced.lines == ["epoch 1: loss nan, accuracy 0.123457"]
    [event] = traced.events
    assert (event.kind, event.worker, event.number, event.epoch) == ("epoch", "w1", 0, 1)
    assert event.metrics == {"epoch": 1, "accuracy": 0.123456789}
    [row] = traced.study.epochs(0)
    assert row["accuracy"] == 0.123456789
    assert "loss" not in row  # JSON has no word for what is no number


def test_epochs_that_are_short_go_to_the_study_together(
    traced: Traced, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EPOCH_SECONDS", 1e9)
    trial = traced.owned()
    for epoch in (1, 2, 3):
        trial.report(epoch, {"loss": 1.0})
    assert traced.kept() == [1]
    monkeypatch.setattr(module, "EPOCH_SECONDS", 0.0)
    trial.report(4, {"loss": 1.0})
    assert traced.kept() == [1, 2, 3, 4]


def test_rung_is_told_at_once_and_its_answer_stops_the_trial(
    traced: Traced, never: Pruner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EPOCH_SECONDS", 1e9)
    trial = traced.owned(never)
    assert not trial.report(1, {"accuracy": 0.5})
    assert trial.stop_reason == "nobody goes on"
    assert traced.lines[-1] == "early stopping: nobody goes on"
    assert traced.study.trials()[0].state == "paused"


def test_epochs_that_do_not_reach_the_study_go_with_the_next(
    traced: Traced, never: Pruner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also at a rung: a training goes on rather than wait for a database that is away."""
    monkeypatch.setattr(module, "EPOCH_SECONDS", 0.0)
    trial = traced.owned(never)

    def away(*arguments: object, **named: object) -> None:
        raise StudyError("the server is away")

    with monkeypatch.context() as patch:
        patch.setattr(traced.study, "report", away)
        assert trial.report(1, {"accuracy": 0.5})
    assert traced.lines[-1] == "epoch 1 is not reported yet: the server is away"
    assert traced.kept() == []
    assert trial.report(2, {"accuracy": 0.6})
    assert traced.kept() == [1, 2]


def test_trial_that_was_lost_ends_at_its_next_epoch(
    traced: Traced, elsewhere: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = traced.owned()
    traced.study.release(traced.lease)
    traced.study.next_work(elsewhere, trials=1)
    monkeypatch.setattr(trial.heartbeat, "_between", 0.0)  # it was frozen for more than two signs of life
    with pytest.raises(LeaseLost):
        trial.report(1, {"accuracy": 0.5})
    assert (traced.kept(), traced.lines, traced.events) == ([], [], [])


def test_result_is_spooled_before_the_study_is_told(
    traced: Traced, finished: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    spool, tell = traced.study.spool, traced.study.tell
    monkeypatch.setattr(
        traced.study, "spool", lambda result: (steps.append(f"spool {result.owner}"), spool(result))
    )
    monkeypatch.setattr(traced.study, "tell", lambda result: (steps.append("tell"), tell(result)))
    trial = traced.owned()
    trial.end(finished(traced.lease))
    assert steps == [f"spool {traced.lease.owner.key}", "tell"]
    assert not trial.heartbeat._thread.is_alive()
    assert traced.lines == ["w1 ends: complete"]
    assert [(event.kind, event.status) for event in traced.events] == [("end", "complete")]
    assert traced.study.counts() == {"complete": 1}


@pytest.mark.parametrize("ends", [True, False])
def test_trial_that_was_lost_is_dropped(
    traced: Traced, elsewhere: Owner, finished: Callable[..., Result], ends: bool, tmp_path: Path
) -> None:
    """Neither told, nor spooled, nor given back: another process has it."""
    trial = traced.owned()
    traced.study.release(traced.lease)
    traced.study.next_work(elsewhere, trials=1)
    trial.heartbeat._last -= traced.study.lease_seconds  # it was frozen for a lease
    if ends:
        trial.end(finished(traced.lease))
    else:
        trial.release("no room")
    assert traced.lines == ["w1 drops it: it was given to another worker, since this one seemed dead"]
    assert (traced.events, list((tmp_path / "spool").glob("*"))) == ([], [])
    [record] = traced.study.trials()
    assert (record.state, record.owner) == ("running", elsewhere)


def test_trial_that_is_released_waits_for_another_process(traced: Traced) -> None:
    trial = traced.owned()
    trial.release("no room")
    assert traced.lines == ["w1 gives it back: no room"]
    [record] = traced.study.trials()
    assert (record.state, record.owner, record.attempts) == ("waiting", None, 0)
