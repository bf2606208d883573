"""The files of the user's functions: sent to actors, and run from a folder of their own if need be."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from archscape.search.workers.user_code import find_code, ship_code, unpack_code
from archscape.spaces.errors import JobError
from archscape.spaces.language import user_function, uses
from archscape.spaces.language.user_function import UserFunction


@pytest.fixture
def function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UserFunction:
    """A function in a package, of which nothing was imported here."""
    monkeypatch.setattr(uses, "_vouched", set())
    monkeypatch.setattr(user_function, "_imported", {})
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("shipped", "shipped.parts", "shipped.training"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    package = tmp_path / "here" / "shipped"
    package.mkdir(parents=True)
    (package / "__init__.py").write_bytes(b"# -*- coding: latin-1 -*-\nNAME = '\xe9'\n")
    (package / "parts.py").write_text("from . import NAME\n")
    (package / "training.py").write_text(
        "from .parts import NAME\n\n\ndef fit(network, context):\n    return NAME\n"
    )
    return UserFunction.parse("training.py:fit", package)


def test_what_lies_in_its_place_is_run_there(function: UserFunction) -> None:
    unpack_code(ship_code({"train": function}))
    assert function.load().__code__.co_filename == function.file


def test_what_does_not_is_run_from_a_folder_of_its_own(function: UserFunction, tmp_path: Path) -> None:
    """Byte for byte the same files."""
    shipped, digests = ship_code({"train": function}), [*function.digests().values()]
    (tmp_path / "here").rename(tmp_path / "elsewhere")
    unpack_code(shipped)
    assert function.load()(None, None) == "é"
    assert not function.load().__code__.co_filename.startswith(str(tmp_path))
    assert [*function.digests().values()] == digests


@pytest.mark.parametrize("name", ["training.py", "parts.py"])
def test_what_lies_in_its_place_with_another_content_is_not_run(function: UserFunction, name: str) -> None:
    """Such as what was edited while the search runs, or an older copy on another machine."""
    shipped, digests = ship_code({"train": function}), [*function.digests().values()]
    Path(function.file).with_name(name).write_text("raise SystemExit('run')\n")
    unpack_code(shipped)
    assert function.load()(None, None) == "é"
    assert [*function.digests().values()] == digests


def test_a_study_cannot_name_files_out_of_the_functions_folder(
    function: UserFunction, tmp_path: Path
) -> None:
    code = function.facts()
    code["files"]["../../stranger.py"] = "0" * 64
    with pytest.raises(JobError, match="which is not in the folder of its function"):
        find_code({"train": function}, {"train": code}, [])


def test_a_study_that_knows_another_file_of_a_function_says_which(function: UserFunction) -> None:
    code = function.facts()
    code["files"] = {"shipped/other.py": "0" * 64}
    with pytest.raises(JobError, match=r"no file 'training\.py' for training\.py:fit: .* shipped/other\.py"):
        find_code({"train": function}, {"train": code}, [])
