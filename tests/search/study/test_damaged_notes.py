"""`study.json` and `environment.json` that are damaged stop nothing that can go on without them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from archscape.search.folder import RunFolder, results
from archscape.search.study.claim import Claim
from archscape.search.study.damaged import move_aside
from archscape.search.study.study import Study
from archscape.spaces.errors import StudyError

NOBODY = 65534
FACTS: dict[str, Any] = {"objectives": {"accuracy": "maximize"}, "seed": 0}
DAMAGED = [b"", b"{", b"\xff\xfe", b"null", b"[]", b"{}", b'{"storage": 1, "study": "a"}', b'"text"']


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.json*")}


@pytest.mark.parametrize("content", DAMAGED)
def test_a_claim_beside_its_database_is_set_aside_by_who_works_there(
    study: Study, tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    study.claim()
    note = tmp_path / "study.json"
    note.write_bytes(content)
    with Study.open(tmp_path) as again:
        results(again)
        assert Claim.of(tmp_path) is None
        assert files(tmp_path) == {"study.json": content}  # looking writes nothing
        assert [line.split(": ")[:2] for line in caplog.messages] == [[str(note), "damaged"]]
        again.claim()
    assert (tmp_path / "study.json.damaged").read_bytes() == content
    assert json.loads(note.read_bytes())["id"] == study.identity


def test_a_claim_on_a_study_elsewhere_is_asked_for(tmp_path: Path) -> None:
    """Nothing is begun anew in its place, however often one tries."""
    note = tmp_path / "study.json"
    note.write_text("{")
    for _ in range(2):
        with pytest.raises(StudyError, match="move that file away, and give --storage URL"):
            Claim.of(tmp_path)
    assert note.read_text() == "{"


def test_a_claim_is_not_needed_where_the_study_is_said_to_be(tmp_path: Path) -> None:
    """Whoever gives the storage works on; who claims the folder keeps what was there, and writes it again."""
    folder, storage = tmp_path / "run", str(tmp_path / "studies.db")
    folder.mkdir()
    with Study.open(folder, name="a", storage=storage, facts=FACTS) as study:
        note = folder / "study.json"
        note.write_text("{")
        with Study.open(folder, name="a", storage=storage) as again:
            assert again.identity == study.identity
        note.write_text("{")
        assert study.owns(folder)
        note.write_text("{")
        study.claim()
        assert json.loads(note.read_bytes())["id"] == study.identity
        note.write_text("{")
        RunFolder(folder).write_results(study, command="archscape search")
        note.write_text("{")
        study.delete()
    assert sorted(path.name for path in folder.glob("study.json*")) == ["study.json", "study.json.damaged"]
    assert (folder / "trials.csv").exists()


def test_keys_of_a_later_version_are_no_damage(tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text('{"storage": "/x.db", "study": "a", "id": "1", "team": ["b"]}')
    assert Claim.of(tmp_path) == Claim(storage="/x.db", study="a", id="1")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"null", b"[1]", b'"text"'])
def test_an_environment_is_set_aside_by_who_works_there_and_what_is_here_now_is_shown(
    study: Study, tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    folder = RunFolder(tmp_path)
    folder.write_results(study, command="archscape search")
    file = tmp_path / "environment.json"
    file.write_bytes(content)
    before = files(tmp_path)
    for _ in range(2):
        assert results(study).environment["command"] == ""
    assert files(tmp_path) == before
    assert [line.split(": ")[:2] for line in caplog.messages] == [[str(file), "damaged"]]
    folder.write_results(study, command="archscape search")
    assert (tmp_path / "environment.json.damaged").read_bytes() == content
    assert results(study).environment["command"] == "archscape search"


def test_what_cannot_be_set_aside_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "run" / "study.json"
    file.parent.mkdir()
    file.write_text("{")
    file.parent.chmod(0o500)
    os.seteuid(os.geteuid() or NOBODY)  # a super-user may rename everything
    try:
        move_aside(file, "it is cut off")
    finally:
        os.seteuid(os.getuid())
        file.parent.chmod(0o700)
    assert file.read_text() == "{"
    assert "it is cut off; it could not be set aside: Permission denied" in caplog.text


def test_a_pipe_in_the_place_of_a_claim_is_damaged_and_not_waited_for(
    study: Study, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "study.json").unlink(missing_ok=True)
    os.mkfifo(tmp_path / "study.json")
    assert Claim.of(tmp_path) is None
    assert "study.json: damaged: it is no file" in caplog.text
    study.claim()
    assert (tmp_path / "study.json").is_file()
