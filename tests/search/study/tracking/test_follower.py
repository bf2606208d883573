"""Trackers are told what is in a study: in order, all of it, once; and harm nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from archscape.search.study.owner import Owner
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.study.tracking import follower as module
from archscape.search.study.tracking.follower import Follower
from archscape.search.study.tracking.settings import Open, TrackedSearch
from archscape.search.study.trial import Trial
from archscape.search.workers.trial_source import SearchPlan

Event = tuple[Any, ...]

PATIENCE = 60.0
"""How long a busy machine may take for a moment's work, in seconds."""


class Recorder:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.ended = threading.Event()

    def open(self, search: TrackedSearch) -> Recorder:
        self.events.append(("search_started", search.name))
        return self

    def trial_started(self, trial: Trial) -> None:
        self.events.append(("trial_started", trial.number))

    def epoch(self, trial: Trial, epoch: int, metrics: dict[str, float]) -> None:
        self.events.append(("epoch", trial.number, epoch, metrics["accuracy"]))

    def trial_ended(self, trial: Trial) -> None:
        self.events.append(("trial_ended", trial.number, trial.state))
        self.ended.set()

    def search_ended(self, counts: dict[str, int]) -> None:
        self.events.append(("search_ended", counts))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(module, "GRACE_SECONDS", PATIENCE)


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def follow(study: Study, tmp_path: Path, lines: list[str]) -> Callable[..., Follower]:
    search = TrackedSearch(
        name="tiny", identity=study.identity, folder=tmp_path, objectives=study.objectives, trials=9
    )

    def follow(**trackers: Open) -> Follower:
        return Follower(study, trackers, search, say=lines.append, log=tmp_path / "track.log")

    return follow


@pytest.fixture
def train(
    study: Study, plan: SearchPlan, owner: Owner, finished: Callable[..., Result]
) -> Callable[..., int]:
    def train(**changes: Any) -> int:
        lease = study.ask_unique(plan.propose, owner, trials=24)
        assert lease is not None
        study.report(lease, {1: {"loss": 1.0, "accuracy": 0.5, "seconds": 0.1}})
        study.tell(finished(lease, **changes))
        return lease.number

    return train


def test_a_trial_is_told_in_its_order(follow: Callable[..., Follower], train: Callable[..., int]) -> None:
    recorder = Recorder()
    with follow(r=recorder.open):
        train()
        assert recorder.ended.wait(PATIENCE)
        train(status="failed", cause="diverged")
    of_trial = lambda n: [e for e in recorder.events if e[0] != "search_ended" and e[1] == n]  # noqa: E731
    assert recorder.events[0] == ("search_started", "tiny")
    assert of_trial(0) == [("trial_started", 0), ("epoch", 0, 1, 0.5), ("trial_ended", 0, "complete")]
    assert of_trial(1)[0] == ("trial_started", 1)
    assert of_trial(1)[-1] == ("trial_ended", 1, "failed")
    assert recorder.events[-1] == ("search_ended", {"complete": 1, "failed": 1})


def test_a_trial_that_ends_while_another_is_told_is_told_once(
    study: Study,
    plan: SearchPlan,
    owner: Owner,
    finished: Callable[..., Result],
    follow: Callable[..., Follower],
) -> None:
    """Its end is among the next changes, though it was told with its start."""
    leases = [study.ask_unique(plan.propose, owner, trials=24) for _ in range(2)]
    recorder = Recorder()

    class Ending:
        def trial_started(self, trial: Trial) -> None:
            if trial.number == 0:
                study.tell(finished(leases[1]))

    with follow(ending=lambda search: Ending(), recorder=recorder.open):
        assert recorder.ended.wait(PATIENCE)
    assert [event for event in recorder.events if event[1] == 1] == [
        ("trial_started", 1),
        ("epoch", 1, 1, 0.5),
        ("trial_ended", 1, "complete"),
    ]


def test_epochs_are_told_while_a_trial_runs(
    follow: Callable[..., Follower], study: Study, plan: SearchPlan, owner: Owner
) -> None:
    recorder = Recorder()
    with follow(r=recorder.open):
        lease = study.ask_unique(plan.propose, owner, trials=24)
        assert lease is not None
        for epoch in (1, 2, 3):
            study.report(lease, {epoch: {"accuracy": epoch / 10}})
    assert recorder.events[1:-1] == [
        ("trial_started", 0),
        *(("epoch", 0, epoch, epoch / 10) for epoch in (1, 2, 3)),
    ]


def test_epochs_count_on_over_the_repeats_of_a_trial(
    follow: Callable[..., Follower], study: Study, plan: SearchPlan, owner: Owner
) -> None:
    recorder = Recorder()
    lease = study.ask_unique(plan.propose, owner, trials=24)
    assert lease is not None
    rows = [{"repeat": repeat, "epoch": epoch, "accuracy": 0.5} for repeat in (1, 2) for epoch in (1, 2)]
    study.report(lease, dict(enumerate(rows, start=1)))
    with follow(r=recorder.open):
        pass
    assert [event[2] for event in recorder.events if event[0] == "epoch"] == [1, 2, 3, 4]


def test_what_ended_meanwhile_is_told_after_a_restart_and_nothing_twice(
    follow: Callable[..., Follower], train: Callable[..., int]
) -> None:
    first, second, third = Recorder(), Recorder(), Recorder()
    train()
    with follow(r=first.open):
        assert first.ended.wait(PATIENCE)
    train()
    train()
    with follow(r=second.open):
        pass
    with follow(r=third.open):
        pass
    ended = lambda recorder: [e[1] for e in recorder.events if e[0] == "trial_ended"]  # noqa: E731
    assert [ended(each) for each in (first, second, third)] == [[0], [1, 2], []]


def test_what_a_tracker_raises_is_said_once_and_others_are_told(
    follow: Callable[..., Follower], train: Callable[..., int], lines: list[str], tmp_path: Path
) -> None:
    class Broken:
        def __init__(self, search: TrackedSearch) -> None: ...

        def trial_ended(self, trial: Trial) -> None:
            raise ValueError("postgresql://me:hidden@host/db is away")

    recorder = Recorder()
    train()
    train()
    with follow(broken=Broken, r=recorder.open):
        pass
    assert [e[1] for e in recorder.events if e[0] == "trial_ended"] == [0, 1]
    assert len(lines) == 1
    assert "track: trial_ended of broken failed: ValueError" in lines[0]
    assert f"{Path(__file__).name}:" in lines[0]
    log = (tmp_path / "track.log").read_text()
    assert "Traceback" in log
    assert "hidden" not in lines[0] + log


def test_one_that_cannot_start_is_said_and_not_asked_again(
    follow: Callable[..., Follower], train: Callable[..., int], lines: list[str]
) -> None:
    def make(search: TrackedSearch) -> object:
        raise OSError("no network")

    train()
    with follow(make=make, nothing=lambda search: None):
        pass
    assert len(lines) == 1
    assert "search_started of make failed: OSError: no network" in lines[0]


def test_one_that_hangs_is_left_behind(
    follow: Callable[..., Follower],
    train: Callable[..., int],
    lines: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.2)
    hanging, let_go = threading.Event(), threading.Event()

    class Slow:
        def __init__(self, search: TrackedSearch) -> None: ...

        def trial_started(self, trial: Trial) -> None:
            hanging.set()
            let_go.wait(PATIENCE)

    train()
    with follow(slow=Slow):
        assert hanging.wait(PATIENCE)
    assert lines == ["track: trial_started of slow has not returned for 0 s; it is left behind"]
    let_go.set()


def test_a_retried_trial_starts_again(
    follow: Callable[..., Follower], train: Callable[..., int], study: Study, owner: Owner
) -> None:
    recorder = Recorder()
    with follow(r=recorder.open):
        train(status="failed", cause="diverged")
        assert recorder.ended.wait(PATIENCE)
        study.retry()
        study.next_work(owner, trials=1)
    assert [e for e in recorder.events if e[0] == "trial_started"] == [("trial_started", 0)] * 2


@contextmanager
def database_away(study: Study, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    from archscape.spaces.errors import StudyError

    def refuse(*_: object, **__: object) -> None:
        raise StudyError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(study, "changes", refuse)
        yield


def test_a_database_that_is_away_is_waited_for(
    follow: Callable[..., Follower],
    train: Callable[..., int],
    study: Study,
    lines: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorder = Recorder()
    with follow(r=recorder.open):
        with database_away(study, monkeypatch):
            train()
            assert not recorder.ended.wait(0.2)
        assert recorder.ended.wait(PATIENCE)
    assert lines == []
