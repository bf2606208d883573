"""A folder that is whole or absent: what is there already, and what is left by whatever ends the writing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archscape.search.trained.exporting.whole_folder import check_place, whole_folder
from archscape.spaces.atomic import temporary_name
from archscape.spaces.errors import InputError


def bundle_of(network: str, out: Path, *more: str) -> None:
    out.mkdir()
    config = {"format": "archscape-bundle", "version": 1, "network": network, "sha256": {"used.py": ""}}
    (out / "config.json").write_text(json.dumps(config))
    for name in ("model.onnx", *more):
        (out / name).write_text("old")


def write(out: Path) -> None:
    with whole_folder(out) as folder:
        (folder / "new").write_text("new")
        assert folder.parent == out.parent


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_is_left_of_what_was_not_finished(tmp_path: Path, error: type[BaseException]) -> None:
    def fail(out: Path) -> None:
        with whole_folder(out) as folder:
            (folder / "half").write_text("")
            raise error

    with pytest.raises(error):
        fail(tmp_path / "out")
    assert not [*tmp_path.iterdir()]
    bundle_of("n", tmp_path / "out")
    with pytest.raises(error):
        fail(tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"out"}
    assert (tmp_path / "out" / "model.onnx").read_text() == "old"


def test_the_old_one_is_replaced_whole(tmp_path: Path) -> None:
    bundle_of("n", tmp_path / "out")
    write(tmp_path / "out")
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "new"]


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "out").symlink_to("there")
    write(tmp_path / "out")
    assert (tmp_path / "there" / "new").is_file()


def test_what_python_leaves_and_files_of_uses_belong_to_a_bundle(tmp_path: Path) -> None:
    bundle_of("n", tmp_path / "out", "used.py")
    (tmp_path / "out" / "__pycache__").mkdir()
    check_place(tmp_path / "out", "n")
    check_place(tmp_path / "absent", "n")


def test_what_is_no_bundle_of_the_network_is_refused(tmp_path: Path) -> None:
    bundle_of("m", tmp_path / "other")
    bundle_of("n", tmp_path / "more", "notes.txt")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_text("")
    (tmp_path / "file").write_text("")
    laws = {
        "other": "holds the bundle of network m, not of n",
        "more": r"holds what is not of its bundle \(notes.txt\)",
        "folder": r"holds other files \(a\)",
        "file": "is no folder",
    }
    for name, law in laws.items():
        with pytest.raises(InputError, match=law):
            check_place(tmp_path / name, "n")


def test_what_killed_writers_left_goes_and_what_others_write_stays(tmp_path: Path) -> None:
    killed, other = temporary_name(tmp_path / "out"), temporary_name(tmp_path / "other")
    for folder in (killed, other):
        folder.mkdir()
        (folder / "half").write_text("")
    with whole_folder(tmp_path / "out") as theirs:
        write(tmp_path / "out")
        assert theirs.is_dir()
        assert not killed.exists()
    assert {path.name for path in tmp_path.iterdir()} == {"out", other.name}


def test_a_whole_bundle_that_a_kill_left_beside_its_place_is_not_lost(tmp_path: Path) -> None:
    bundle_of("n", temporary_name(tmp_path / "out"))

    def fail(out: Path) -> None:
        with whole_folder(out):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "model.onnx").read_text() == "old"
