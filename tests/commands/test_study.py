"""The commands on studies, as a user types them on another machine than the one that began the search."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from helpers.processes import popen

from archscape.cli import main
from archscape.search.job import Job, read_job
from archscape.search.samplers.random import RandomSampler
from archscape.search.study.owner import Owner
from archscape.search.study.study import Study
from archscape.search.workers.evaluator import Context
from archscape.search.workers.trial_source import SearchPlan
from archscape.spaces.errors import StudyError

if TYPE_CHECKING:
    from helpers.postgres import Cluster

Run = Callable[..., "subprocess.CompletedProcess[str]"]

SPACE = """\
space: small
input: 1x8x8
layers:
  - conv: {width: {4, 6, 8}, kernel: {1, 3}}
  - avgpool
  - linear: {width: 10}
"""
JOB = """\
search: small-digits
space: small.yaml
data: digits
recipe: {preset: quick, epochs: 1}
sampler: random
trials: 4
"""


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A job on one machine, in a folder that no other machine sees."""
    folder = tmp_path / "first"
    folder.mkdir()
    (folder / "small.yaml").write_text(SPACE)
    (folder / "job.yaml").write_text(JOB)
    return read_job(folder / "job.yaml")


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    return tmp_path / "studies.db"


def begin(job: Job, folder: Path, storage: str | Path, *, name: str = "") -> Study:
    return Study.open(
        folder,
        name=name or job.search,
        storage=str(storage),
        facts=job.facts(),
        settings=job.settings(),
    )


def submit(study: Study, job: Job, owner: Owner, *, trials: int = 4) -> Context:
    plan = SearchPlan(space=job.space, sampler=RandomSampler(), trials=trials, seed=0)
    lease = study.ask_unique(plan.propose, owner, trials=trials)
    assert lease is not None
    return Context(lease=lease, worker="w1", log=print, report=lambda epoch, metrics: True)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `archscape ...` in this process, in an empty folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("ARCHSCAPE_STORAGE", raising=False)

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()
        try:
            main([str(argument) for argument in arguments])
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
        return subprocess.CompletedProcess(arguments, status, *capsys.readouterr())

    return run


# archscape search


def test_a_job_in_the_folder_of_a_run_resumes_that_run(
    here: Run, job: Job, storage: Path, tmp_path: Path
) -> None:
    """A run that was copied, and the folder of a worker, whose study is in a database elsewhere."""
    for folder, where in ((tmp_path / "own", ""), (tmp_path / "elsewhere", str(storage))):
        own = ["--out", folder, *(["--storage", where] if where else [])]
        assert here("search", tmp_path / "first" / "job.yaml", "--trials", 1, *own).returncode == 0
        copied = tmp_path / "copied" / folder.name
        shutil.copytree(folder, copied)
        resumed = here("search", copied / "job.yaml")
        first, *_, closing, _ = resumed.stderr.splitlines()
        assert first.startswith(f"{copied / 'job.yaml'} lies in the folder of a run, which is resumed")
        assert closing.startswith("nothing left to train: 1 of 1 trials complete")
        assert resumed.stdout == f"{copied / 'report.html'}\n"
    assert not Path("runs").exists()
    begun = here("search", tmp_path / "copied" / "own" / "job.yaml", "--out", "other")
    assert "1 network trained" in begun.stderr
    assert "resumed" not in begun.stderr


# archscape study


def test_list_has_a_row_for_each_study(here: Run, job: Job, storage: Path, tmp_path: Path) -> None:
    with begin(job, tmp_path, storage) as study:
        context = submit(study, job, Owner.current())
        study.tell(context.result(status="complete", metrics={"accuracy": 0.5}))
        submit(study, job, Owner.current())
    begin(job, tmp_path / "other", storage, name="other").close()
    done = here("study", "list", "--storage", storage, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    other, small = json.loads(done.stdout)
    assert (other["study"], other["ended"], other["best"], other["last change"]) == ("other", 0, "", "")
    assert re.fullmatch(r"[\d.]+ m?s ago", small.pop("last change"))
    assert small == {
        "study": "small-digits",
        "ended": 1,
        "of": 4,
        "running": 1,
        "paused": 0,
        "failed": 0,
        "best": "accuracy 0.5",
    }


def test_a_search_ends_with_how_to_retry_what_failed(here: Run, job: Job, tmp_path: Path) -> None:
    """The trials that failed wait then, and the same command trains them."""
    run = tmp_path / "a run"
    (run / "logs").mkdir(parents=True)
    with begin(job, run, "") as study:
        for number in range(2):
            context = submit(study, job, Owner.current())
            status = ("complete", "failed")[number]
            study.tell(context.result(status=status, cause="error" * number, metrics={"accuracy": 0.5}))
    command = ("search", tmp_path / "first" / "job.yaml", "--out", run, "--trials", "2")
    done = here(*command)
    assert done.returncode == 0
    *_, last = done.stderr.splitlines()
    assert (
        last
        == f"1 of 2 trials failed; `archscape study retry '{run}'`, then the same command, trains them again"
    )
    wrong = here("study", "retry", run, "--trial", "0", "--trial", "7")
    assert wrong.returncode == 2
    assert "trial 0, 7 has not failed; those that have: 1" in wrong.stderr
    retried = here("study", "retry", run)
    assert "small-digits: 1 trial waits again (1)" in retried.stderr
    assert "no trial has failed" in here("study", "retry", run).stderr
    assert here(*command).returncode == 0
    with Study.open(run) as study:
        assert study.counts() == {"complete": 2}


def test_a_search_without_a_complete_trial_ends_with_status_1_and_how_to_retry(
    here: Run, job: Job, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    with begin(job, tmp_path / "run", "") as study:
        context = submit(study, job, Owner.current())
        study.tell(context.result(status="failed", cause="error"))
    done = here("search", tmp_path / "first" / "job.yaml", "--out", tmp_path / "run", "--trials", "1")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert "no network could be trained" in last
    assert f"`archscape study retry {tmp_path / 'run'}`" in last


def test_folder_of_a_run_stands_for_its_storage(here: Run, job: Job, tmp_path: Path) -> None:
    begin(job, tmp_path, "").close()
    assert "small-digits" in here("study", "list", "--storage", tmp_path).stdout
    assert "small-digits" in here("study", "list", tmp_path).stdout
    refused = here("study", "list", "--storage", tmp_path / "first")
    assert (refused.returncode, refused.stderr) == (
        2,
        f"archscape: {tmp_path / 'first'}: the folder of no search; it has no study.db\n",
    )


def test_folder_of_a_run_stands_for_its_study(here: Run, job: Job, storage: Path, tmp_path: Path) -> None:
    for folder, where in ((tmp_path / "own", ""), (tmp_path / "elsewhere", storage)):
        folder.mkdir()
        with begin(job, folder, where) as study:
            submit(study, job, Owner.current())
        (folder / "job.yaml").write_text(job.to_yaml(space="small"))
        shown = here("study", "show", folder)
        assert (shown.returncode, shown.stdout.split()[0]) == (0, "small-digits")
        assert here("study", "stop", folder).returncode == 0
        assert "1 trial is running; first `archscape study stop" in here("study", "delete", folder).stderr


def test_folder_of_a_run_elsewhere_stands_for_its_storage_too(
    here: Run, job: Job, storage: Path, tmp_path: Path
) -> None:
    begin(job, tmp_path / "first", storage).close()
    done = here("study", "list", "--storage", tmp_path / "first")
    assert done.returncode == 0, done.stderr
    assert "small-digits" in done.stdout


def test_show_says_who_works_on_what_and_why_others_failed(
    here: Run, job: Job, storage: Path, tmp_path: Path
) -> None:
    owner = Owner(machine="node7/boot/namespace", pid=42, born=1)
    with begin(job, tmp_path, storage) as study:
        failed, _, released = (submit(study, job, owner) for _ in range(3))
        study.tell(failed.result(status="failed", cause="diverged"))
        study.release(released.lease)
    done = here("study", "show", "small-digits", "--storage", storage)
    assert done.returncode == 0
    rows = [line.split() for line in done.stdout.splitlines()]
    assert [row[:4] for row in rows if "running" in row] == [["1", "running", "node7:42", "1"]]
    assert [row[:3] for row in rows if "waiting" in row[:2]] == [["2", "waiting", "0"]]
    assert "\n1 failed, 1 running, 1 waiting\n  failed: diverged (1)\n" in done.stdout
    assert done.stderr == ""


def test_show_of_an_ended_study_has_the_best_trials_and_no_empty_table(
    here: Run, job: Job, storage: Path, tmp_path: Path
) -> None:
    with begin(job, tmp_path / "run", storage) as study:
        for accuracy in (0.5, 0.9):
            context = submit(study, job, Owner.current())
            study.tell(context.result(status="complete", metrics={"accuracy": accuracy}))
        macs, smallest = min((trial.costs["macs"], trial.number) for trial in study.trials())
    shown = here("study", "show", tmp_path / "run")
    assert shown.stdout.splitlines() == [
        "small-digits",
        "2 complete",
        "best accuracy 90.00%: trial 1",
        f"best MACs {macs:,.0f}: trial {smallest}",
        f"files in {tmp_path / 'run'}",
    ]
    assert json.loads(here("study", "show", tmp_path / "run", "--format", "json").stdout) == []


@pytest.mark.parametrize("command", ["study show", "dashboard", "landscape", "export"])
def test_a_folder_that_is_not_there_is_named_and_one_that_is_starting_is_told(
    here: Run, command: str
) -> None:
    refused = here(*command.split(), "nofolder")
    assert refused.returncode == 2
    assert re.match("archscape: (nofolder: no such f|no folder 'nofolder')", refused.stderr)
    assert len(refused.stderr) < 150
    Path("starting", "spool").mkdir(parents=True)
    assert "nothing yet, the search in it is starting" in here(*command.split(), "starting").stderr


def test_stop_asks_and_the_workers_see_it(here: Run, job: Job, storage: Path, tmp_path: Path) -> None:
    with begin(job, tmp_path, storage) as study:
        submit(study, job, Owner.current())
        done = here("study", "stop", "small-digits", "--storage", storage)
        assert done.returncode == 0
        assert done.stderr.startswith("small-digits: asked; 1 trial is being given back")
        assert study.is_stopping()


def test_delete_refuses_while_somebody_works(here: Run, job: Job, storage: Path, tmp_path: Path) -> None:
    with begin(job, tmp_path, storage) as study:
        context = submit(study, job, Owner.current())
        refused = here("study", "delete", "small-digits", "--storage", storage, "--yes")
        assert refused.returncode == 2
        assert refused.stderr == (
            "archscape: study small-digits: 1 trial is running; first `archscape study stop small-digits`\n"
        )
        study.release(context.lease)
    assert here("study", "delete", "small-digits", "--storage", storage, "--yes").returncode == 0
    with pytest.raises(StudyError, match="holds no study"):
        Study.open(tmp_path, storage=str(storage))


def test_delete_does_not_wait_for_the_dead(here: Run, job: Job, storage: Path, tmp_path: Path) -> None:
    """All workers were killed, and nobody will give their trials back."""
    with begin(job, tmp_path, storage) as study:
        submit(study, job, Owner(machine=Owner.current().machine, pid=2**22 + 1, born=1))
    done = here("study", "delete", "small-digits", "--storage", storage, "--yes")
    assert (done.returncode, done.stderr) == (0, "small-digits: deleted\n")


def test_delete_asks_first(
    here: Run, job: Job, storage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(job, tmp_path, storage).close()
    monkeypatch.setattr("sys.stdin", io.StringIO("n\ny\n"))
    assert here("study", "delete", "small-digits", "--storage", storage).returncode == 1
    Study.open(tmp_path, storage=str(storage)).close()
    assert here("study", "delete", "small-digits", "--storage", storage).returncode == 0


@pytest.mark.parametrize("command", ["show", "stop", "delete"])
@pytest.mark.parametrize(
    ("storage", "status", "words"),
    [
        ("", 2, "which storage? give --storage URL, or the folder of a search"),
        ("none.db", 2, "none.db: no such file"),
        ("mysql://host/x", 2, "storage 'mysql://host/x' is of an unknown form; give postgresql://"),
        ("STORAGE", 1, "studies.db: holds no study 'smal-digits'; did you mean 'small-digits'?"),
    ],
)
def test_wrong_input_is_one_line(
    here: Run, job: Job, tmp_path: Path, command: str, storage: str, status: int, words: str
) -> None:
    begin(job, tmp_path, tmp_path / "studies.db").close()
    address = storage.replace("STORAGE", str(tmp_path / "studies.db"))
    done = here("study", command, "smal-digits", *(["--storage", address] if storage else []))
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith("archscape: ")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


# archscape worker


def test_worker_needs_to_know_the_storage_and_the_study(
    here: Run, job: Job, storage: Path, tmp_path: Path
) -> None:
    done = here("worker")
    assert (done.returncode, done.stderr) == (
        2,
        "archscape: which study? give --storage URL, and --study NAME if it holds several\n",
    )
    for name in ("a", "b"):
        begin(job, tmp_path / name, storage, name=name).close()
    several = here("worker", "--storage", storage)
    assert several.returncode == 2
    assert several.stderr.endswith("studies.db: holds several studies; name one: a, b\n")
    unknown = here("worker", "--storage", storage, "--study", "c")
    assert unknown.returncode == 1
    assert unknown.stderr.endswith("studies.db: holds no study 'c'; it knows a, b\n")
    assert not list(Path().iterdir())  # nothing was made for a study that is not there


@pytest.mark.slow
def test_worker_joins_with_nothing_but_the_study_and_its_storage(
    archscape: Run, job: Job, tmp_path: Path, postgres: Cluster
) -> None:
    """It trains in a folder of its own; the first machine finds all trials, and its report, in the study."""
    url = postgres.url("joined").replace("archscape@", "archscape:secret@")
    begin(job, tmp_path / "first", url).close()
    (tmp_path / "first" / "small.yaml").unlink()
    (tmp_path / "first" / "job.yaml").unlink()
    done = archscape(
        *("worker", "--study", "small-digits", "--storage", url, "--out", "second", "--workers", "2", "--pin")
    )
    assert done.returncode == 0, done.stderr
    assert "small-digits: 4 of 4 trials" in done.stderr
    with Study.open(tmp_path / "second") as study:
        trials = study.trials()
    assert [trial.state for trial in trials] == ["complete"] * 4
    host = os.uname().nodename
    assert {trial.worker for trial in trials} <= {f"{host}-w1", f"{host}-w2"}
    weights = {path.name for path in (tmp_path / "second" / "checkpoints").iterdir()}
    assert weights == {f"{trial.hash}.safetensors" for trial in trials}
    files = [path for path in (tmp_path / "second").rglob("*") if path.is_file()]
    assert [path for path in files if b"secret" in path.read_bytes()] == []
    assert "secret" not in done.stdout + done.stderr
    again = archscape("worker", "--study", "small-digits", "--storage", url, "--out", "second")
    assert again.returncode == 0, again.stderr


@pytest.mark.slow
def test_password_is_in_no_command_line_of_a_worker(job: Job, tmp_path: Path, postgres: Cluster) -> None:
    """Whoever lists the processes of a machine sees the words of the user's own command at most."""
    url = postgres.url("unseen").replace("archscape@", "archscape:secret@")
    begin(job, tmp_path / "first", url).close()
    environment = os.environ | {"ARCHSCAPE_STORAGE": url}
    command = [sys.executable, "-m", "archscape", "worker", "--out", str(tmp_path / "second")]
    process = popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    task = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    seen: set[str] = set()
    while process.poll() is None:
        for pid in task.read_text().split() if task.exists() else []:
            line = Path(f"/proc/{pid}/cmdline")
            seen |= {line.read_bytes().decode()} if line.exists() else set()
        time.sleep(0.05)
    assert process.returncode == 0, process.communicate()[1]
    process.communicate()
    assert any("archscape.search.executors.child" in line for line in seen)
    assert not any("secret" in line for line in seen)


OWN = JOB.replace("data: digits", "data: own.npz").replace("search: small-digits", "search: own")


@pytest.mark.slow
def test_worker_finds_the_data_where_its_machine_has_it(
    archscape: Run, job: Job, storage: Path, tmp_path: Path
) -> None:
    import numpy as np

    rng = np.random.default_rng(0)
    arrays = {}
    for part, size in (("train", 200), ("val", 50), ("test", 50)):
        arrays[f"x_{part}"] = rng.normal(size=(size, 1, 8, 8)).astype(np.float32)
        arrays[f"y_{part}"] = rng.integers(0, 10, size)
    first = tmp_path / "first"
    np.savez(first / "own.npz", **arrays)
    (first / "job.yaml").write_text(OWN)
    begin(read_job(first / "job.yaml"), first, storage).close()
    (tmp_path / "scratch").mkdir()
    (first / "own.npz").rename(tmp_path / "scratch" / "data.npz")

    missing = archscape("worker", "--storage", storage, "--out", "second")
    assert missing.returncode == 2
    gone = first / "own.npz"
    assert (
        missing.stderr
        == f"archscape: own: its data {gone} is not on this machine; say where, with --data PATH\n"
    )
    done = archscape("worker", "--storage", storage, "--out", "second", "--data", "scratch/data.npz")
    assert done.returncode == 0, done.stderr
    arrays["y_val"] = (arrays["y_val"] + 1) % 10
    np.savez(tmp_path / "scratch" / "data.npz", **arrays)
    with Study.open(tmp_path / "second") as study:
        study.change({**study.settings, "job": study.settings["job"].replace("trials: 4", "trials: 5")})
    other = archscape("worker", "--storage", storage, "--out", "second", "--data", "scratch/data.npz")
    assert other.returncode == 2
    assert "but the study in" in other.stderr
    assert "Traceback" not in other.stderr


@pytest.mark.slow
def test_search_and_worker_share_a_study_and_stop_ends_both(
    archscape: Run, job: Job, storage: Path, tmp_path: Path
) -> None:
    text = (tmp_path / "first" / "job.yaml").read_text()
    (tmp_path / "first" / "job.yaml").write_text(text.replace("epochs: 1", "epochs: 5000") + "lease: 2\n")
    options = ["--storage", str(storage), "--out"]
    commands = [["search", "first/job.yaml", *options, "first"], ["worker", *options, "second"]]

    def start(words: list[str]) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "archscape", *words]
        return popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def trains(folder: str) -> bool:
        logs = (tmp_path / folder / "logs").glob("trial-*.log")
        return any(" epoch 1:" in path.read_text() for path in logs)

    processes = []
    for words, folder in zip(commands, ("first", "second"), strict=True):
        processes.append(start(words))
        while not trains(folder):
            assert processes[-1].poll() is None, processes[-1].communicate()[1]
            time.sleep(0.05)
    assert archscape("study", "stop", "small-digits", "--storage", storage).returncode == 0
    search, worker = (process.communicate()[1] for process in processes)
    assert [process.returncode for process in processes] == [1, 0]
    assert "the same command resumes it" in search
    assert "Traceback" not in search + worker
    with Study.open(tmp_path / "first") as study:
        assert [(trial.state, trial.attempts) for trial in study.trials()] == [("waiting", 0)] * 2
        epochs = study.epochs()
    assert {row["trial"] for row in epochs} == {0, 1}
    partial = [
        *(tmp_path / "first" / "checkpoints").iterdir(),
        *(tmp_path / "second" / "checkpoints").iterdir(),
    ]
    assert len([path for path in partial if path.suffix == ".partial"]) == 2
