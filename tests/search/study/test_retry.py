"""Trials that failed are tried again, in archscape's tables and in Optuna's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from archscape.search.study.lease import Lease
from archscape.search.study.owner import Owner
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.workers.trial_source import SearchPlan

Finished = Callable[..., Result]


@pytest.fixture
def leases(study: Study, plan: SearchPlan, owner: Owner, finished: Finished) -> list[Lease]:
    """Four trials: one complete, two failed, one waiting."""
    leases = []
    for _ in range(4):
        lease = study.ask_unique(plan.propose, owner, trials=4)
        assert lease is not None
        leases.append(lease)
    study.report(leases[1], {1: {"accuracy": 0.25}})
    study.tell(finished(leases[0], 0.5))
    for lease in leases[1:3]:
        study.tell(finished(lease, status="failed", cause="error", message="x", metrics={}, weights="ab"))
    study.release(leases[3])
    return leases


def test_trials_that_failed_wait_as_if_they_had_not_been_tried(
    study: Study, leases: list[Lease], owner: Owner
) -> None:
    assert study.history().failed
    assert study.retry() == [1, 2]
    assert study.counts() == {"complete": 1, "waiting": 3}
    trial = study.trials()[1]
    assert (trial.attempts, trial.owner, trial.cause, trial.message) == (0, None, "", "")
    assert (trial.metrics, trial.finished, study.epochs(1)) == ({}, "", [])
    assert study.history().failed == []
    assert sorted(study.history().pending) == [1, 2, 3]
    assert study.retry() == []


def test_one_is_chosen_by_its_number_and_others_are_left(study: Study, leases: list[Lease]) -> None:
    assert study.retry([0, 2, 3]) == [2]
    assert study.counts() == {"complete": 1, "failed": 1, "waiting": 2}


def test_it_can_complete_then(study: Study, leases: list[Lease], owner: Owner, finished: Finished) -> None:
    study.retry()
    again = study.next_work(owner, trials=4).lease
    assert again is not None
    assert (again.number, again.hash, again.seed) == (1, leases[1].hash, leases[1].seed)
    assert study.tell(finished(again, 0.75))
    assert study.trials()[1].metrics["accuracy"] == 0.75
    assert [row["accuracy"] for row in study.epochs(1)] == [0.75]
    seen = optuna.load_study(study_name="tiny", storage=f"sqlite:///{study.address.target}").trials
    assert [trial.state for trial in seen] == [
        TrialState.COMPLETE,
        TrialState.COMPLETE,
        TrialState.WAITING,
        TrialState.WAITING,
    ]
    assert (seen[1].values[0], seen[1].user_attrs["worker"]) == (0.75, "w1")
    assert not {"cause", "message", "weights"} & {*seen[1].user_attrs, *seen[2].user_attrs}
    assert seen[2].datetime_complete is None


def test_a_failure_left_in_the_spool_does_not_end_it_again(
    study: Study, leases: list[Lease], owner: Owner, finished: Finished, tmp_path: Path
) -> None:
    """A process died, or its disk was read-only, between telling the failure and dropping it."""
    study.spool(finished(leases[1], status="failed", cause="error", metrics={}, owner=owner.key))
    study.retry([1])
    work = study.next_work(owner, trials=4)
    assert (work.ended, work.lease and work.lease.number) == ([], 1)
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_failure_does_not_end_a_trial_that_another_process_has_taken_since(
    study: Study,
    leases: list[Lease],
    owner: Owner,
    gone: Callable[[int], Owner],
    finished: Finished,
    tmp_path: Path,
) -> None:
    """It was retried and taken on another machine, which has its own spool, and lost its process there."""
    failure = finished(leases[1], status="failed", cause="error", metrics={}, owner=owner.key)
    study.spool(failure)
    with Study.open(tmp_path / "elsewhere", name="tiny", storage=str(tmp_path / "study.db")) as other:
        other.retry([1])
        work = other.next_work(gone(1), trials=4)
        assert (work.ended, work.lease and work.lease.number) == ([], 1)
    assert not study.tell(failure)
    work = study.next_work(owner, trials=4)
    assert (work.ended, work.lease and work.lease.number) == ([], 1)


def test_a_failure_of_the_process_that_had_the_trial_last_counts(
    study: Study, plan: SearchPlan, owner: Owner, gone: Callable[[int], Owner], finished: Finished
) -> None:
    for number, key in enumerate((gone(1).key, "")):  # earlier versions wrote none
        lease = study.ask_unique(plan.propose, gone(1), trials=number + 1)
        assert lease is not None
        study.spool(finished(lease, status="failed", cause="error", metrics={}, owner=key))
        assert [result.number for result in study.next_work(owner, trials=number + 1).ended] == [number]
