"""A whole search whose networks a class of the user's proposes: its faults, its workers, who looks at it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from archscape.search import load, run
from archscape.search.job import read_job
from archscape.search.join import join
from archscape.search.study.study import Study
from archscape.spaces.errors import InputError
from archscape.spaces.language import user_function, uses

FIT = "def fit(network, context):\n    return {'accuracy': int(network.hash()[:4], 16) / 2**16}\n"
SAMPLER = """\
from proposing import draw


class Mine:
    def __init__(self, *, fails=99):
        self.fails = fails

    def sample(self, space, history, rng):
        if history.submitted >= self.fails:
            raise ValueError("no more")
        return draw(space, rng)
"""
PROPOSING = "def draw(space, rng):\n    return space.sample(rng)\n"
JOB = """\
search: own
space: tiny.yaml
train: proposed_fit.py:fit
sampler: {rule: proposer.py:Mine, fails: 99}
trials: 5
device: cpu
"""


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was named or imported in this process yet."""
    monkeypatch.setattr(uses, "_vouched", set())
    monkeypatch.setattr(user_function, "_imported", {})
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("proposer", "proposing", "proposed_fit"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.fixture
def job_file(job_file: Path) -> Path:
    job_file.write_text(JOB)
    for name, text in (("proposed_fit", FIT), ("proposer", SAMPLER), ("proposing", PROPOSING)):
        (job_file.parent / f"{name}.py").write_text(text)
    return job_file


def search(job: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "archscape", "search", str(job), "--out", str(job.parent / "run")]
    return subprocess.run([*command, *options], capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_workers_sample_with_it_and_nobody_who_looks_runs_it(job_file: Path) -> None:
    done = search(job_file, "--workers", "2")
    assert done.returncode == 0, done.stderr
    folder = job_file.parent / "run"
    assert pd.read_csv(folder / "trials.csv")["sampler"].tolist() == ["proposer.py:Mine"] * 5
    assert "proposer.py:Mine" in (folder / "report.html").read_text()
    for name in ("proposer", "proposing"):
        (job_file.parent / f"{name}.py").write_text("raise SystemExit('run')\n")
    for command in (["report", str(folder)], ["study", "show", str(folder)]):
        looked = [sys.executable, "-m", "archscape", *command]
        assert subprocess.run(looked, capture_output=True, check=False).returncode == 0
    assert len(load(folder).trials) == 5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("fails: 99", "fails: 3"), "proposer.py:10: proposer.py:Mine: ValueError: no more"),
        (("fails: 99", "fials: 3"), "proposer.py:Mine has no setting 'fials'; did you mean 'fails'?"),
    ],
)
def test_what_is_wrong_with_it_is_one_line_with_its_place_and_status_2(
    job_file: Path, change: tuple[str, str], message: str
) -> None:
    job_file.write_text(JOB.replace(*change))
    done = search(job_file, "--workers", "2")
    assert (done.returncode, done.stdout) == (2, "")
    last = [line for line in done.stderr.splitlines() if "job.yaml:4:10" in line]
    assert len(last) == 1
    assert message in last[0]
    assert "Traceback" not in done.stderr


@pytest.fixture
def begun(job_file: Path, tmp_path: Path) -> str:
    """The storage of a study that nobody works on yet, on a machine that has no file in its place."""
    job, storage = read_job(job_file), str(tmp_path / "study.db")
    study = Study.open(tmp_path, name="own", storage=storage, facts=job.facts(), settings=job.settings())
    study.close()
    (tmp_path / "there").mkdir()
    for name in ("proposed_fit.py", "proposer.py", "proposing.py"):
        (job_file.parent / name).rename(tmp_path / "there" / name)
    uses._vouched.clear()
    return storage


@pytest.mark.slow
def test_worker_of_another_machine_samples_with_its_copy(begun: str, tmp_path: Path) -> None:
    files = [str(tmp_path / "there" / name) for name in ("proposed_fit.py", "proposer.py")]
    join(name="own", storage=begun, out=tmp_path / "out", uses=files)
    with Study.open(tmp_path / "out", storage=begun, name="own") as study:
        assert {record.sampler for record in study.proposals().values()} == {"proposer.py:Mine"}
        assert study.counts() == {"complete": 5}


def test_worker_without_it_or_with_another_is_told_so(begun: str, tmp_path: Path) -> None:
    there = tmp_path / "there"

    def joined(*names: str) -> str:
        with pytest.raises(InputError) as caught:
            join(name="own", storage=begun, out=tmp_path / "out", uses=[str(there / name) for name in names])
        return str(caught.value)

    assert "proposer.py:Mine is not on this machine; say where, with --uses proposer.py" in joined(
        "proposed_fit.py"
    )
    (there / "proposing.py").write_text(f"{PROPOSING}\n# other\n")
    assert "proposing.py' is not the file that the search began with" in joined(
        "proposed_fit.py", "proposer.py"
    )


@pytest.mark.full
def test_driver_of_ray_samples_with_it(job_file: Path) -> None:
    job = replace(read_job(job_file), trials=2)
    trials = run(job, out=job_file.parent / "run", ray=True).trials
    assert trials["sampler"].tolist() == ["proposer.py:Mine"] * 2
    assert set(trials["status"]) == {"complete"}
