"""What a driver leaves behind when it is killed: nothing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from helpers.processes import popen

from archscape.search.executors.ray import watcher
from archscape.search.executors.ray.watched import watched
from archscape.search.executors.ray.watcher import belonging
from archscape.search.study.owner import Owner

DRIVER = """\
import os, subprocess, sys, time
from archscape.search.executors.ray.watched import watched

with watched() as driver:
    (driver.folder / "file").touch()
    started = subprocess.Popen(["sleep", "1000"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    watcher = next(int(pid) for pid in open(f"/proc/self/task/{os.getpid()}/children").read().split())
    print(driver.folder, started.pid, watcher, flush=True)
    END
"""


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A folder for temporary files that no other search sees; its name is short, as Ray's sockets need it.

    `tmp_path` comes first, or pytest would make the folder of all of them in this one.
    """
    with TemporaryDirectory(dir="/tmp") as folder:
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.setattr("tempfile.tempdir", None)
        yield


def drive(end: str) -> tuple[subprocess.Popen[str], Path, Owner, int]:
    """Start a driver; return it, its folder, a process that it started, and its watcher."""
    command = [sys.executable, "-c", DRIVER.replace("END", end)]
    process = popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    folder, started, watcher = process.stdout.readline().split()
    return process, Path(folder), Owner.of(int(started)), int(watcher)


def test_a_killed_driver_leaves_no_process_and_no_file() -> None:
    process, folder, started, _ = drive("time.sleep(1000)")
    assert belonging(folder) == [started.pid]
    process.kill()
    errors = process.communicate()[1]  # ends with the watcher
    assert started.is_dead(Owner.current())
    assert not folder.exists()
    assert errors == (
        "archscape: the search was cut off: its process was killed, or Ray on its node died; "
        "the same command resumes it\n"
    )


TITLED = """\
import time
from ray._raylet import setproctitle

setproctitle("ray::DashboardAgent")
print("titled", flush=True)
time.sleep(1000)
"""


@pytest.mark.slow
def test_a_process_to_which_ray_gave_a_title_is_found_by_its_files() -> None:
    """A title overwrites the environment: how much depends on its order, so here our mark is left out."""
    unmarked = {name: value for name, value in os.environ.items() if name != watcher.MARK}
    with watched() as driver, (driver.folder / "agent.err").open("w") as errors:
        command = [sys.executable, "-c", TITLED]
        process = popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=unmarked)
        with process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == "titled\n"
                assert belonging(driver.folder) == [process.pid]
                watcher.remove(driver.folder)
                assert process.wait() == -signal.SIGKILL
            finally:
                process.kill()


def test_who_reads_a_file_of_ray_is_left() -> None:
    with watched() as driver:
        log = driver.folder / "raylet.out"
        log.touch()
        for mode, found in (("r", False), ("a", True)):
            command = ["ray::reader", "1000"]
            with log.open(mode) as file:
                process = popen(command, executable=shutil.which("sleep"), env={}, stdin=file)
            assert belonging(driver.folder) == [process.pid] * found
            process.kill()
            process.wait()


def test_a_vital_process_that_dies_ends_the_driver_and_is_named() -> None:
    died = '[("log_monitor", None), ("gcs_server", None)]'
    wait = f"with driver.following(lambda: {died}):\n        time.sleep(1000)"
    process, folder, started, _ = drive(wait)
    errors = process.communicate()[1]
    assert process.returncode == 1
    assert errors == (
        "archscape: the search was cut off: gcs_server of Ray died; the same command resumes it\n"
    )
    assert started.is_dead(Owner.current())
    assert not folder.exists()


@pytest.mark.parametrize(("end", "status"), [("pass", 0), ("raise SystemExit(2)", 2)])
def test_a_driver_that_ends_by_itself_says_what_it_has_to_say(end: str, status: int) -> None:
    process, folder, started, _ = drive(end)
    assert process.communicate()[1] == ""
    assert process.returncode == status
    assert started.is_dead(Owner.current())
    assert not folder.exists()


def test_paths_of_sockets_are_short_wherever_temporary_files_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Systems allow 103 bytes or a few more; the longest is that of Ray's store of objects."""
    socket = "session_2026-12-31_23-59-59_999999_4194304/sockets/plasma_store"
    deep = tmp_path / ("deep" * 10)
    deep.mkdir()
    for place in (Path(tempfile.gettempdir()), deep):
        monkeypatch.setattr("tempfile.tempdir", str(place))
        with watched() as driver:
            assert driver.folder.parent == (Path("/tmp") if place == deep else place)
            assert len(os.fsencode(driver.folder / socket)) <= 103


def test_what_a_killed_watcher_left_is_removed_by_the_next_driver() -> None:
    process, folder, started, watcher = drive("time.sleep(1000)")
    with watched() as second:
        assert folder.exists()  # its driver lives
    os.kill(watcher, signal.SIGKILL)
    process.kill()
    process.communicate()
    assert folder.exists()
    assert not started.is_dead(Owner.current())
    with watched() as third:
        assert not folder.exists()
        assert third.folder != second.folder
    assert started.is_dead(Owner.current())


@pytest.mark.parametrize("name", ["archscape-demo", "archscape-ray-demo"])
@pytest.mark.parametrize("copied", [False, True])
def test_folder_of_somebody_else_with_a_file_called_lock_is_left(name: str, copied: bool) -> None:
    """Also one that was copied from a folder of ours."""
    folder = Path(tempfile.gettempdir(), name)
    folder.mkdir()
    (folder / "trials.csv").write_text("number")
    with watched() as first:
        (folder / "lock").write_bytes((first.folder / "lock").read_bytes() if copied else b"")
    with watched():
        assert (folder / "trials.csv").read_text() == "number"
