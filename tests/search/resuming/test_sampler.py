"""A study keeps the sampler that it began with unless the job names another; a new one takes `auto`."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import yaml
from helpers.in_process import InProcess
from rich.console import Console

from archscape.search.job import Job, read_job
from archscape.search.samplers.tpe import TpeSampler
from archscape.search.search import run
from archscape.search.study.study import Study
from archscape.spaces.errors import JobError
from archscape.spaces.language import user_function, uses

FIT = "def fit(network, context):\n    return {'accuracy': 0.5}\n"
MINE = """\
class Mine:
    def __init__(self, alpha=1):
        self.alpha = alpha

    def sample(self, space, history, rng):
        return space.sample(rng)
"""


@pytest.fixture
def job(job_file: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A job whose trainings take no time, that names no sampler."""
    monkeypatch.setattr(uses, "_vouched", set())
    monkeypatch.setattr(user_function, "_imported", {})
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("kept_fit", "kept_sampler"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    (job_file.parent / "kept_fit.py").write_text(FIT)
    (job_file.parent / "kept_sampler.py").write_text(MINE)
    job_file.write_text("search: kept\nspace: tiny.yaml\ntrain: kept_fit.py:fit\ntrials: 1\n")
    return read_job(job_file)


def search(job: Job, folder: Path) -> str:
    """Search for a trial more; return what was said before the progress."""
    console = Console(file=io.StringIO(), width=400)
    run(job, out=folder, console=console, executor=InProcess())
    return console.file.getvalue().partition("kept:")[0]  # type: ignore[attr-defined,no-any-return]


def of_run(folder: Path) -> list[str]:
    """Return the sampler in the job of a run, and that of each trial."""
    kept = yaml.safe_load((folder / "job.yaml").read_text())["sampler"]
    return [str(kept), *pd.read_csv(folder / "trials.csv")["sampler"]]


def test_new_study_takes_what_auto_chooses_and_says_why(job: Job, tmp_path: Path) -> None:
    chosen, reason = job.with_sampler()
    told = search(job, tmp_path / "run")
    assert told == f"kept samples with {reason}\n"
    assert of_run(tmp_path / "run") == [chosen.sampler] * 2
    named = search(replace(job, sampler="auto"), tmp_path / "named")
    assert (named, of_run(tmp_path / "named")) == (told, of_run(tmp_path / "run"))


def test_study_keeps_its_sampler_whatever_auto_would_choose_now(job: Job, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    search(replace(job, sampler=TpeSampler(startup=3)), folder)
    assert "sampl" not in search(replace(job, trials=2), folder)
    assert of_run(folder) == [str(TpeSampler(startup=3).to_dict()), "tpe", "tpe"]
    assert "kept resumes with sampler: random (was {rule: tpe" in search(
        replace(job, trials=3, sampler="random"), folder
    )
    assert of_run(folder) == ["random", "tpe", "tpe", "random"]


def test_auto_by_name_is_chosen_anew_and_said_where_that_is_another(job: Job, tmp_path: Path) -> None:
    folder, (chosen, reason) = tmp_path / "run", replace(job, trials=2).with_sampler()
    search(replace(job, sampler="random"), folder)
    told = search(replace(job, trials=2, sampler="auto"), folder)
    assert f"kept samples with {reason}\n" in told
    assert f"kept resumes with sampler: {chosen.sampler} (was random), trials: 2" in told
    assert "sampl" not in search(replace(job, trials=3, sampler="auto"), folder)


def test_study_of_which_nothing_is_known_but_its_job_keeps_that_ones_sampler(
    job: Job, tmp_path: Path
) -> None:
    """As one that an earlier version began, whose default was nsga2."""
    folder = tmp_path / "run"
    search(replace(job, sampler="nsga2"), folder)
    search(replace(job, trials=2), folder)
    assert of_run(folder) == ["nsga2", "nsga2", "nsga2"]


def test_class_of_the_users_is_kept_while_it_is_the_same(job: Job, job_file: Path, tmp_path: Path) -> None:
    folder, file = tmp_path / "run", job_file.parent / "kept_sampler.py"
    job_file.write_text(f"{job_file.read_text()}sampler: {{rule: kept_sampler.py:Mine, alpha: 2}}\n")
    named = read_job(job_file)
    search(named, folder)
    uses._vouched.discard(str(file))  # in a new process it would not be there
    search(replace(job, trials=2), folder)
    assert of_run(folder) == [str({"rule": f"{file}:Mine", "alpha": 2}), *["kept_sampler.py:Mine"] * 2]
    file.write_text(f"{MINE}\n# another one\n")
    remedy = rf"name it in the job to go on .*: `sampler: {{rule: {file}:Mine, alpha: 2}}`"
    with pytest.raises(JobError, match=f"has changed since the study sampled with it; {remedy}") as e:
        search(replace(job, trials=3), folder)
    assert e.value.setting == "sampler"
    told = search(replace(named, trials=3), folder)
    assert "kept resumes with another content of kept_sampler.py:Mine" in told
    with Study.open(folder) as study:
        assert study.counts() == {"complete": 3}
