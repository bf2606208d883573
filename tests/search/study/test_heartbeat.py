"""Heartbeat of a trial: its owner shows that it lives, and finds out when it has lost it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from itertools import count

import pytest

from archscape.search.study.heartbeat import Heartbeat, LeaseLost
from archscape.search.study.lease import Lease
from archscape.search.study.owner import Owner
from archscape.search.study.study import Study
from archscape.search.workers.trial_source import SearchPlan
from archscape.spaces.errors import StudyError


@pytest.fixture
def lease(study: Study, plan: SearchPlan, owner: Owner) -> Lease:
    study.lease_seconds = 0.02
    lease = study.ask_unique(plan.propose, owner, trials=1)
    assert lease is not None
    return lease


@pytest.fixture
def messages() -> list[str]:
    return []


def wait(until: Callable[[], bool], seconds: float = 20) -> None:
    tick = threading.Event()
    for _ in count():
        if until():
            return
        tick.wait(0.01)
        seconds -= 0.01
        assert seconds > 0


def give_to(other: Owner, study: Study, lease: Lease) -> None:
    """Let another process take a trial, as it may when its owner was silent for too long."""
    study.release(lease)
    assert study.next_work(other, trials=1).lease is not None


def test_signs_of_life_are_given_while_the_block_takes(
    study: Study, lease: Lease, messages: list[str]
) -> None:
    with closing(Heartbeat(study, lease, log=messages.append, stop=lambda: None).start()) as heartbeat:
        beats = {study.trials()[0].beat}
        wait(lambda: len(beats.add(study.trials()[0].beat) or beats) > 3)
        heartbeat.check()
    assert not [thread for thread in threading.enumerate() if thread.name == "heartbeat-0"]
    assert messages == []


def test_loss_is_found_out_by_the_thread(
    study: Study, lease: Lease, elsewhere: Owner, messages: list[str]
) -> None:
    with closing(Heartbeat(study, lease, log=messages.append, stop=lambda: None).start()) as heartbeat:
        give_to(elsewhere, study, lease)
        wait(lambda: heartbeat.lost)
        with pytest.raises(LeaseLost):
            heartbeat.check()


def test_process_that_was_frozen_finds_out_before_its_thread_does(
    study: Study, lease: Lease, elsewhere: Owner, messages: list[str]
) -> None:
    """Whichever thread wakes up first: who was silent for long asks before it goes on."""
    heartbeat = Heartbeat(study, lease, log=messages.append, stop=lambda: None)
    heartbeat.check()
    give_to(elsewhere, study, lease)
    threading.Event().wait(3 * study.lease_seconds)
    with pytest.raises(LeaseLost):
        heartbeat.check()


def test_trial_that_has_ended_is_lost(
    study: Study, lease: Lease, finished: Callable[..., object], messages: list[str]
) -> None:
    study.tell(finished(lease))  # type: ignore[arg-type]
    with closing(Heartbeat(study, lease, log=messages.append, stop=lambda: None).start()) as heartbeat:
        wait(lambda: heartbeat.lost)


def test_database_that_is_away_loses_nothing(
    study: Study, lease: Lease, messages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    beats: list[Lease] = []

    def away(lease: Lease) -> bool:
        beats.append(lease)
        raise StudyError("study.db: the disk is on fire")

    with (
        monkeypatch.context() as patch,
        closing(Heartbeat(study, lease, log=messages.append, stop=lambda: None).start()) as heartbeat,
    ):
        patch.setattr(study, "beat", away)
        wait(lambda: len(beats) > 2)
        heartbeat.check()
    assert messages == ["no heartbeat could be sent: study.db: the disk is on fire"]  # and said once


def test_request_to_leave_the_study_reaches_the_process(
    study: Study, lease: Lease, messages: list[str]
) -> None:
    asked = threading.Event()
    with closing(Heartbeat(study, lease, log=messages.append, stop=asked.set).start()):
        assert not asked.is_set()
        study.stop()
        assert asked.wait(20)


def test_loss_passes_through_code_that_survives_every_exception() -> None:
    assert not issubclass(LeaseLost, Exception)
