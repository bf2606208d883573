"""The folder of a driver's temporary files, and the watcher that removes it whatever ends the driver."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from . import watcher

PREFIX = "archscape-ray-"
LOCK = "lock"
POLL_SECONDS = 0.5

LONGEST = 20
"""Bytes of the longest folder in which Ray's sockets have paths that systems allow, of at most 103 bytes.

Ray adds `/archscape-xxxxxxxx/session_2026-12-31_23-59-59_999999_4194304/sockets/plasma_store`.
"""

VITAL = ("gcs_server", "raylet")
"""The processes of Ray without which a driver waits in vain for a minute, or is ended at once."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A driver that is watched.

    Attributes:
        folder: For its temporary files.
    """

    folder: Path
    _input: IO[bytes]
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def following(self, dead_processes: Callable[[], Sequence[tuple[str, object]]]) -> Iterator[None]:
        """End this process, which Ray may hold fast, if one of the vital processes of our own Ray dies."""

        def follow() -> None:
            while not self._over.wait(POLL_SECONDS):
                for name, _ in dead_processes():
                    if name in VITAL and not self._over.is_set():
                        self._input.write(name.encode())
                        self._input.flush()
                        os._exit(1)

        threading.Thread(target=follow, daemon=True, name="follow-ray").start()
        try:
            yield
        finally:
            self._over.set()


@contextmanager
def watched() -> Iterator[Watched]:
    """Yield a folder that is removed with all processes that belong to it, also if this process is killed."""
    _remove_left()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_temporary()))
    lock = _locked(folder)
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", watcher.__file__, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        pass_fds=[lock],
        start_new_session=True,  # Ctrl-C is for the driver
    )
    os.close(lock)
    assert process.stdin is not None
    os.environ[watcher.MARK] = str(folder)
    try:
        yield Watched(folder=folder, _input=process.stdin)
    finally:
        del os.environ[watcher.MARK]
        with suppress(BrokenPipeError):
            process.stdin.write(watcher.DONE)
            process.stdin.close()
        process.wait()


def _temporary() -> str:
    """Return the folder of temporary files; /tmp where its name is too long for Ray."""
    folder = tempfile.gettempdir()
    return folder if len(os.fsencode(folder)) <= LONGEST else "/tmp"


def _locked(folder: Path) -> int:
    """Return a file that holds the lock of a folder; it has its name when it is locked and marked."""
    part = folder / f".{LOCK}.part"
    lock = os.open(part, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.write(lock, _mark(folder))
    part.rename(folder / LOCK)
    return lock


def _mark(folder: Path) -> bytes:
    """Return what the lock of a folder holds, and no file that is not ours does, nor a copy or a link."""
    return b"temporary files of a Ray that archscape started, in " + os.fsencode(folder)


def _remove_left() -> None:
    """Remove the folders whose drivers and watchers were killed together."""
    for file in Path(_temporary()).glob(f"{PREFIX}*/{LOCK}"):
        with suppress(OSError), file.open("r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if lock.read() == _mark(file.parent):
                watcher.remove(file.parent)
