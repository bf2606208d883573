"""What keeps the tests honest: no missing program is silent; what tests start is interrupted, and ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import programs
from helpers.processes import ended, popen

CHILD = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
IGNORING = f"""\
import runpy, signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
runpy.run_path("tests/conftest.py")
subprocess.run([sys.executable, "-c", {CHILD!r}], check=True)
"""


@pytest.fixture
def no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "PROGRAMS", {"Chromium": lambda: None, "PostgreSQL": lambda: "/usr/bin"})


@pytest.mark.usefixtures("no_browser")
def test_a_missing_program_skips_the_test_and_says_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(
        pytest.skip.Exception, match="no Chromium on this machine: `make programs` installs it"
    ):
        programs.need_program("Chromium")
    programs.need_program("PostgreSQL")


@pytest.mark.usefixtures("no_browser")
def test_under_ci_a_missing_program_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception, match="`make programs` installs it"):
        programs.need_program("Chromium")
    programs.need_program("PostgreSQL")


def test_a_child_can_be_interrupted_though_a_shell_has_the_tests_ignore_it(root: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(["tests", *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", IGNORING],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


SLEEPS = [sys.executable, "-c", "input()"]


def test_what_a_test_started_ends_with_it_and_nothing_that_was_there_before() -> None:
    with popen(SLEEPS, stdin=subprocess.PIPE) as older:
        with ended():
            left = popen(SLEEPS, stdin=subprocess.PIPE)
        assert (left.returncode, older.poll()) == (-signal.SIGKILL, None)
        older.kill()


def test_a_block_that_fails_ends_its_process_and_does_not_wait_for_it() -> None:
    with pytest.raises(ZeroDivisionError), popen(SLEEPS, stdin=subprocess.PIPE) as process:
        _ = 1 / 0
    assert process.returncode == -signal.SIGKILL


def test_every_process_of_a_test_is_one_that_ends_with_it(root: Path) -> None:
    """Fixtures that outlive a test end theirs by themselves."""
    tests = sorted((root / "tests").rglob("test_*.py"))
    starting = [file.name for file in tests if re.search(r"subprocess\.Popen\(", file.read_text())]
    assert starting == ["test_watched.py"], "`helpers.processes.popen` starts them"  # but for a driver's text
