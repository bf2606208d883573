"""Owner of a trial: a process, named so that a recycled process number is not taken for it."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, kw_only=True)
class Owner:
    """One process on one machine.

    Attributes:
        machine: Host name, boot and process namespace; equal only where process numbers mean the same.
        pid: Process number.
        born: Start time of the process in clock ticks since boot, which tells it from a later process
            with the same number; 0 where the system does not say.
    """

    machine: str
    pid: int
    born: int

    @property
    def text(self) -> str:
        """The process in short: host name and process number."""
        return f"{self.machine.split('/')[0]}:{self.pid}"

    @property
    def key(self) -> str:
        """The process in full, as no other ever has it."""
        return f"{self.machine}:{self.pid}:{self.born}"

    @classmethod
    def current(cls) -> Owner:
        """Return this process."""
        return cls.of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> Owner:
        """Return a living process of this machine."""
        return cls(machine=_machine(), pid=pid, born=_born(pid) or 0)

    @property
    def seconds(self) -> float:
        """For how long this process has lived; 0 where the system does not say."""
        if not self.born or not hasattr(time, "CLOCK_BOOTTIME"):
            return 0.0
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - self.born / os.sysconf("SC_CLK_TCK"))

    def is_dead(self, observer: Owner) -> bool | None:
        """Return whether the process is gone; None if the observer, on another machine, cannot see it."""
        if self.machine != observer.machine:
            return None
        if not _PROC.exists():
            return not _answers(self.pid)
        return _born(self.pid) != self.born


def _machine() -> str:
    boot = _PROC / "sys/kernel/random/boot_id"
    namespace = _PROC / "self/ns/pid"
    parts = [socket.gethostname()]
    parts += [boot.read_text().strip()] if boot.exists() else []
    parts += [os.readlink(namespace)] if namespace.is_symlink() else []
    return "/".join(parts)[:200]


def _born(pid: int) -> int | None:
    """Return the start time of a living process; None if there is none, or only its unburied body."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in "ZX" else int(fields[18])


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return True
