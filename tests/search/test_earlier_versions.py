"""What an earlier version left on a disk goes on: a run that was interrupted, and a study in a storage."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
import pytest
import torch
from helpers.processes import popen
from safetensors.torch import load_file

from archscape.analysis.results import PROPOSED, decision_columns
from archscape.search.study.study import Study

FIXTURE = Path(__file__).parents[1] / "fixtures" / "earlier_version"
KERNELS = "AVX512"  # what the processor that made it lets PyTorch use
TIMES = ["seconds", "step_seconds", "eval_seconds", "started", "finished"]

pytestmark = pytest.mark.slow


def archscape(folder: Path, *arguments: str) -> str:
    """Run a command in a folder and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "archscape", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the earlier version left, with both searches resumed."""
    folder = tmp_path_factory.mktemp("earlier") / "version"
    shutil.copytree(FIXTURE, folder)
    for file in folder.rglob("*.db.gz"):
        file.with_suffix("").write_bytes(gzip.decompress(file.read_bytes()))
        file.unlink()
    note = folder / "stored" / "study.json"  # the earlier version wrote the whole path
    note.write_text(json.dumps(json.loads(note.read_text()) | {"storage": str(folder / "studies.db")}))
    shutil.copy(folder / "stored" / "trials.csv", folder / "stored.csv")
    archscape(folder, "search", "run/job.yaml", "--out", "run")
    archscape(
        folder, "search", "stored/job.yaml", "--storage", "studies.db", "--out", "stored", "--trials", "6"
    )
    return folder


def test_the_trials_end_as_they_ended_in_the_earlier_version(folder: Path) -> None:
    """To the last digit on the same kind of machine; elsewhere PyTorch rounds in another order."""
    expected, trials = pd.read_csv(folder / "finished.csv"), pd.read_csv(folder / "run" / "trials.csv")
    # That version had decisions as JSON alone, and did not say who proposed a trial.
    added = [name for name in PROPOSED if name in trials] + decision_columns(trials)
    assert [name for name in trials if name not in added] == [*expected]
    left = pd.read_csv(FIXTURE / "run" / "trials.csv")["number"]
    assert trials["sampler"][left].isna().all()
    assert trials["sampler"].drop(left).notna().any()
    before, after = (pd.read_csv(folder / f) for f in ("finished-curves.csv", "run/curves.csv"))
    assert [*before] == [*after]
    made, here = (json.loads((f / "run" / "environment.json").read_text()) for f in (FIXTURE, folder))
    same_machine = all(made[name] == here[name] for name in ("cpu", "torch"))
    if same_machine and torch.backends.cpu.get_cpu_capability() == KERNELS:
        pd.testing.assert_frame_equal(
            trials.drop(columns=[*TIMES, *added]), expected.drop(columns=TIMES), check_exact=True
        )
        pd.testing.assert_frame_equal(
            after.drop(columns="seconds"), before.drop(columns="seconds"), check_exact=True
        )
    old = ["number", "hash", "status", "seed", "params", "macs", "decisions", "network"]
    assert trials[old][:3].equals(expected[old][:3])
    assert trials["accuracy"][:3].tolist() == pytest.approx(expected["accuracy"][:3].tolist(), abs=0.1)


def test_what_was_complete_is_not_touched(folder: Path) -> None:
    expected, trials = pd.read_csv(FIXTURE / "run" / "trials.csv"), pd.read_csv(folder / "run" / "trials.csv")
    pd.testing.assert_series_equal(
        trials[[*expected]].loc[0], expected.loc[0], check_exact=True, check_dtype=False
    )
    weights = Path("run", "checkpoints", f"{expected['hash'][0]}.safetensors")
    assert (folder / weights).read_bytes() == (FIXTURE / weights).read_bytes()
    log = Path("run", "logs", "trial-00000.log")
    assert (folder / log).read_text() == (FIXTURE / log).read_text()


@pytest.mark.parametrize(("trial", "step"), [(1, 18), (2, 229)])
def test_training_resumes_from_the_checkpoint(folder: Path, trial: int, step: int) -> None:
    log = Path("run", "logs", f"trial-{trial:05}.log")
    old, new = (FIXTURE / log).read_text(), (folder / log).read_text()
    assert new.startswith(old)
    assert f".partial, at step {step}\n" in new.removeprefix(old)
    assert not [*(folder / "run" / "checkpoints").glob("*.partial")]


@pytest.mark.parametrize("run", ["run", "stored"])
def test_its_commands_read_it(folder: Path, run: str, tmp_path: Path) -> None:
    archscape(folder, "report", run, "--out", str(tmp_path / "report.html"))
    assert "<title>" in (tmp_path / "report.html").read_text()
    archscape(folder, "export", run, "--trial", "best", "--out", str(tmp_path / "best"))
    (weights,) = (tmp_path / "best").glob("*.safetensors")
    assert load_file(weights)
    study, storage = {"run": ("before-the-house", "run/study.db"), "stored": ("in-a-storage", "studies.db")}[
        run
    ]
    assert study in archscape(folder, "study", "show", study, "--storage", storage)
    assert study in archscape(folder, "study", "list", "--storage", storage)


def test_the_dashboard_shows_it(folder: Path) -> None:
    command = [sys.executable, "-m", "archscape", "dashboard", "run", "--port", "0"]
    process = popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = urlsplit(process.stdout.readline().strip()).netloc
        with closing(HTTPConnection(address, timeout=60)) as connection:
            connection.request("GET", "/trial/2")
            trial = json.loads(connection.getresponse().read())
    finally:
        process.kill()
        process.communicate()
    assert len(trial["epochs"]) == 32
    assert trial["log"].startswith((FIXTURE / "run" / "logs" / "trial-00002.log").read_text())


def test_a_study_in_a_storage_takes_more_trials(folder: Path) -> None:
    """With the calibration that it began with, whatever machine goes on."""
    expected, trials = pd.read_csv(folder / "stored.csv"), pd.read_csv(folder / "stored" / "trials.csv")
    pd.testing.assert_frame_equal(trials[:5][[*expected]], expected, check_exact=True)
    assert trials["status"].tolist() == ["complete"] * 6
    assert 0 < trials["latency"][5] < 50


def test_the_rows_of_the_interrupted_study_are_read(tmp_path: Path) -> None:
    (tmp_path / "study.db").write_bytes(gzip.decompress((FIXTURE / "run" / "study.db.gz").read_bytes()))
    with Study.open(tmp_path) as study:
        assert study.counts() == {"complete": 1, "paused": 1, "waiting": 1}
        complete, paused, waiting = study.trials()
    assert complete.metrics["test_correct"] == 289
    assert (paused.rung, paused.cause) == (1, "halving")
    assert waiting.attempts == 0
