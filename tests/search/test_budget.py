"""The budget of a search: what it may be, what ends it, what it cuts, and how it goes on."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.in_process import InProcess
from rich.console import Console

from archscape.search.job import Job, read_job
from archscape.search.search import run
from archscape.search.study.budget import Budget, Spent
from archscape.search.study.spool import MAX_TRIALS
from archscape.search.study.study import Study
from archscape.spaces.errors import JobError


def with_budget(job_file: Path, budget: str, *, trials: str = "", epochs: int = 1) -> Path:
    text = job_file.read_text().replace("trials: 8\n", trials and f"trials: {trials}\n")
    text = text.replace("epochs: 1", f"epochs: {epochs}").replace("workers: 2", "workers: 1")
    job_file.write_text(f"{text}budget: {budget}\n")
    return job_file


def test_budget_alone_leaves_the_number_of_trials_free(job_file: Path) -> None:
    job = read_job(with_budget(job_file, "{hours: 1, minutes: 30}"))
    assert (job.trials, job.asked_trials, job.settings()["trials"]) == (MAX_TRIALS, 0, 0)
    assert job.budget == Budget(hours=1, minutes=30)
    assert job.budget is not None
    assert job.budget.seconds == 5400 - 30  # for the report
    assert "trials" not in job.to_yaml(space="tiny.yaml")
    assert "budget: {hours: 1.0, minutes: 30.0}" in job.to_yaml(space="tiny.yaml")


def test_without_a_budget_nothing_of_a_job_changes(job_file: Path) -> None:
    job = read_job(job_file)
    assert (job.trials, job.asked_trials, job.budget) == (8, 8, None)
    assert not {"budget"} & {*job.facts(), *job.settings()}
    assert "budget" not in job.to_yaml(space="tiny.yaml")
    assert Job(search="a", space=job.space, data="digits").trials == 30


@pytest.mark.parametrize(
    ("budget", "law"),
    [
        ("{}", "budget: names at least one of hours, minutes, device_hours, epochs, patience"),
        ("3h", "`budget:` is a mapping, as in {hours: 8, epochs: 2000}"),
        ("{hour: 1}", "a budget has no 'hour'; did you mean 'hours'?"),
        ("{minutes: 0}", "minutes is a number above 0 and up to 1e9, or none, but got '0'"),
        ("{epochs: 1.5}", "epochs is a whole number from 1, or none, but got '1.5'"),
    ],
)
def test_what_is_no_budget_is_refused_at_its_place(job_file: Path, budget: str, law: str) -> None:
    with pytest.raises(JobError, match=re.escape(law)) as error:
        read_job(with_budget(job_file, budget))
    assert "job.yaml:7:" in str(error.value)


def test_first_limit_that_is_reached_ends_it() -> None:
    budget = Budget(minutes=3, epochs=100, device_hours=1, patience=5)
    assert budget.ended(Spent(seconds=170, epochs=99, device_seconds=3599, without_gain=4)) == ""
    assert budget.ended(Spent(seconds=171)) == "3 min"
    assert budget.ended(Spent(epochs=100)) == "100 epochs"
    assert budget.ended(Spent(device_seconds=3600)) == "1 device hour"
    assert budget.ended(Spent(without_gain=5)) == "5 trials without a gain in hypervolume"


def test_no_trial_is_begun_that_cannot_end() -> None:
    assert Budget(minutes=3).forbids(Spent(seconds=141, typical_seconds=31)) == "3 min"
    assert not Budget(minutes=3).forbids(Spent(seconds=141, typical_seconds=29))
    running = Spent(epochs=80, typical_epochs=9, reserved_epochs=12)
    assert Budget(epochs=100).forbids(running) == "100 epochs"
    assert not Budget(epochs=101).forbids(running)


def test_epochs_are_not_exceeded_and_a_larger_budget_goes_on_where_trials_were_cut(
    job_file: Path, tmp_path: Path
) -> None:
    folder, console = tmp_path / "run", Console(file=io.StringIO())
    job = read_job(with_budget(job_file, "{epochs: 5}", epochs=3))
    first = run(job, out=folder, executor=InProcess(), console=console)
    assert [*first.trials["status"]] == ["complete"]  # two epochs are left, and a trial takes three
    assert "1 of 1 trials complete" in first.closing
    assert "its budget of 5 epochs ended it: raise `budget:`" in first.closing
    longer = replace(job, budget=Budget(epochs=7), sampler="random")
    second = run(longer, out=folder, executor=InProcess(), console=console)
    assert [*second.trials["status"]] == ["complete"] * 2
    again = run(longer, out=folder, executor=InProcess(), console=console)
    assert again.closing.startswith("nothing left to train: 2 of 2 trials complete")


def test_what_the_budget_cuts_keeps_its_values_and_goes_on_under_its_number(
    job_file: Path, tmp_path: Path
) -> None:
    folder, written = tmp_path / "run", io.StringIO()
    job = read_job(with_budget(job_file, "{epochs: 4}", epochs=6))
    cut = run(job, out=folder, executor=InProcess(), console=Console(file=written)).trials
    assert ([*cut["status"]], [*cut["cause"]]) == (["pruned"], ["budget"])
    with Study.open(folder) as study:
        [trial] = study.trials()
        assert [row["epoch"] for row in study.epochs()] == [1, 2, 3, 4]
        assert trial.metrics["accuracy"] == study.epochs()[-1]["accuracy"]
        assert (trial.state, trial.cause, trial.rung, study.count_open()) == ("pruned", "budget", 4, 0)
    assert (folder / "checkpoints" / f"{trial.hash}.partial").is_file()
    assert "0 epochs of the budget left" in written.getvalue()
    longer = replace(job, budget=Budget(epochs=6))
    [whole] = run(longer, out=folder, executor=InProcess(), console=Console(file=written)).trials.itertuples()
    assert (whole.number, whole.status, whole.hash, whole.epochs) == (0, "complete", trial.hash, 6)
    log = (folder / "logs" / "trial-00000.log").read_text()
    assert "goes on from" in log
    assert log.count("epoch 4: ") == 1


@pytest.mark.slow
def test_time_is_kept_over_runs_and_ends_the_trials_under_way(job_file: Path, tmp_path: Path) -> None:
    """A busy machine may take all of a short budget to begin: it is raised until a trial has begun."""
    folder, console, minutes = tmp_path / "run", Console(file=io.StringIO()), 0.05
    job = read_job(with_budget(job_file, "{hours: 1}", epochs=10**6))
    while True:
        ended = run(
            replace(job, budget=Budget(minutes=minutes)), out=folder, executor=InProcess(), console=console
        )
        with Study.open(folder) as study:
            if study.epochs():
                break
        minutes *= 4
    assert f"its budget of {minutes:g} min ended it; 1 trial was cut" in ended.closing
    with Study.open(folder) as study:
        [trial] = study.trials()
        assert (trial.state, trial.cause) == ("pruned", "budget")
        assert study.spent(is_alive=False).seconds >= 0.95 * 60 * minutes
    longer = replace(job, budget=Budget(minutes=1.2 * minutes, patience=3))
    again = run(longer, out=folder, executor=InProcess(), console=console)
    assert f"{1.2 * minutes:g} min" in again.closing  # spent before: nothing was trained


def test_patience_counts_what_does_not_add_to_the_hypervolume(job_file: Path, tmp_path: Path) -> None:
    job = read_job(with_budget(job_file, "{patience: 2}", trials="40"))
    trials = run(job, out=tmp_path / "run", executor=InProcess(), console=Console(file=io.StringIO())).trials
    assert 2 < len(trials) < 40
    with Study.open(tmp_path / "run") as study:
        assert study.spent().without_gain == 2
