"""Addresses: the study a folder was used with, or the one that is meant of several, without a password."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from archscape.search.study.address import Address, with_secrets
from archscape.search.study.claim import Claim
from archscape.search.study.study import Study
from archscape.spaces.errors import JobError, StudyError

FACTS: dict[str, Any] = {"objectives": {"accuracy": "maximize"}, "seed": 0}
URL = "postgresql://me:secret@host:1/db?sslmode=require"


def test_study_lies_in_the_folder_unless_told_otherwise(tmp_path: Path) -> None:
    assert Address.of(tmp_path, name="a").target == tmp_path / "study.db"


def test_folder_remembers_its_storage_and_study(tmp_path: Path) -> None:
    Claim(storage="postgresql://me@host:1/db", study="a").keep(tmp_path)
    again = Address.of(tmp_path, name="of no account")
    assert (again.target, again.name) == ("postgresql://me@host:1/db", "a")
    assert Address.of(tmp_path, name="b", storage=URL).target == URL


@pytest.mark.slow
@pytest.mark.parametrize("given", ["rel.db", "./rel.db", "sub/../rel.db", "sqlite:///rel.db"])
def test_same_command_from_another_folder_finds_the_same_study(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, other, run = tmp_path / "begun", tmp_path / "other", tmp_path / "run"
    begun.mkdir()
    other.mkdir()
    monkeypatch.chdir(begun)
    with Study.open(run, name="a", storage=given, facts=FACTS) as study:
        identity = study.identity
    monkeypatch.chdir(other)
    for storage in (given, ""):
        with Study.open(run, name="a", storage=storage, facts=FACTS) as study:
            assert (study.identity, study.address.storage) == (identity, str(begun / "rel.db"))
    assert json.loads((run / "study.json").read_text())["storage"] == str(begun / "rel.db")
    assert list(other.iterdir()) == []


def test_path_that_is_another_one_here_is_not_taken_for_the_known_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Claim(storage="/data/rel.db", study="a").keep(tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    assert Address.of(tmp_path / "run", storage="other.db").target == str(tmp_path / "other.db")
    assert Address.of(tmp_path / "run", storage=f"{tmp_path}/rel.db").target == f"{tmp_path}/rel.db"
    (tmp_path / "rel.db").touch()
    assert Address.of(tmp_path / "run", storage="rel.db").target == f"{tmp_path}/rel.db"


def test_database_in_the_folder_of_its_run_moves_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("run").mkdir()
    with Study.open(Path("run"), name="a", storage="run/own.db", facts=FACTS) as study:
        identity = study.identity
    Path("run").rename("moved")
    with Study.open(Path("moved")) as study:
        assert (study.identity, study.address.storage) == (identity, f"{tmp_path}/moved/own.db")


def test_relative_path_that_earlier_versions_kept_is_seen_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "study.json").write_text('{"storage": "rel.db", "study": "a"}')
    monkeypatch.chdir(tmp_path.parent)
    assert Address.of(tmp_path).target == str(tmp_path.parent / "rel.db")


def test_password_that_the_folder_does_not_keep_is_taken_from_the_same_address() -> None:
    kept = "postgresql://me@host:1/db?sslmode=require"
    assert with_secrets(kept, "postgresql://me:secret@elsewhere/db") == kept
    assert with_secrets(kept, URL) == URL
    assert with_secrets(f"{kept}&sslpassword=a", f"{URL}&sslpassword=b") == f"{URL}&sslpassword=b"
    assert with_secrets("", URL) == ""


def test_folder_without_a_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"no run of a search: it holds no study\.db"):
        Address.of(tmp_path).require()
    Address.of(tmp_path, storage=URL).require()


@pytest.mark.parametrize(
    ("name", "storage", "known", "chosen"),
    [
        ("", "", ["a"], "a"),
        ("", "", [], None),
        ("other", "", ["a"], "a"),  # the folder's own file holds one study, whatever the job's name is now
        ("", "x.db", ["a"], "a"),
        ("a", "x.db", ["a", "b"], "a"),
        ("c", "x.db", ["a", "b"], None),
        ("c", "x.db", ["a"], None),
    ],
)
def test_chooses_the_study_that_is_meant(
    tmp_path: Path, name: str, storage: str, known: list[str], chosen: str | None
) -> None:
    assert Address(folder=tmp_path, name=name, storage=storage).choose(known) == chosen


def test_several_studies_and_no_name_is_an_error(tmp_path: Path) -> None:
    address = Address(folder=tmp_path, name="", storage=URL)
    with pytest.raises(JobError, match="holds several studies; name one: a, b") as caught:
        address.choose(["a", "b"])
    assert "secret" not in str(caught.value)


def test_study_that_is_missing_names_the_nearest(tmp_path: Path) -> None:
    address = Address(folder=tmp_path, name="digit", storage=URL)
    assert address.missing(["digits"]).endswith(
        "db?sslmode=require: holds no study 'digit'; did you mean 'digits'?"
    )
    assert address.missing([]).endswith("holds no study")
    assert "secret" not in address.missing([])


def test_studies_share_a_storage(tmp_path: Path) -> None:
    storage = str(tmp_path / "shared.db")
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Study.open(tmp_path / name, name=name, storage=storage, facts=FACTS).close()
    with Study.open(tmp_path / "b") as study:
        assert (study.name, study.key) == ("b", 2)
    with pytest.raises(JobError, match="name one: a, b"):
        Study.open(tmp_path / "c", storage=storage)
    with pytest.raises(StudyError, match=r"shared\.db: holds no study 'c'"):
        Study.open(tmp_path / "c", name="c", storage=storage)
