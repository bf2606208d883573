"""The folder of a run: names that cannot be written down are refused before anything is trained."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from archscape.search.folder import RunFolder
from archscape.spaces.atomic import write_whole
from archscape.spaces.errors import InputError


def test_a_name_that_is_not_utf8_is_refused_before_the_training(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    with pytest.raises(InputError, match="not UTF-8; choose another folder with --out"):
        RunFolder(folder).create()
    assert not folder.exists()


@pytest.mark.parametrize("name", ["a b", "new\nline", "café", "a'b\"c", "[x]*?"])
def test_other_odd_names_are_folders(tmp_path: Path, name: str) -> None:
    RunFolder(tmp_path / name).create()
    assert (tmp_path / name / "checkpoints").is_dir()


def test_a_byte_that_is_not_utf8_in_a_page_is_an_escape(tmp_path: Path) -> None:
    write_whole(tmp_path / "page", "caf\udce9")
    assert (tmp_path / "page").read_bytes() == b"caf\\udce9"
