"""Log files: each line once and whole, whatever the file system refuses meanwhile."""

from __future__ import annotations

import re
import resource
from pathlib import Path

import pytest

from archscape.search.workers.log_files import LogFiles

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00"


def lines_of(path: Path) -> list[str]:
    return [re.sub(f"^{TIME} ", "", line) for line in path.read_text().splitlines()]


def test_each_line_has_its_time(tmp_path: Path) -> None:
    log = LogFiles().logger(tmp_path / "trial.log")
    log("one\n")
    log("two \udcff")
    lines = (tmp_path / "trial.log").read_text().splitlines()
    assert [bool(re.match(f"{TIME} ", line)) for line in lines] == [True, True]
    assert lines_of(tmp_path / "trial.log") == ["one", "two \\udcff"]


@pytest.mark.parametrize("path", ["/dev/full", "/nonexistent/trial.log"])
def test_a_line_that_is_refused_stops_nothing(path: str) -> None:
    LogFiles().logger(Path(path))("x")


def test_lines_wait_for_a_folder_that_is_away(tmp_path: Path) -> None:
    """They come with the next line of any log of the process, or when it ends."""
    files, folder = LogFiles(), tmp_path / "logs"
    first, second = folder / "trial-0.log", folder / "trial-1.log"
    files.logger(first)("ends")
    files.logger(second)("starts")
    folder.mkdir()
    files.logger(second)("epoch 1")
    assert (lines_of(first), lines_of(second)) == (["ends"], ["starts", "epoch 1"])
    (tmp_path / "logs").rename(tmp_path / "away")
    files.logger(second)("ends")
    (tmp_path / "away").rename(tmp_path / "logs")
    files.write()
    files.write()
    assert lines_of(second) == ["starts", "epoch 1", "ends"]


def test_a_line_that_was_cut_off_goes_on_where_it_was(tmp_path: Path) -> None:
    """A disk that is full takes the part for which it has room."""
    files, path = LogFiles(), tmp_path / "trial.log"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40, before[1]))
    try:
        files.logger(path)("epoch 1")
        files.logger(path)("w1 ends: complete")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.stat().st_size == 40
    files.write()
    assert lines_of(path) == ["epoch 1", "w1 ends: complete"]


def test_a_symbolic_link_is_set_aside_and_not_followed(tmp_path: Path) -> None:
    outside, path = tmp_path / "outside", tmp_path / "trial.log"
    outside.write_text("mine\n")
    path.symlink_to(outside)
    LogFiles().logger(path)("one")
    assert (outside.read_text(), lines_of(path)) == ("mine\n", ["one"])
    assert (tmp_path / "trial.log.damaged").is_symlink()
