"""Log files: lines are appended, never through a symbolic link; those that are refused wait for the next."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from archscape.spaces.atomic import set_aside

KEPT_BYTES = 2**20
"""How much of a log that cannot be written is kept, its end."""


class LogFiles:
    """The logs that a process writes; what one of them refuses is written with the next line of any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._unwritten: dict[Path, bytes] = {}

    def logger(self, path: Path) -> Callable[[str], None]:
        """Return a function that appends lines to a log, each with the time."""

        def log(text: str) -> None:
            moment = datetime.now(UTC).isoformat(timespec="milliseconds")
            line = f"{moment} {text.rstrip()}\n".encode(errors="backslashreplace")
            with self._lock:
                self._unwritten[path] = (self._unwritten.get(path, b"") + line)[-KEPT_BYTES:]
            self.write()

        return log

    def write(self) -> None:
        """Write what could not be written before, as far as the file system takes it now."""
        with self._lock:
            for path in list(self._unwritten):
                rest = _append(path, self._unwritten.pop(path))
                if rest:
                    self._unwritten[path] = rest


def open_log(path: Path) -> int:
    """Open a file for lines to be appended to; a link or folder in its place is set aside, not followed.

    Raises:
        OSError: If the file system refuses it.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags, 0o666)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.EISDIR):
            raise
    set_aside(path)
    return os.open(path, flags, 0o666)


def _append(path: Path, lines: bytes) -> bytes:
    """Append to a log; return what was not written."""
    try:
        descriptor = open_log(path)
    except OSError:
        return lines
    try:
        return lines[os.write(descriptor, lines) :]
    except OSError:
        return lines
    finally:
        os.close(descriptor)
