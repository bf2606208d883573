"""Where workers run: in this process, or in a pool of processes on this machine."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from archscape.spaces.errors import InputError, StudyError

from .events import Event, Notify
from .stopping import Stop, Stopper

GRACE_SECONDS = 10.0
"""How long a pool waits for its workers to give their trials back."""

TICK_SECONDS = 0.25

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
}
"""The environment of a worker: threads of several workers would stand in each other's way."""


class Executor(Protocol):
    """Runs workers until the study of a run is done or a stop is requested."""

    def run(self, folder: Path, notify: Notify, stopper: Stopper) -> None:
        """Work on the study in the folder."""


@dataclass(frozen=True, kw_only=True)
class InProcess:
    """One worker, in this process."""

    def run(self, folder: Path, notify: Notify, stopper: Stopper) -> None:
        """Work on the study in the folder."""
        from .join import join_run

        with _one_thread():
            join_run(folder, name="w1", notify=notify, stopper=stopper)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute as the workers of a pool do, so that the same seed gives the same bits."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True, kw_only=True)
class LocalPool:
    """Worker processes on this machine, each persistent and with one thread.

    A worker that dies is replaced. Workers that keep dying while no trial comes to its end stop the search.

    Attributes:
        workers: How many.
    """

    workers: int

    def run(self, folder: Path, notify: Notify, stopper: Stopper) -> None:
        """Work on the study in the folder.

        Raises:
            InputError: What a worker found wrong with the job or its data.
            StudyError: If a worker cannot go on, or workers keep dying.
        """
        pool = _Pool(folder, notify, patience=3 * self.workers + 2)
        try:
            with stopper.interruptible():
                for i in range(self.workers):
                    pool.start(f"w{i + 1}")
                while pool.processes:
                    pool.attend()
        except Stop:
            pass
        finally:
            pool.end()


class _Pool:
    """The processes of a pool and what they say."""

    def __init__(self, folder: Path, notify: Notify, *, patience: int) -> None:
        self.folder = folder
        self.notify = notify
        self.patience = patience
        self.deaths = 0
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.selector = selectors.DefaultSelector()
        self.unread: dict[str, bytes] = {}

    def start(self, name: str) -> None:
        """Start a worker; a group of its own keeps the terminal's Ctrl-C from it."""
        with (self.folder / "logs" / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "archscape.search.child", str(self.folder), name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=os.environ | ONE_THREAD,
                process_group=0,
            )
        assert process.stdout is not None
        self.processes[name] = process
        self.unread[name] = b""
        self.selector.register(process.stdout, selectors.EVENT_READ, name)

    def attend(self) -> None:
        """Wait for what workers say next, pass it on, and replace those that died."""
        for key, _ in self.selector.select(TICK_SECONDS):
            data = os.read(key.fd, 65536)
            if data:
                self._hear(key.data, data)
            else:
                self._bury(key.data)

    def _hear(self, name: str, data: bytes) -> None:
        *lines, self.unread[name] = (self.unread[name] + data).split(b"\n")
        for event in map(Event.from_line, lines):
            if event.kind == "error":
                raise (InputError if event.input_error else StudyError)(event.message)
            if event.kind == "end":
                self.deaths = 0
            self.notify(event)

    def _bury(self, name: str) -> None:
        process = self._forget(name)
        if process.wait() == 0:
            return
        self.deaths += 1
        if self.deaths > self.patience:
            log = self.folder / "logs" / f"{name}.log"
            raise StudyError(
                f"{self.deaths} workers in a row died before a trial ended; see {log}\n{_tail(log)}"
            )
        self.start(name)

    def _forget(self, name: str) -> subprocess.Popen[bytes]:
        process = self.processes.pop(name)
        assert process.stdin is not None
        assert process.stdout is not None
        self.selector.unregister(process.stdout)
        process.stdin.close()
        process.stdout.close()
        return process

    def end(self) -> None:
        """Ask the workers that are left to leave, and end those that do not."""
        left = list(self.processes.values())
        for process in left:
            process.terminate()
        for process in left:
            try:
                process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for name in list(self.processes):
            self._forget(name)
        self.selector.close()


def _tail(log: Path, lines: int = 5) -> str:
    return "\n".join(f"  {line}" for line in log.read_text(errors="replace").splitlines()[-lines:])
