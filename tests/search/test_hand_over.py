"""`artifacts:` of a job: weights of machines without a shared folder, exported from another one."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from helpers.in_process import InProcess
from rich.console import Console

from archscape.search.closing import overview
from archscape.search.folder import RunFolder
from archscape.search.job import Job, read_job
from archscape.search.search import run
from archscape.search.study.artifacts import Artifacts
from archscape.search.study.copying import copy_study
from archscape.search.study.lease import Lease
from archscape.search.study.owner import Owner
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.study.trained import trained, weights_file
from archscape.search.training.weights import Weights
from archscape.search.workers.evaluator import Context
from archscape.search.workers.trial_source import SearchPlan
from archscape.search.workers.uploading_evaluator import UploadingEvaluator
from archscape.spaces import Network
from archscape.spaces.errors import InputError, JobError


@pytest.fixture
def lease(study: Study, plan: SearchPlan, owner: Owner) -> Lease:
    lease = study.ask_unique(plan.propose, owner, trials=24)
    assert lease
    return lease


@pytest.fixture
def job(job_file: Path) -> Job:
    job_file.write_text(f"{job_file.read_text()}artifacts: shelf\nkeep: best 2\n")
    return replace(read_job(job_file), trials=4, workers=1)


def search(job: Job, folder: Path) -> str:
    console = Console(file=io.StringIO())
    return run(job, out=folder, executor=InProcess(), console=console).closing


@pytest.mark.slow
def test_weights_that_stay_are_exported_from_where_they_were_handed_over(job: Job, tmp_path: Path) -> None:
    closing = search(job, tmp_path / "run")
    (shelf,) = (tmp_path / "shelf").glob("tiny-digits-*")
    assert f"weights in {tmp_path}/run/checkpoints" in closing
    assert closing.endswith(f", {shelf}")
    assert f"artifacts: {tmp_path}/shelf" in (tmp_path / "run" / "job.yaml").read_text()

    shutil.rmtree(tmp_path / "run" / "checkpoints")  # as if another machine had trained
    with Study.open(tmp_path / "run") as study:
        kept = study.kept_weights("best 2")
        study.weights_to_remove(kept)
        digests = study.digests(kept.held)
        names = {f"{kept.held[number]}-{digest[:16]}.safetensors" for number, digest in digests.items()}
        assert {file.name for file in shelf.iterdir()} == names
        trial, _, state, _ = trained(study, "best", note=pytest.fail)
        assert state
        assert (tmp_path / "run" / "checkpoints" / f"{trial.hash}.safetensors").is_file()
        assert overview(study)[-1].endswith(str(shelf))
        with pytest.raises(InputError, match="were not kept: the job says `keep: best 2`"):
            trained(study, str(next(n for n in range(4) if n not in kept.held)), note=pytest.fail)


@pytest.mark.slow
def test_two_searches_of_one_name_remove_nothing_of_each_other(job: Job, tmp_path: Path) -> None:
    search(job, tmp_path / "run")
    search(replace(job, keep="best 1"), tmp_path / "other")
    assert sorted(len([*each.iterdir()]) for each in (tmp_path / "shelf").iterdir()) == [1, 2]


@pytest.mark.slow
def test_damaged_weights_are_not_exported(job: Job, tmp_path: Path) -> None:
    search(replace(job, trials=1), tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    (file,) = (tmp_path / "shelf").glob("tiny-digits-*/*")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    (tmp_path / "run" / "checkpoints").mkdir()
    law = f"^{file.parent}: the weights of trial 0 there are damaged, or those of another: "
    with Study.open(tmp_path / "run") as study, pytest.raises(InputError, match=law):
        trained(study, "best", note=pytest.fail)
    assert [*(tmp_path / "run" / "checkpoints").iterdir()] == []


def test_a_copy_of_a_copy_finds_weights_in_the_artifacts_of_the_first(
    tmp_path: Path, study: Study, lease: Lease, finished: Callable[..., Result]
) -> None:
    file = tmp_path / "weights"
    weights = Weights({"w": torch.ones(3)}, {"data": "digits"})
    file.write_bytes(weights.to_bytes())
    study.change({"artifacts": str(tmp_path / "shelf")})
    study.tell(finished(lease, 0.5, weights=weights.digest))
    artifacts = Artifacts.of(study)
    assert artifacts
    artifacts.put(file, lease.hash, weights.digest)
    copies = str(tmp_path / "copies.db")
    copy_study(study, "copy", storage=copies)
    with Study.open(tmp_path / "copy", name="copy", storage=copies) as copy:
        copy.change({})
        copy_study(copy, "again")
    with Study.open(tmp_path / "again", name="again", storage=copies) as again:
        found = weights_file(again, again.trials()[0])
        assert found.parent == tmp_path / "again" / "checkpoints"
        assert found.read_bytes() == file.read_bytes()


@pytest.mark.slow
def test_without_them_the_machine_that_has_them_is_named(job: Job, tmp_path: Path) -> None:
    search(replace(job, trials=1), tmp_path / "run")
    shutil.rmtree(tmp_path / "shelf")
    (tmp_path / "run").rename(tmp_path / "moved")
    shutil.rmtree(tmp_path / "moved" / "checkpoints")
    with Study.open(tmp_path / "moved") as study:
        written = f"they were written on .* to {tmp_path}/run/checkpoints"
        law = f"are not here, nor in {tmp_path}/shelf/tiny-digits-[^ ]*; {written}"
        with pytest.raises(InputError, match=law):
            trained(study, "best", note=pytest.fail)


@pytest.mark.parametrize("ends", [False, True])
def test_a_place_that_is_away_costs_no_result_and_is_tried_again(
    tmp_path: Path, lease: Lease, network: Network, ends: bool
) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.create()
    lines: list[str] = []
    context = Context(lease=lease, worker="w1", log=lines.append, report=lambda epoch, metrics: True)

    def give_result(network: Network, context: Context) -> Result:
        (folder.checkpoints / f"{lease.hash}.safetensors").write_bytes(b"weights")
        return context.result(status="complete", metrics={"accuracy": 0.5}, weights="d" * 64)

    shelf = tmp_path / "shelf"
    shelf.touch()  # no folder can be made there
    artifacts = Artifacts(address=str(shelf), search="tiny", identity="1234567890")
    evaluate = UploadingEvaluator(evaluate=give_result, artifacts=artifacts, checkpoints=folder.checkpoints)
    result = evaluate(network, context)
    assert result.status == "complete"
    assert result.message == f"weights are not handed over to {shelf}/tiny-12345678 yet"
    assert "stay in" in lines[-1]
    evaluate.finish(lines.append)
    kept = f"and stay in {folder.checkpoints}: {lease.hash}.safetensors"
    assert lines[-1] == f"weights were not handed over to {artifacts} {kept}"
    said = len(lines)
    shelf.unlink()
    if ends:
        evaluate.finish(lines.append)
        assert len(lines) == said
    else:
        assert evaluate(network, context).message == ""
    assert [file.name for file in (shelf / "tiny-12345678").iterdir()] == [
        f"{lease.hash}-{'d' * 16}.safetensors"
    ]


def test_a_folder_that_cannot_be_made_ends_the_search_before_it_trains(job: Job, tmp_path: Path) -> None:
    (tmp_path / "shelf").write_text("a file")
    with pytest.raises(JobError, match=r"shelf': weights cannot be kept there: .*; name a folder for them"):
        search(job, tmp_path / "run")
    assert not (tmp_path / "run").exists()
