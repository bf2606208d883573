"""A whole search in one process: its folder, its records, how it goes on and how it ends."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import optuna
import pandas as pd
import pytest
from helpers.in_process import InProcess
from helpers.postgres import Cluster
from rich.console import Console
from safetensors.torch import load_file

from archscape.analysis.reports.results.page import RunResults
from archscape.analysis.results import CURVE_COLUMNS, DECISION, columns, decision_columns
from archscape.search.datasets.dataset import load_dataset
from archscape.search.executors.local import RunWorkers
from archscape.search.folder import results
from archscape.search.job import Job, read_job
from archscape.search.search import run
from archscape.search.study import database_file
from archscape.search.study.study import Study
from archscape.search.study.summary import study_summaries
from archscape.search.training.evaluation import evaluate
from archscape.search.training.recipe import Recipe
from archscape.search.training.tasks import make_task
from archscape.search.workers.events import Event
from archscape.spaces import Network, Space, load_network
from archscape.spaces.codegen.build import build
from archscape.spaces.errors import Infeasible, JobError, StudyError, StudyGone
from archscape.spaces.language.limits import Limit


@pytest.fixture
def job(job_file: Path) -> Job:
    return replace(read_job(job_file), trials=4)


def quiet() -> Console:
    return Console(file=io.StringIO(), width=120)


def go(job: Job, folder: Path) -> RunResults:
    return run(job, out=folder, console=quiet(), executor=InProcess())


@pytest.mark.slow
def test_leaves_a_folder_that_holds_everything(job: Job, tmp_path: Path) -> None:
    console = quiet()
    lenet = load_network("lenet5")
    results = run(
        job,
        out=tmp_path / "run",
        console=console,
        executor=InProcess(),
        references=[lenet],
        command="archscape search x",
    )
    folder = tmp_path / "run"
    assert {path.name for path in folder.iterdir() if not path.name.startswith("study.db")} == {
        *("job.yaml", "space.yaml", "trials.csv", "curves.csv", "environment.json", "report.html"),
        "study.json",
        *("logs", "checkpoints", "spool"),
    }
    trials = pd.read_csv(folder / "trials.csv")
    decisions = decision_columns(trials)
    assert list(trials.columns) == [*columns(["sampler"]), *decisions]
    assert set(trials["sampler"]) == {"random"}
    for _, row in trials.iterrows():
        told = {name.removeprefix(DECISION): row[name] for name in decisions if pd.notna(row[name])}
        assert told == json.loads(row["decisions"])
    assert list(trials["number"]) == [0, 1, 2, 3]
    assert set(trials["status"]) == {"complete"}
    curves = pd.read_csv(folder / "curves.csv")
    assert list(curves.columns) == list(CURVE_COLUMNS)
    assert list(curves["trial"]) == [0, 1, 2, 3]
    environment = json.loads((folder / "environment.json").read_text())
    assert environment["data_fingerprint"] == load_dataset("digits").fingerprint
    assert environment["command"] == "archscape search x"
    assert list(results.references["name"]) == ["lenet5"]
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert text.splitlines()[0].startswith("tiny-digits: 0 of 4 trials")
    assert text.splitlines()[-1].startswith("tiny-digits: 4 of 4 trials, best accuracy ")
    told = [line.split(";")[0] for line in text.splitlines()[1:-1]]
    assert all(line.startswith(f"trial {n} complete: accuracy ") for n, line in enumerate(told))
    assert len(told) == 4
    assert "\x1b" not in text


def test_weights_reproduce_the_recorded_test_accuracy(job: Job, tmp_path: Path) -> None:
    results = go(replace(job, trials=2), tmp_path / "run")
    data = load_dataset("digits")
    for _, trial in results.trials.iterrows():
        network = Network.from_json(trial["network"])
        assert network.hash() == trial["hash"]
        model = build(network)
        model.load_state_dict(load_file(tmp_path / "run" / "checkpoints" / f"{trial['hash']}.safetensors"))
        assert evaluate(model, data.test, make_task(data))["accuracy"] == trial["test_accuracy"]


@pytest.mark.slow
def test_same_command_goes_on_and_then_does_nothing(job: Job, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    first = go(replace(job, trials=2), folder).trials
    second = go(replace(job, trials=3, sampler="nsga2"), folder).trials
    console = quiet()
    fewer = replace(job, trials=2, sampler="nsga2")
    third = run(fewer, out=folder, console=console, executor=InProcess()).trials
    assert console.file.getvalue().splitlines() == [  # type: ignore[attr-defined]
        "tiny-digits resumes with trials: 2 (was 3)",
        "tiny-digits has 3 trials, more than the 2 asked for; all are kept",
    ]
    pd.testing.assert_frame_equal(first, second[:2][[*first]])
    pd.testing.assert_frame_equal(second, third)
    assert len(third) == 3


@pytest.mark.slow
def test_run_folder_is_a_job_that_repeats_the_run(job: Job, tmp_path: Path) -> None:
    first = go(job, tmp_path / "first").trials
    second = go(read_job(tmp_path / "first" / "job.yaml"), tmp_path / "second").trials
    same = ["number", "hash", "accuracy", "test_accuracy", "loss", "seed", "decisions"]
    pd.testing.assert_frame_equal(first[same], second[same])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "began with seed 0, but the job has 1"),
        ({"recipe": Recipe(epochs=2)}, r"began with recipe {epochs: 1}, but the job has {epochs: 2}"),
        ({"objectives": {"accuracy": "maximize"}}, "began with objectives"),
        ({"data": "cluttered-digits"}, "began with data digits, but the job has cluttered-digits"),
        (
            {"within": {"params": Limit(high=90_000)}},
            "began with within {params: no limit}, but the job has {params: ..90k}",
        ),
    ],
)
def test_other_job_in_the_same_folder_is_refused(
    job: Job, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    go(replace(job, trials=1), tmp_path / "run")
    before = (tmp_path / "run" / "job.yaml").read_text()
    with pytest.raises(JobError, match=message) as caught:
        go(replace(job, **change), tmp_path / "run")  # type: ignore[arg-type]
    assert "--out" in str(caught.value)
    assert (tmp_path / "run" / "job.yaml").read_text() == before


@pytest.mark.parametrize("deleted", ["file", "study"])
def test_study_that_is_deleted_while_it_runs_ends_the_search(
    job: Job, tmp_path: Path, deleted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was trained stays, and the tables of the study as it was are not overwritten."""
    monkeypatch.setattr(database_file, "GONE_SECONDS", 0.0)
    folder = tmp_path / "run"

    class Deleting(InProcess):
        @contextmanager
        def opened(self, folder: Path) -> Iterator[RunWorkers]:
            def delete(event: Event) -> None:
                if event.kind == "end" and deleted == "file":
                    (folder / "study.db").unlink()
                elif event.kind == "end":
                    optuna.delete_study(study_name=job.search, storage=f"sqlite:///{folder}/study.db")

            with super().opened(folder) as work:
                yield lambda notify, shutdown: work(delete, shutdown)

    with pytest.raises(
        StudyGone, match=r"is gone: .* deleted.* with 1 file of weights in checkpoints/: bring the study"
    ):
        run(job, out=folder, console=quiet(), executor=Deleting())
    assert not (folder / "trials.csv").exists()


def test_what_leads_to_the_study_is_there_again_if_it_was_removed_meanwhile(job: Job, tmp_path: Path) -> None:
    """The job, its space and the claim: without them no command reads the folder."""
    names = ("job.yaml", "space.yaml", "study.json")

    class Removing(InProcess):
        @contextmanager
        def opened(self, folder: Path) -> Iterator[RunWorkers]:
            def remove(event: Event) -> None:
                for name in names:
                    (folder / name).unlink(missing_ok=True)

            with super().opened(folder) as work:
                yield lambda notify, shutdown: work(remove, shutdown)

    run(replace(job, trials=1), out=tmp_path / "run", console=quiet(), executor=Removing())
    assert all((tmp_path / "run" / name).is_file() for name in names)


def test_failed_trials_have_a_cause_and_a_log(job: Job, tmp_path: Path) -> None:
    results = go(replace(job, trials=2, recipe=Recipe(epochs=50, seconds=0.01)), tmp_path / "run")
    assert list(results.trials["status"]) == ["failed", "failed"]
    assert list(results.trials["cause"]) == ["timed_out", "timed_out"]
    assert all(results.trials["message"])
    assert " ends: failed timed_out" in (tmp_path / "run" / "logs" / "trial-00001.log").read_text()
    assert list((tmp_path / "run" / "checkpoints").iterdir()) == []


def test_exhausted_space_ends_the_search(job: Job, tmp_path: Path) -> None:
    space = Space.from_yaml(
        "space: two\ninput: 1x8x8\nlayers:\n  - conv: {width: {2, 4}}\n  - linear: {width: 10}\n"
    )
    console = quiet()
    results = run(
        replace(job, space=space, trials=9), out=tmp_path / "run", console=console, executor=InProcess()
    )
    assert sorted(results.trials["params"]) == [1312, 2614]
    assert "all its 2 networks within the limits were tried" in console.file.getvalue()  # type: ignore[attr-defined]


def test_space_that_does_not_fit_the_data_is_refused(job: Job, tmp_path: Path) -> None:
    with pytest.raises(JobError, match="takes 1x16x16, but a sample of digits is 1x8x8"):
        go(replace(job, space=Space.load("digits")), tmp_path / "a")
    few = Space.from_yaml(
        "space: few\ninput: 1x8x8\nlayers:\n  - conv: {width: {2, 4}}\n  - linear: {width: 9}\n"
    )
    with pytest.raises(JobError, match="ends in 9, but digits has 10 classes"):
        go(replace(job, space=few), tmp_path / "b")


def test_limits_that_nothing_meets_are_refused_before_anything_is_written(job: Job, tmp_path: Path) -> None:
    with pytest.raises(Infeasible):
        go(replace(job, space=job.space.tighten({"params": "..10"})), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("storage", ["", "study.db"])
def test_what_is_refused_before_the_first_trial_leaves_an_error_and_nothing_else(
    job: Job, tmp_path: Path, storage: str
) -> None:
    """Neither lines of progress nor a folder; the mended job begins, whatever the refused one asked for."""
    console, database = quiet(), storage and str(tmp_path / storage)
    executor, folder = InProcess(storage=database), tmp_path / "runs" / "run"
    for wrong in (replace(job, device="cuda:99"), replace(job, space=Space.load("digits"))):
        with pytest.raises(JobError, match=r"cuda:99|takes 1x16x16"):
            run(wrong, out=folder, storage=database, console=console, executor=executor)
        assert not folder.parent.exists()
    assert console.file.getvalue() == ""  # type: ignore[attr-defined]
    mended = replace(job, trials=1)
    assert len(run(mended, out=folder, storage=database, console=console, executor=executor).trials) == 1
    with pytest.raises(JobError, match="cuda:99"):
        run(replace(job, device="cuda:99"), out=folder, storage=database, executor=executor)
    assert list((folder / "checkpoints").iterdir())


def test_study_in_a_database_elsewhere_leaves_the_rest_in_the_folder(
    job: Job, tmp_path: Path, postgres: Cluster
) -> None:
    """Another machine with the address alone has the same tables; the folder knows where to look again."""
    url = postgres.url("sessions").replace("archscape@", "archscape:secret@")
    with_server = run(
        job, out=tmp_path / "run", storage=url, console=quiet(), executor=InProcess(storage=url)
    ).trials
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert "report.html" in names
    assert not [name for name in names if name.startswith("study.db")]
    note = (tmp_path / "run" / "study.json").read_text()
    known = json.loads(note)
    assert (known["storage"], known["study"]) == (postgres.url("sessions"), "tiny-digits")
    with Study.open(tmp_path / "elsewhere", name="tiny-digits", storage=url) as study:
        pd.testing.assert_frame_equal(results(study).trials, with_server)
    without = go(job, tmp_path / "file").trials
    same = ["number", "hash", "accuracy", "test_accuracy", "loss", "seed", "decisions"]
    pd.testing.assert_frame_equal(with_server[same], without[same])


def test_other_job_under_the_same_name_is_refused(job: Job, tmp_path: Path) -> None:
    storage = str(tmp_path / "shared.db")

    def search(job: Job, folder: str) -> None:
        run(
            job,
            out=tmp_path / folder,
            storage=storage,
            console=quiet(),
            executor=InProcess(storage=storage),
        )

    search(replace(job, trials=1), "first")
    with pytest.raises(
        JobError,
        match="began with seed 0, but the job has 1; give the search another name, and another folder",
    ):
        search(replace(job, seed=1), "second")
    search(replace(job, trials=1, seed=1, search="other"), "second")
    assert [summary.name for summary in study_summaries(storage)] == ["other", "tiny-digits"]


@pytest.mark.slow
def test_epochs_of_every_trial_are_in_the_tables(job: Job, tmp_path: Path) -> None:
    results = go(replace(job, trials=2, recipe=Recipe(epochs=3)), tmp_path / "run")
    assert [tuple(row) for row in results.curves[["trial", "epoch"]].itertuples(index=False)] == [
        (trial, epoch) for trial in (0, 1) for epoch in (1, 2, 3)
    ]
    last = results.curves[results.curves["epoch"] == 3]["accuracy"]
    assert list(last) == list(results.trials["accuracy"])


def test_results_of_no_run_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"holds no study\.db"):
        Study.open(tmp_path)
