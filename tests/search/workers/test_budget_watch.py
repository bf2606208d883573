"""The budget as a worker keeps it: what it begins, resumes and cuts, and how hard."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from archscape.search.folder import RunFolder
from archscape.search.pruners import Pruner
from archscape.search.shutdown import Shutdown
from archscape.search.study.budget import Budget
from archscape.search.study.owner import Owner
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.workers import watchdog as watchdogs
from archscape.search.workers import worker as workers
from archscape.search.workers.budget_watch import BudgetWatch
from archscape.search.workers.evaluator import Context
from archscape.search.workers.trial_source import SearchPlan, TrialSource
from archscape.search.workers.watchdog import Watchdog
from archscape.search.workers.worker import Worker
from archscape.spaces import Network

Finished = Callable[..., Result]


def source_of(study: Study, plan: SearchPlan, folder: Path, budget: Budget) -> TrialSource:
    RunFolder(folder).create()
    study.note_alive(0.0)
    return TrialSource(
        name="w1",
        plan=replace(plan, budget=budget),
        study=study,
        logs=folder,
        notify=lambda event: None,
        shutdown=Shutdown(),
    )


def test_time_ends_at_a_moment_that_the_process_knows(study: Study) -> None:
    now = [100.0]
    study.note_alive(20.0)
    watch = BudgetWatch(budget=Budget(minutes=1), study=study, clock=lambda: now[0])
    assert watch.refresh() == "begin"
    assert watch.deadline == pytest.approx(100 + 57 - 20, abs=5)  # three seconds are left for the report
    assert not watch.is_over
    now[0] = 140.0
    assert watch.is_over


def test_without_a_budget_the_study_is_not_asked(study: Study) -> None:
    watch = BudgetWatch(budget=None, study=study)
    study.close()
    assert (watch.refresh(), watch.is_over) == ("begin", False)


def test_what_waits_is_resumed_although_nothing_may_begin(
    study: Study, plan: SearchPlan, owner: Owner, finished: Finished, tmp_path: Path
) -> None:
    first, second = (study.ask_unique(plan.propose, owner, trials=9) for _ in range(2))
    assert first is not None
    assert second is not None
    rows = [{"epoch": i, "accuracy": 0.5, "seconds": 1.0} for i in (1, 2, 3)]
    metrics = {"accuracy": 0.5, "seconds": 1.0, "epochs": 3, **first.costs}
    study.tell(finished(first, metrics=metrics, history=rows))
    study.release(second)
    source = source_of(study, plan, tmp_path, Budget(epochs=5))
    lease = source.next()
    assert lease is not None
    assert lease.number == 1
    study.tell(finished(lease))
    assert (source.next(), source.finished, study.counts()) == (None, True, {"complete": 2})


def test_when_it_is_spent_what_waits_is_cut_and_what_a_rule_paused_is_pruned_by_it(
    study: Study, plan: SearchPlan, owner: Owner, never: Pruner, tmp_path: Path
) -> None:
    paused, waiting, untouched = (study.ask_unique(plan.propose, owner, trials=9) for _ in range(3))
    assert paused is not None
    assert waiting is not None
    assert untouched is not None
    study.report(paused, {1: {"epoch": 1, "accuracy": 0.2}}, pruner=never)
    study.report(waiting, {1: {"epoch": 1, "accuracy": 0.4}})
    for lease in (paused, waiting, untouched):
        study.release(lease)
    source = source_of(study, replace(plan, pruner=never), tmp_path, Budget(epochs=2))
    assert (source.next(), source.finished) == (None, True)
    ends = [(trial.state, trial.cause, trial.rung) for trial in study.trials()]
    assert ends == [("pruned", "never", 1), ("pruned", "budget", 1), ("pruned", "budget", None)]
    cut = study.trials()[1]
    assert cut.metrics == {"epoch": 1, "accuracy": 0.4, **cut.costs}
    history = study.history()
    assert (sorted(history.stopped), [record.number for record in history.failed]) == ([0, 1], [2])
    assert study.resume_cut() == [1, 2]
    assert sorted(study.history().pending) == [1, 2]
    assert (study.history().failed, study.trials()[1].attempts, len(study.epochs(1))) == ([], 0, 1)


@pytest.mark.slow
def test_training_that_does_not_ask_is_interrupted(
    study: Study, plan: SearchPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "GRACE_SECONDS", 0.2)
    source = source_of(study, plan, tmp_path, Budget(minutes=0.1))

    def sleep(network: Network, context: Context) -> Result:
        context.report(1, {"epoch": 1, "accuracy": 0.3})
        time.sleep(120)
        raise AssertionError

    with source.shutdown.handling_signals():
        Worker(source=source, evaluate=sleep).run()
    [trial] = study.trials()
    assert (trial.state, trial.cause, trial.metrics["accuracy"]) == ("pruned", "budget", 0.3)
    assert not source.shutdown.requested


def test_training_that_cannot_be_interrupted_is_cut_before_its_process_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watchdogs, "CUT_SECONDS", 0.1)
    given: list[str] = []
    with Watchdog(kill=lambda: given.append("killed")).watching(given.append, deadline=time.monotonic()):
        while len(given) < 2:
            time.sleep(0.01)
    assert given == ["no end 0.1 s after the budget of the search", "killed"]
