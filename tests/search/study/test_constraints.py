"""Limits on what only training can tell: trials beyond them are infeasible, and everybody knows it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from helpers.dashboard import submit
from rich.console import Console

from archscape.analysis.reports.results.run import digest
from archscape.search.closing import closing, overview
from archscape.search.dashboard.stream import columns_of, hello
from archscape.search.folder import results
from archscape.search.progress import Progress
from archscape.search.pruners.halving import Halving
from archscape.search.study.poller import Poller
from archscape.search.study.study import Study
from archscape.search.study.summary import study_summaries
from archscape.search.study.trained import complete_trial, frontier_trials
from archscape.search.workers.trial_source import SearchPlan

FACTS: dict[str, Any] = {
    "objectives": {"f1": "maximize", "macs": "minimize"},
    "limits": {"recall": "0.5.."},
    "metrics": {"f1": {"direction": "maximize"}, "recall": {"direction": "maximize"}},
    "train": {"call": "my_training.py:fit"},
    "seed": 0,
}
ROWS = [(0.9, 0.2), (0.6, 0.7), (0.7, 0.5), (0.8, 0.45)]
"""f1 and recall of the trials: the best f1 is the furthest from the limit."""


@pytest.fixture
def study(tmp_path: Path, plan: SearchPlan, finished: Callable[..., Any]) -> Iterator[Study]:
    with Study.open(tmp_path, name="own", facts=FACTS, settings={"job": "search: own\n"}) as study:
        for f1, recall in ROWS:
            lease = submit(study, plan)
            metrics = {"f1": f1, "recall": recall, "specificity": 0.25, "seconds": 1.0, **lease.costs}
            study.tell(finished(lease, metrics=metrics, history=[{"epoch": 1, "f1": f1 / 2, "loss": 1.0}]))
        yield study


def test_samplers_see_by_how_much_trials_are_beyond(study: Study) -> None:
    assert [record.violation for record in study.history().complete] == pytest.approx([0.6, 0, 0, 0.1])


def test_optuna_reads_the_limits_as_constraints(study: Study) -> None:
    seen = optuna.load_study(study_name="own", storage=f"sqlite:///{study.address.target}")
    assert [list(trial.constraints.values()) for trial in seen.trials] == [
        [pytest.approx(0.5 - recall)] for _, recall in ROWS
    ]
    assert {trial.number for trial in seen.best_trials} <= {1, 2}
    assert seen.metric_names == ["f1", "macs"]


def test_a_trial_that_is_tried_again_has_constraints_once(
    study: Study, plan: SearchPlan, finished: Callable[..., Any]
) -> None:
    lease = submit(study, plan)
    study.tell(finished(lease, status="failed", cause="error", metrics={}, history=[]))
    assert study.retry() == [4]
    work = study.next_work(lease.owner, trials=5)
    assert work.lease is not None
    study.tell(finished(work.lease, metrics={"f1": 0.5, "recall": 0.75, **lease.costs}, history=[]))
    seen = optuna.load_study(study_name="own", storage=f"sqlite:///{study.address.target}")
    assert list(seen.trials[4].constraints.values()) == [-0.25]


def test_the_best_is_within_the_limits_and_the_frontier_too(study: Study) -> None:
    assert complete_trial(study).number == 2
    assert {trial.number for trial in frontier_trials(study)} <= {1, 2}
    assert study_summaries(study.address.target)[0].best == "f1 0.7"
    lines = overview(study)
    assert "best f1 0.7: trial 2" in lines
    assert "2 complete but beyond recall 0.5.." in lines
    assert "4 of 4 trials complete, 2 of them beyond recall 0.5.., in study own" in closing(
        study, {}, trials=4
    )


def test_the_table_the_report_and_the_page_know_the_own_metrics(study: Study) -> None:
    found = results(study)
    table = found.trials
    assert table["feasible"].tolist() == [False, True, True, False]
    assert table["specificity"].tolist() == [0.25] * 4  # given by the function, named by nobody
    assert list(found.curves.columns)[-1] == "f1"
    digested = digest(found)
    assert digested.table.score == "f1"
    assert digested.table.way == "maximize"
    assert digested.best is not None
    assert digested.best["number"] == 2
    assert set(digested.front["number"]) <= {1, 2}
    assert digested.trials["outcome"].tolist()[0] == "complete: beyond the limits"
    assert digested.curves["f1"].tolist() == pytest.approx([f1 / 2 for f1, _ in ROWS])
    poller = Poller(study)
    poller.catch_up()
    about = hello(poller, "token")
    assert about["score"] == "f1"
    assert about["limits"] == {"recall": [0.5, None]}
    assert {"f1", "recall"} <= set(columns_of(poller.state))
    assert set(poller.state.frontier.front) == set(digested.front["number"])
    assert poller.state.frontier.curve()[-1][1] == pytest.approx(digested.progress["value"].iloc[-1])


def test_to_come_nearer_to_the_limits_is_a_gain_until_one_is_within(
    study: Study, plan: SearchPlan, finished: Callable[..., Any]
) -> None:
    waits = [study.spent(is_alive=False).without_gain]
    for f1, recall in ((0.99, 0.4), (0.99, 0.49), (0.99, 0.9)):
        lease = submit(study, plan)
        study.tell(finished(lease, metrics={"f1": f1, "recall": recall, **lease.costs}, history=[]))
        waits.append(study.spent(is_alive=False).without_gain)
    assert waits == [1, 2, 3, 0]


def test_the_terminal_says_which_trials_are_beyond(study: Study) -> None:
    poller = Poller(study)
    poller.catch_up()
    progress = Progress(poller, title="own", console=Console(file=io.StringIO()))
    assert "2 beyond the limits, best f1 0.7" in progress.line()
    assert progress._outcome(poller.state.rows[0]).startswith("complete (beyond the limits): f1 0.9")


def test_a_rung_promotes_what_is_nearer_to_the_limits(tmp_path: Path, plan: SearchPlan) -> None:
    pruner = Halving(eta=2, epochs=1).pruner({"f1": "maximize", "macs": "minimize"}, 4)
    with Study.open(tmp_path, name="rungs", facts=FACTS) as study:
        decisions = []
        for f1, recall in ((0.9, 0.1), (0.2, 0.4), (0.95, 0.05)):
            lease = submit(study, plan)
            decisions.append(study.report(lease, {1: {"f1": f1, "recall": recall}}, pruner=pruner))
        assert [decision and decision.promote for decision in decisions] == [True, True, False]
        [*_, last] = study._read(lambda rows: study._transaction(rows.connection).rung_rows.at(1))
        assert last.violation == pytest.approx(0.9)
