"""Faults of the file system: what counts as one, and how it is waited for."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from archscape.search import file_faults
from archscape.search.file_faults import (
    PATIENCE_SECONDS,
    ROOM_BYTES,
    FileFault,
    check_usable,
    is_passing,
    is_waiting,
    make_folder,
    own_files,
    persist,
)
from archscape.spaces.atomic import write_whole


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def is_usable(folder: Path) -> bool:
    try:
        check_usable([folder])
    except FileFault:
        return False
    return True


@pytest.mark.parametrize(("free", "room"), [(ROOM_BYTES, False), (ROOM_BYTES + 1, True)])
def test_a_folder_needs_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, room: bool) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(2**40, 0, free))
    assert is_usable(tmp_path) is room


def test_a_limit_is_seen_where_the_disk_has_room(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        assert not is_usable(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert is_usable(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_real_write_to_a_full_device_is_known() -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        Path("/dev/full").write_text("x")
    assert is_passing(caught.value)


@pytest.mark.parametrize("number", [errno.EDQUOT, errno.EIO, errno.ESTALE, errno.ENFILE, errno.EMFILE])
def test_some_errors_are_the_fault_of_nobody_whosever_the_file_is(number: int) -> None:
    assert is_passing(OSError(number, os.strerror(number), "/home/user/evaluator.txt"))


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.ENOENT, errno.EROFS, errno.ENOTDIR])
def test_others_pass_for_files_of_ours_alone(number: int) -> None:
    error = OSError(number, os.strerror(number), "/data/x")
    assert not is_passing(error)
    with pytest.raises(FileFault) as caught, own_files():
        raise error
    assert is_passing(caught.value)
    assert (caught.value.errno, caught.value.filename) == (number, "/data/x")


def test_what_is_no_error_of_a_file_never_passes() -> None:
    assert not is_passing(MemoryError())
    assert not is_passing(ValueError("x"))


def appearing(path: Path, at: int) -> tuple[Callable[[float], None], list[float]]:
    """Return a sleep in which a folder appears at its n-th call, and the pauses that it was asked for."""
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == at:
            path.mkdir()

    return sleep, pauses


def test_a_step_is_taken_again_until_its_folder_is_back(tmp_path: Path) -> None:
    folder, said = tmp_path / "checkpoints", list[str]()
    sleep, pauses = appearing(folder, at=3)
    file = folder / "weights"
    assert persist(lambda: file.write_text("w"), say=said.append, sleep=sleep) == 1
    assert (file.read_text(), len(pauses)) == ("w", 3)
    assert said[0] == f"waits for {file}: No such file or directory"
    assert said[1].startswith("tries again after")


def test_a_folder_that_stays_missing_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_faults, "MISSING_SECONDS", 0.0)
    run, logs = tmp_path / "run", tmp_path / "run" / "logs"
    persist(lambda: (logs / "x").touch(), say=print, folders=[run, logs], sleep=lambda seconds: None)
    assert (logs / "x").exists()


def test_a_thread_is_known_to_wait_until_its_files_are_back(tmp_path: Path) -> None:
    thread, seen = threading.get_ident(), list[bool]()
    file = tmp_path / "new" / "x"

    def sleep(seconds: float) -> None:
        seen.append(is_waiting(thread))
        file.parent.mkdir()

    persist(lambda: file.touch(), say=print, sleep=sleep)
    assert (seen, is_waiting(thread)) == ([True], False)


def test_a_fault_that_stays_or_a_request_to_stop_ends_the_wait(tmp_path: Path) -> None:
    def step() -> str:
        return (tmp_path / "missing").read_text()

    with pytest.raises(FileFault, match="No such file") as caught:
        persist(step, say=print, waited=10.0, patience=10.0)
    assert not caught.value.is_lasting
    with pytest.raises(FileFault, match="No such file") as caught:
        persist(step, say=print, waited=PATIENCE_SECONDS)
    assert caught.value.is_lasting  # whoever takes the step anew does not wait so long again
    with pytest.raises(FileFault, match="No such file"):
        persist(step, say=print, should_stop=lambda: True)


def test_what_no_waiting_mends_is_raised_at_once(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "full" / "file").mkdir(parents=True)
    steps: list[Callable[[], object]] = [
        lambda: write_whole(tmp_path / "report.html", "page"),
        lambda: (tmp_path / ("x" * 300)).read_text(),
        lambda: (tmp_path / "loop").read_text(),
        lambda: (tmp_path / "full").rmdir(),
    ]

    def sleep(seconds: float) -> None:
        raise AssertionError("it waits")

    for step in steps:
        with pytest.raises(FileFault):
            persist(step, say=print, sleep=sleep)


def test_what_is_no_fault_of_the_file_system_is_raised_at_once(tmp_path: Path) -> None:
    def step() -> None:
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        persist(step, say=print)


def test_a_file_in_the_place_of_a_folder_is_set_aside(tmp_path: Path) -> None:
    place, lines = tmp_path / "logs", list[str]()
    place.write_text("x")
    make_folder(place, lines.append)
    make_folder(place, lines.append)
    assert place.is_dir()
    assert (tmp_path / "logs.damaged").read_text() == "x"
    assert len(lines) == 1
