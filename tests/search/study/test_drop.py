"""Trials that are dropped: they count for nothing, and their rows stay."""

from __future__ import annotations

from collections.abc import Callable

from optuna.trial import TrialState

from archscape.search.study import optuna_rows
from archscape.search.study.lease import Lease
from archscape.search.study.live_state import StudyState
from archscape.search.study.owner import Owner
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.study.trained import frontier_trials
from archscape.search.workers.trial_source import SearchPlan

Finished = Callable[..., Result]


def end(study: Study, plan: SearchPlan, owner: Owner, finished: Finished, accuracy: float) -> Lease:
    lease = study.ask_unique(plan.propose, owner, trials=9)
    assert lease is not None
    study.tell(finished(lease, accuracy))
    return lease


def test_row_stays_and_samplers_and_frontier_do_not_see_it(
    stored: Study, plan: SearchPlan, owner: Owner, finished: Finished
) -> None:
    for accuracy in (0.5, 0.99, 0.7):
        end(stored, plan, owner, finished, accuracy)
    state = StudyState(objectives=stored.objectives)
    state.update(stored.changes(since=-1))
    assert 1 in state.frontier.front
    assert len(stored.history().complete) == 3
    assert stored.drop(1) == "complete"
    trial = stored.trials()[1]
    assert (trial.state, trial.cause, trial.metrics["accuracy"]) == ("dropped", "complete", 0.99)
    history = stored.history()
    assert [record.number for record in history.complete] == [0, 2]
    assert (trial.hash in history.hashes, history.pending, history.failed) == (True, {}, [])
    state.update(stored.changes(since=state.latest_change))
    assert 1 not in state.frontier.front
    assert state.best["accuracy"].number == 2
    assert 1 not in [trial.number for trial in frontier_trials(stored)]
    assert stored.drop(1) == "dropped"


def test_a_process_that_comes_later_does_not_see_it_either(
    stored: Study, plan: SearchPlan, owner: Owner, finished: Finished
) -> None:
    end(stored, plan, owner, finished, 0.5)
    stored.drop(0)
    history = stored.history()
    assert (history.complete, history.submitted, history.next_number) == ([], 1, 1)
    assert stored.next_work(owner, trials=1).lease is None
    assert stored.count_open() == 0


def test_one_at_work_is_left_and_one_that_waits_is_never_trained(
    stored: Study, plan: SearchPlan, owner: Owner
) -> None:
    lease = stored.ask_unique(plan.propose, owner, trials=1)
    assert lease is not None
    assert (stored.drop(0), stored.counts()) == ("running", {"running": 1})
    stored.release(lease)
    assert (stored.drop(0), stored.counts()) == ("waiting", {"dropped": 1})
    assert stored.next_work(owner, trials=1).lease is None
    assert stored.drop(7) == ""


def test_optuna_takes_it_for_failed(
    stored: Study, plan: SearchPlan, owner: Owner, finished: Finished
) -> None:
    end(stored, plan, owner, finished, 0.5)
    stored.drop(0)
    [row] = stored.read_rows(optuna_rows.rows_of_trials)["trials"]
    assert row["state"] == TrialState.FAIL
