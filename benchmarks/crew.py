"""The processes of a search, as a user starts them: a coordinator with a pool, and workers that join it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

MARK = "ARCHSCAPE_CREW"
"""The variable that every process of a crew inherits, by which all are found."""

COORDINATOR, JOINED, LONGER = "coordinator", "joined", "longer"
WRONG_INPUT = 2


class Crew:
    """A coordinator and workers that joined, each started again when it is dead and wanted.

    Attributes:
        ends: Name and exit status of every process that ended, in order; a signal's number is negative.
    """

    def __init__(self, *, commands: dict[str, list[str]], errors: Path) -> None:
        """Make ready to start commands of archscape.

        Args:
            commands: By name, the arguments; one is the coordinator's.
            errors: Folder for what each says on standard error, `NAME.err`.
        """
        self.ends: list[tuple[str, int]] = []
        self._commands = commands
        self._errors = errors
        self._mark = uuid.uuid4().hex
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        """Start one process."""
        with (self._errors / f"{name}.err").open("ab") as errors:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", "archscape", *self._commands[name]],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env=os.environ | {MARK: self._mark, "COLUMNS": "100"},
                process_group=0,
            )

    def bury(self) -> list[str]:
        """Return the names of the processes that do not run, having noted those that ended.

        Raises:
            RuntimeError: If one says that its command or its job is wrong.
        """
        for name, process in list(self._processes.items()):
            if (status := process.poll()) is not None:
                if status == WRONG_INPUT:
                    raise RuntimeError(f"{name}: {self.said(name)}")
                self.ends.append((name, status))
                del self._processes[name]
        return [name for name in self._commands if name not in self._processes]

    def replace_dead(self, names: Collection[str]) -> None:
        """Start what does not run of these names."""
        for name in self.bury():
            if name in names:
                self.start(name)

    def said(self, name: str) -> str:
        """Return the end of what a process, with all that had its name before, said on standard error."""
        return (self._errors / f"{name}.err").read_text(errors="replace")[-2000:]

    def find(self, name: str) -> int | None:
        """Return the process number of a name; None if it does not run."""
        process = self._processes.get(name)
        return process.pid if process else None

    def workers(self) -> list[int]:
        """Return the process numbers of those that train: the pools of the coordinator and of what joined."""
        return [child for process in self._processes.values() for child in children(process.pid)]

    def everyone(self) -> list[int]:
        """Return the process numbers of all that live, found by their mark, whoever started them."""
        mark = f"{MARK}={self._mark}".encode()
        return [pid for pid in living() if mark in environment(pid)]

    def end(self) -> None:
        """End all processes."""
        while left := self.everyone():
            for pid in left:
                send(pid, signal.SIGKILL)
            self.bury()
            time.sleep(0.01)


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may have ended by itself."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def living() -> Iterator[int]:
    """Yield the numbers of all processes that can be seen."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            yield int(folder.name)


def environment(pid: int) -> list[bytes]:
    """Return the variables that a process was born with; none if it is gone, dead or another user's."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def children(pid: int) -> Iterator[int]:
    """Yield the numbers of a process's children."""
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):
            yield from map(int, path.read_text().split())
