"""Files that are whole or absent, and those that are set aside."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from archscape.spaces.atomic import set_aside, sweep, write_json, write_whole


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "a[1].json"
    write_whole(file, "old")
    write_json(file, {"new": 1})
    assert file.read_bytes() == b'{\n  "new": 1\n}\n'
    assert os.listdir(tmp_path) == [file.name]


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_the_mode_follows_the_umask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        write_whole(tmp_path / "file", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o666 & ~mask


def test_a_symbolic_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    outside, link = tmp_path / "outside", tmp_path / "report.html"
    outside.write_text("mine")
    link.symlink_to(outside)
    write_whole(link, "page")
    assert (outside.read_text(), link.read_text(), link.is_symlink()) == ("mine", "page", False)


def test_a_device_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, "table")
    assert os.read(reader, 100) == b"table"
    os.close(reader)
    write_whole(Path("/dev/null"), "table")
    assert Path("/dev/null").is_char_device()


def test_an_error_names_the_file_and_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="directory") as caught:
        write_whole(tmp_path / "folder", "x")
    assert caught.value.filename == str(tmp_path / "folder")
    assert os.listdir(tmp_path) == ["folder"]


def test_a_name_of_full_length_is_written(tmp_path: Path) -> None:
    file = tmp_path / ("é" * 127)
    write_whole(file, "x")
    sweep(file)
    assert file.read_text() == "x"


def test_what_a_killed_writer_left_is_swept(tmp_path: Path) -> None:
    for name in (".a[1].7-abc.part", ".a1.7-abc.part"):
        (tmp_path / name).touch()
    sweep(tmp_path / "a[1]")
    assert os.listdir(tmp_path) == [".a1.7-abc.part"]


def test_all_that_is_set_aside_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "trial.json"
    for text in ("one", "two", "three"):
        file.write_text(text)
        set_aside(file)
    names = ("trial.json.damaged", "trial.json.2.damaged", "trial.json.3.damaged")
    assert [(tmp_path / name).read_text() for name in names] == ["one", "two", "three"]
    assert not file.exists()
    assert set_aside(file) == tmp_path / "trial.json.4.damaged"  # another process was faster
