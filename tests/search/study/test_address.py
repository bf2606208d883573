"""Addresses: the study a folder was used with, or the one that is meant of several, without a password."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from archscape.search.study.address import Address
from archscape.search.study.study import Study
from archscape.spaces.errors import JobError, StudyError

FACTS: dict[str, Any] = {"objectives": {"accuracy": "maximize"}, "seed": 0}
URL = "postgresql://me:secret@host:1/db?sslmode=require"


def test_study_lies_in_the_folder_unless_told_otherwise(tmp_path: Path) -> None:
    address = Address.of(tmp_path, name="a")
    assert address.target == tmp_path / "study.db"
    address.keep()
    assert list(tmp_path.iterdir()) == []


def test_folder_remembers_its_storage_and_study_but_no_password(tmp_path: Path) -> None:
    Address.of(tmp_path, name="a", storage=URL).keep()
    [note] = tmp_path.iterdir()
    assert json.loads(note.read_text()) == {
        "storage": "postgresql://me@host:1/db?sslmode=require",
        "study": "a",
    }
    again = Address.of(tmp_path, name="of no account")
    assert (again.target, again.name) == ("postgresql://me@host:1/db?sslmode=require", "a")
    assert Address.of(tmp_path, name="b", storage=URL).target == URL


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
