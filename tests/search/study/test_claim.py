"""A folder belongs to one study: no other writes there, and none begins anew over what is left of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest
from helpers.in_process import InProcess

from archscape.search.job import Job, read_job
from archscape.search.join import join
from archscape.search.search import run
from archscape.search.study.claim import check_output, check_study
from archscape.search.study.owner import Owner
from archscape.search.study.study import Study
from archscape.search.workers.trial_source import SearchPlan
from archscape.spaces.errors import InputError, JobError, StudyGone

FACTS: dict[str, Any] = {"objectives": {"accuracy": "maximize"}, "seed": 0}
SETTINGS = {"job": "data: digits", "space": ""}


def begin(folder: Path, name: str = "a", storage: str = "") -> None:
    folder.mkdir(exist_ok=True)
    Study.open(folder, name=name, storage=storage, facts=FACTS, settings=SETTINGS).close()


def leave_results(folder: Path, trials: int = 2) -> None:
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    (folder / "trials.csv").write_text("number,network\n" + '0,"{\n}"\n' * trials)
    (folder / "checkpoints" / "abc.safetensors").write_bytes(b"weights")


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and "-" not in path.name
    }


@pytest.fixture
def refused(tmp_path: Path) -> Callable[..., str]:
    """Takes a step that is refused with one line and changes nothing in a folder; returns the line."""

    def refuse(step: Callable[[], object], folder: Path) -> str:
        before = content(folder)
        with pytest.raises(InputError) as caught:
            step()
        assert content(folder) == before
        assert "--out" in str(caught.value)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return refuse


def test_study_of_another_name_or_storage_does_not_get_the_folder(
    tmp_path: Path, refused: Callable[..., str]
) -> None:
    folder, shared = tmp_path / "own", str(tmp_path / "shared.db")
    begin(folder)
    begin(tmp_path / "other", "b", shared)
    assert "belongs to study 'a' in its own study.db, not to 'b'" in refused(
        lambda: begin(folder, "b"), folder
    )
    for name in ("a", "b"):
        refused(lambda name=name: begin(folder, name, shared), folder)
    (folder / "study.json").unlink()  # as an earlier version left it
    assert "belongs to study 'a'" in refused(lambda: begin(folder, "b"), folder)
    refused(lambda: begin(folder, "b", shared), folder)
    begin(folder)


def test_worker_does_not_take_over_a_folder(tmp_path: Path, refused: Callable[..., str]) -> None:
    shared = str(tmp_path / "shared.db")
    for name in ("a", "b"):
        begin(tmp_path / name, name, shared)
    message = refused(lambda: join(name="b", storage=shared, out=tmp_path / "a"), tmp_path / "a")
    assert f"{tmp_path / 'a'}: belongs to study 'a' in {shared}, not to 'b'" in message


def test_search_of_another_name_is_refused_before_a_worker_starts(
    job_file: Path, tmp_path: Path, refused: Callable[..., str]
) -> None:
    job = read_job(job_file)
    folder = tmp_path / "run"
    begin(folder)
    message = refused(lambda: run(job, out=folder, executor=InProcess()), folder)
    assert "belongs to study 'a'" in message
    assert not (folder / "logs").exists()


@pytest.mark.parametrize("fault", ["deleted", "emptied"])
@pytest.mark.parametrize("claimed", [True, False])
def test_study_whose_file_is_gone_is_not_begun_anew(
    tmp_path: Path, refused: Callable[..., str], fault: str, claimed: bool
) -> None:
    begin(tmp_path)
    leave_results(tmp_path)
    for file in tmp_path.glob("study.db*"):
        file.unlink()
    if fault == "emptied":
        (tmp_path / "study.db").touch()
    if not claimed:
        (tmp_path / "study.json").unlink()
    message = refused(lambda: begin(tmp_path), tmp_path)
    assert "study 'a' is not in" in message
    assert "2 trials in trials.csv, 1 file of weights in checkpoints/ are here" in message


def test_study_that_was_deleted_from_its_storage_is_not_begun_anew(
    tmp_path: Path, refused: Callable[..., str]
) -> None:
    """Nor taken for another that was made under its name, be it to search or to look."""
    folder, shared = tmp_path / "a", str(tmp_path / "shared.db")
    begin(folder, "a", shared)
    leave_results(folder)
    optuna.delete_study(study_name="a", storage=f"sqlite:///{shared}")
    assert f"its study 'a' is not in {shared} any more" in refused(lambda: begin(folder, "a", shared), folder)
    begin(tmp_path / "new", "a", shared)
    for storage in (shared, ""):
        message = refused(lambda storage=storage: begin(folder, "a", storage), folder)
        assert "was deleted from" in message
    with pytest.raises(StudyGone, match="another of that name took its place"):
        Study.open(folder)


def test_copied_or_moved_folder_stays_with_its_study(tmp_path: Path) -> None:
    begin(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "copy")
    begin(tmp_path / "copy")
    (tmp_path / "a").rename(tmp_path / "moved")
    begin(tmp_path / "moved", storage=str(tmp_path / "moved" / "study.db"))
    assert json.loads((tmp_path / "moved" / "study.json").read_text())["storage"] == ""
    with Study.open(tmp_path / "moved") as moved, Study.open(tmp_path / "copy") as copy:
        assert moved.identity == copy.identity


def test_study_that_is_older_than_its_table_is_refused(
    job_file: Path, tmp_path: Path, refused: Callable[..., str]
) -> None:
    """As when the file was restored from a backup: the table would lose trials."""
    job: Job = read_job(job_file)
    folder = tmp_path / "run"
    folder.mkdir()
    Study.open(folder, name=job.search, facts=job.facts(), settings=job.settings()).close()
    leave_results(folder, trials=3)
    message = refused(lambda: run(job, out=folder, executor=InProcess()), folder)
    assert "its study holds 0 trials, but trials.csv 3" in message


def test_results_do_not_go_into_the_folder_of_another_run(tmp_path: Path) -> None:
    begin(tmp_path / "a")
    (tmp_path / "plain").mkdir()
    check_output(tmp_path / "plain")
    check_output(tmp_path / "missing")
    check_output(tmp_path / "a", tmp_path / "plain" / ".." / "a")
    for source in (None, tmp_path / "plain", tmp_path / "missing"):
        with pytest.raises(InputError, match="is the folder of study 'a', where this does not belong"):
            check_output(tmp_path / "a", source)


def test_job_that_was_mended_before_a_trial_begins_anew_in_its_folder(tmp_path: Path) -> None:
    begin(tmp_path)
    with Study.open(tmp_path) as study:
        study.delete()
    begin(tmp_path, "other")


@pytest.mark.slow
@pytest.mark.parametrize("storage", ["", "shared.db"])
def test_mended_job_begins_anew_in_a_folder_of_an_earlier_version(
    job_file: Path, tmp_path: Path, storage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those left no id in `study.json`, and the path of a database as it was typed."""
    monkeypatch.chdir(tmp_path)
    job, folder = replace(read_job(job_file), trials=1, workers=1), tmp_path / "run"
    begun = replace(job, seed=5)
    folder.mkdir()
    facts, settings = begun.facts(), begun.settings()
    Study.open(folder, name=job.search, storage=storage, facts=facts, settings=settings).close()
    (folder / "study.json").write_text(json.dumps({"storage": storage, "study": job.search}))
    run(job, out=folder, storage=storage, executor=InProcess())
    with Study.open(folder) as study:
        assert (study.facts["seed"], study.counts()) == (job.seed, {"complete": 1})
        assert json.loads((folder / "study.json").read_text())["id"] == study.identity


def test_study_with_a_trial_or_results_is_not_deleted_for_a_mended_job(
    study: Study, plan: SearchPlan, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other search submits between the look at the study and its removal."""
    folder = study.address.folder
    leave_results(folder)
    assert not study.delete_unused()
    shutil.rmtree(folder / "checkpoints")
    (folder / "trials.csv").unlink()
    with Study.open(folder) as other:
        claim = study.claim

        def submit() -> None:
            claim()
            assert other.ask_unique(plan.propose, owner, trials=1)

        monkeypatch.setattr(study, "claim", submit)
        assert not study.delete_unused()
        assert other.counts() == {"running": 1}


def test_claim_is_checked_before_the_database(tmp_path: Path) -> None:
    begin(tmp_path, "a", str(tmp_path / "shared.db"))
    with pytest.raises(JobError, match="belongs to study 'a'"):
        begin(tmp_path, "b", "postgresql://me@localhost:1/nothing")


def test_study_looked_at_by_its_storage_takes_no_file_of_another_run(tmp_path: Path) -> None:
    """As with `report --study b --storage URL`, which looks into `runs/b` of whoever that is."""
    shared = str(tmp_path / "shared.db")
    begin(tmp_path / "runs", "b")
    begin(tmp_path / "b", "b", shared)
    with Study.open(tmp_path / "runs", name="b", storage=shared) as study:
        assert (study.owns(tmp_path / "runs"), study.owns(tmp_path / "b")) == (False, True)


def test_folder_of_an_earlier_version_goes_by_the_address_of_its_study(
    tmp_path: Path, refused: Callable[..., str]
) -> None:
    """That version kept no id, and the whole path of a database, be it the folder's own."""
    folder, link = tmp_path / "a", tmp_path / "link"
    link.symlink_to(tmp_path)
    first, second = (str(tmp_path / name) for name in ("first.db", "second.db"))

    def forget(storage: str) -> None:
        (folder / "study.json").write_text(json.dumps({"storage": storage, "study": "a"}))

    begin(folder, "a", first)
    begin(tmp_path / "b", "a", second)
    forget(first)
    message = refused(lambda: begin(folder, "a", second), folder)
    assert f"belongs to study 'a' in {first}, not to 'a' in {second}" in message
    with Study.open(folder, name="a", storage=second) as study:
        assert not study.owns(folder)
    begin(tmp_path / "c", "c", third := str(tmp_path / "third.db"))
    assert f"to study 'a' in {first}, not to 'a' in {third}" in refused(
        lambda: begin(folder, "a", third), folder
    )
    begin(folder, "a", str(link / "first.db"))
    assert json.loads((folder / "study.json").read_text())["id"]
    begin(tmp_path / "own")
    folder = tmp_path / "own"
    for storage in ("", str(folder / "study.db")):
        forget(storage)
        begin(folder)
    forget("postgresql://me@host/db")
    refused(lambda: begin(folder, "a", second), folder)


def test_folder_that_another_search_claimed_first_is_not_that_of_a_study_gone(tmp_path: Path) -> None:
    """Two searches began at once in a new folder; one had looked before the other claimed it."""
    shared = str(tmp_path / "shared.db")
    begin(tmp_path / "a", "a", shared)
    with pytest.raises(JobError, match=f"belongs to study 'a' in {shared}, not to 'b'"):
        check_study(tmp_path / "a", "b", shared, study=None, identity="")
