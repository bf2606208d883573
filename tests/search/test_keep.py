"""`keep:` of a job: the weights that a search leaves, what they take, and what is said of the others."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.in_process import InProcess
from rich.console import Console

from archscape.search.closing import overview
from archscape.search.job import Job, read_job
from archscape.search.search import run
from archscape.search.study.study import Study
from archscape.search.study.trained import kept_numbers, trained
from archscape.spaces.errors import InputError


@pytest.fixture
def job(job_file: Path) -> Job:
    job_file.write_text(job_file.read_text() + "keep: best 2\n")
    return replace(read_job(job_file), trials=4, workers=1)


@pytest.mark.slow
def test_a_search_keeps_the_best_weights_and_says_so(job: Job, tmp_path: Path) -> None:
    shown, folder = io.StringIO(), tmp_path / "run"
    results = run(job, out=folder, executor=InProcess(), console=Console(file=shown, width=200))
    by_accuracy = results.frame().sort_values(["accuracy", "number"], ascending=[False, True])
    best = [int(number) for number in by_accuracy["number"][:2]]
    hashes = dict(zip(by_accuracy["number"], by_accuracy["hash"], strict=True))
    assert {file.stem for file in (folder / "checkpoints").iterdir()} == {hashes[n] for n in best}
    assert results.closing.endswith(" kB)")
    assert ", weights " in shown.getvalue().splitlines()[-1]
    assert "keep: best 2" in (folder / "job.yaml").read_text()
    assert read_job(folder / "job.yaml").keep == "best 2"

    with Study.open(folder) as study:
        assert kept_numbers(study) == sorted(best)
        assert overview(study)[-1].endswith(" kB)")
        assert trained(study, "best", note=print)[0].number == best[0]
        other = next(number for number in range(4) if number not in best)
        law = (
            f"the weights of trial {other} were not kept: the job says `keep: best 2`, and others are better"
        )
        with pytest.raises(InputError, match=law):
            trained(study, str(other), note=print)


@pytest.mark.slow
def test_weights_of_an_earlier_run_go_when_the_job_keeps_fewer(job: Job, tmp_path: Path) -> None:
    folder, quiet = tmp_path / "run", Console(file=io.StringIO())

    def go(job: Job) -> None:
        run(job, out=folder, executor=InProcess(), console=quiet)

    go(replace(job, keep="all", trials=3))
    (folder / "checkpoints" / "unfinished.partial").touch()
    assert len([*(folder / "checkpoints").glob("*.safetensors")]) == 3
    assert "keep" not in (folder / "job.yaml").read_text()
    go(replace(job, keep="best 1"))
    assert len([*(folder / "checkpoints").glob("*.safetensors")]) == 1
    assert (folder / "checkpoints" / "unfinished.partial").exists()
