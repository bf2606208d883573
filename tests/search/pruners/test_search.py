"""Early stopping in whole searches: who was stopped and why, and that those who go on lose nothing by it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from helpers.in_process import InProcess

from archscape.analysis.reports.results.page import RunResults
from archscape.search.job import Job, read_job
from archscape.search.pruners import PrunerSettings, RungResult
from archscape.search.pruners.halving import Halving
from archscape.search.pruners.median import Median
from archscape.search.search import run
from archscape.search.training.recipe import Recipe

EPOCHS = 4
TRIALS = 8


def searched(
    job_file: Path, out: Path, stop: PrunerSettings | None, *, single_objective: bool = False
) -> tuple[Job, RunResults]:
    job = replace(read_job(job_file), recipe=Recipe(epochs=EPOCHS), trials=TRIALS, workers=1, stop=stop)
    if single_objective:
        job = replace(job, objectives={"accuracy": "maximize"})
    return job, run(job, out=out, executor=InProcess())


def marks_at(rung: int, results: RunResults) -> list[RungResult]:
    """Return the results at a rung from the tables of a search that has ended."""
    there = results.curves[results.curves["epoch"] == rung].merge(
        results.trials, left_on="trial", right_on="number"
    )
    last = results.curves.groupby("trial")["epoch"].max()
    return [
        RungResult(number=number, values=(accuracy, macs), passed=last[number] > rung)
        for number, accuracy, macs in there[["trial", "accuracy_x", "macs"]].itertuples(index=False)
    ]


@pytest.mark.slow
def test_a_search_stops_what_its_rule_stops_and_says_so(job_file: Path, tmp_path: Path) -> None:
    job, run_results = searched(job_file, tmp_path / "run", Halving(eta=2))
    rule, trials = job.pruner(), run_results.trials.set_index("number")
    assert rule is not None
    assert rule.rungs == (1, 2)
    stopped = trials[trials["status"] == "pruned"]
    assert set(trials["status"]) == {"complete", "pruned"}
    assert set(stopped["cause"]) == {"halving"}
    assert stopped["message"].str.contains(r"rank \d+ of \d+ at epoch [12]; the best").all()
    last = run_results.curves.groupby("trial")["epoch"].max()
    assert set(last[stopped.index]) <= set(rule.rungs)
    assert set(last[trials.index[trials["status"] == "complete"]]) == {EPOCHS}
    for rung in rule.rungs:
        results = marks_at(rung, run_results)
        going = {result.number for result in results if rule.decide(rung, result, results).promote}
        assert going <= {result.number for result in results if result.passed}


@pytest.mark.slow
def test_a_trial_that_was_stopped_and_went_on_ends_as_if_it_never_was(job_file: Path, tmp_path: Path) -> None:
    _, whole = searched(job_file, tmp_path / "whole", None)
    _, results = searched(job_file, tmp_path / "run", Halving(eta=2))
    both = results.trials.merge(whole.trials, on="hash", suffixes=("", "_whole"))
    assert len(both) == TRIALS
    complete = both[both["status"] == "complete"]
    for metric in ("accuracy", "loss", "test_accuracy"):
        pd.testing.assert_series_equal(complete[metric], complete[f"{metric}_whole"], check_names=False)
    folder = tmp_path / "run" / "logs"
    logs = [(folder / f"trial-{number:05d}.log").read_text() for number in complete["number"]]
    promoted = [log for log in logs if "pauses it" in log]
    assert promoted
    assert all("goes on from" in log for log in promoted)


@pytest.mark.slow
def test_the_median_rule_stops_for_one_objective(job_file: Path, tmp_path: Path) -> None:
    _, results = searched(job_file, tmp_path / "run", Median(trials=3), single_objective=True)
    stopped = results.trials[results.trials["status"] == "pruned"]
    assert len(stopped) >= 2
    assert set(stopped["cause"]) == {"median"}
    assert stopped["message"].str.contains("is worse than the median").all()
