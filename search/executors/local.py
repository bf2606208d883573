"""Executors: the interface, and the local pool of worker processes on this machine."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from archscape.spaces.errors import StudyError

from ..shutdown import Shutdown, ShutdownRequested
from ..workers.events import Event, Notify
from ..workers.log_files import open_log
from ..workers.slot import WorkerSlot
from .child import DONE
from .placement import machine_placements

GRACE_SECONDS = 10.0
"""How long a pool waits for its workers to give their trials back."""

LOOK_SECONDS = 2.0
"""How long after the last event a pool looks whether its workers live."""

CHILD = (sys.executable, "-m", "archscape.search.executors.child")

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
}
"""The environment of a worker: threads of several workers would stand in each other's way."""


class Executor(Protocol):
    """Runs workers on the study of a run."""

    def opened(self, folder: Path) -> AbstractContextManager[RunWorkers]:
        """Make workers ready in a folder that may hold no study yet; at the end of the block none is left.

        Entering takes no time: what takes long to load is loaded while the caller prepares the study.
        """


RunWorkers = Callable[[Notify, Shutdown], None]
"""Works on the study, which is there now, until it is done or a stop is requested."""


@dataclass(frozen=True, kw_only=True)
class LocalPool:
    """Worker processes on this machine, each persistent and with one thread.

    A worker that dies is replaced. Workers that keep dying while no trial comes to its end stop the search.

    Attributes:
        slots: Where each of them works.
        storage: Where the study lies; "" in the folder of the run.
        prefix: What their names begin with.
    """

    slots: Sequence[WorkerSlot]
    storage: str = field(default="", repr=False)  # it may hold a password
    prefix: str = "w"

    @classmethod
    def of(
        cls,
        workers: int,
        *,
        device: str = "auto",
        storage: str = "",
        uses: Mapping[str, str] | None = None,
    ) -> LocalPool:
        """Return a pool of so many workers, to which the machine's GPUs are shared out.

        Args:
            workers: How many.
            device: The job's.
            storage: Where the study lies; "" in the folder of the run.
            uses: The SHA-256 of each Python file that the space uses, by its path.
        """
        slots = [
            WorkerSlot(placement=placement, uses=uses or {})
            for placement in machine_placements(workers, device=device)
        ]
        return cls(slots=slots, storage=storage)

    @contextmanager
    def opened(self, folder: Path) -> Iterator[RunWorkers]:
        """Start the workers, which load their libraries at once; yield the work.

        The work raises InputError for what a worker finds wrong with the job or its data, and StudyError if a
        worker cannot continue, or workers keep dying.
        """
        pool = _Pool(folder, storage=self.storage, patience=3 * len(self.slots) + 2)
        try:
            for i, slot in enumerate(self.slots):
                pool.start(f"{self.prefix}{i + 1}", slot)
            yield pool.work
        finally:
            pool.end()


class _Pool:
    """The processes of a pool and their events."""

    def __init__(self, folder: Path, *, storage: str, patience: int) -> None:
        self.folder = folder
        self.storage = storage
        self.patience = patience
        self.deaths = 0
        self.slots: dict[str, WorkerSlot] = {}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.selector = selectors.DefaultSelector()
        self.unread: dict[str, bytes] = {}

    def start(self, name: str, slot: WorkerSlot) -> None:
        """Start a worker; a group of its own keeps the terminal's Ctrl-C from it."""
        self.slots[name] = slot
        with self._log(name) as log:
            process = subprocess.Popen(
                [*CHILD, str(self.folder), name, slot.to_json()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=os.environ | ONE_THREAD | slot.environment | {"ARCHSCAPE_STORAGE": self.storage},
                process_group=0,
            )
        assert process.stdout is not None
        self.processes[name] = process
        self.unread[name] = b""
        self.selector.register(process.stdout, selectors.EVENT_READ, name)

    def _log(self, name: str) -> BinaryIO:
        """Return the log of a worker; one whose log cannot be written now works without."""
        try:
            return os.fdopen(open_log(self.folder / "logs" / f"{name}.log"), "ab")
        except OSError:
            return Path(os.devnull).open("ab")

    def work(self, notify: Notify, shutdown: Shutdown) -> None:
        """Let the workers begin, pass on their events, and replace those that die, until all have left."""
        with suppress(ShutdownRequested), shutdown.interruptible():
            for process in self.processes.values():
                _begin(process)
            while self.processes:
                events = self.selector.select(LOOK_SECONDS)
                if not events:
                    self._end_orphans()
                for key, _ in events:
                    data = os.read(key.fd, 65536)
                    if data:
                        self._read_events(key.data, data, notify)
                    else:
                        self._reap(key.data)

    def _read_events(self, name: str, data: bytes, notify: Notify) -> None:
        *lines, self.unread[name] = (self.unread[name] + data).split(b"\n")
        for event in map(Event.from_json, lines):
            if event.kind == "error":
                raise event.failure()
            if event.kind == "end":
                self.deaths = 0
            notify(event)

    def _reap(self, name: str) -> None:
        process = self._detach(name)
        _has_ended(process, wait=True)
        _end_group(process)
        if process.wait() == DONE:
            return
        self.deaths += 1
        if self.deaths > self.patience:
            log = self.folder / "logs" / f"{name}.log"
            tail = "\n".join(f"  {line}" for line in _lines(log)[-5:])
            raise StudyError(f"{self.deaths} workers in a row died before a trial ended; see {log}\n{tail}")
        self.start(name, self.slots[name])
        _begin(self.processes[name])

    def _end_orphans(self) -> None:
        """End what a dead worker left behind: a process of its training function may hold the pipe."""
        for process in self.processes.values():
            if _has_ended(process, wait=False):
                _end_group(process)

    def _detach(self, name: str) -> subprocess.Popen[bytes]:
        process = self.processes.pop(name)
        assert process.stdin is not None
        assert process.stdout is not None
        self.selector.unregister(process.stdout)
        process.stdin.close()
        process.stdout.close()
        return process

    def end(self) -> None:
        """Ask the workers that are left to leave, and end those that do not."""
        processes = [self._detach(name) for name in list(self.processes)]
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                _end_group(process)
                process.wait()
        self.selector.close()


def _has_ended(process: subprocess.Popen[bytes], *, wait: bool) -> bool:
    """Return whether a worker has ended; its number stays taken."""
    flags = os.WEXITED | os.WNOWAIT | (0 if wait else os.WNOHANG)
    return os.waitid(os.P_PID, process.pid, flags) is not None


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a worker and the processes that a training function started in it."""
    with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group of the dead
        os.killpg(process.pid, signal.SIGKILL)


def _lines(log: Path) -> list[str]:
    try:
        return log.read_text(errors="replace").splitlines()
    except OSError as error:
        return [str(error)]


def _begin(process: subprocess.Popen[bytes]) -> None:
    """Tell a worker that the study is there."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # it has died; the end of its output says so
        os.write(process.stdin.fileno(), b"\n")
