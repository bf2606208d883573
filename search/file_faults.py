"""Faults of the file system: what is nobody's fault in a search and is waited for, and the waiting.

A file of ours that cannot be read or written is never the fault of the network in hand: the disk is full, the
server is away, the folder was moved or may not be written now. Such a fault is waited for like a full disk;
a folder that stays missing is made again, a file in its place is set aside.
"""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import TypeVar

from archscape.spaces.atomic import set_aside

from .shutdown import never

T = TypeVar("T")

ROOM_BYTES = 32 * 2**20
"""What logs, results and small checkpoints need."""

PROBE_BYTES = 2**16
"""What is written for a moment to see whether it may be: a quota can be full where the disk is not."""

PATIENCE_SECONDS = 900.0
"""How long files of ours are waited for before a process gives up."""

MISSING_SECONDS = 10.0
"""How long a folder may be missing before it is made again: until then it may come back by itself."""

MIN_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.1, 10.0
"""How long a process waits before it looks again: half as long as it has waited so far."""

WRITE_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""Errors of a file that can be written no further."""

TRANSIENT_ERRNOS = WRITE_ERRNOS | {
    getattr(errno, name)
    for name in ("ESTALE", "EREMOTEIO", "ENFILE", "EMFILE", "ETIMEDOUT")
    if hasattr(errno, name)
}
"""Errors that are the fault of nobody who reads or writes a file, whosever it is."""


_LASTING = frozenset({errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOTEMPTY})
"""Errors that no waiting mends: something else lies in the place of a file, or its name cannot be one."""

_waiting: set[int] = set()
"""The threads that wait."""


class FileFault(OSError):  # noqa: N818 - of nobody here
    """A file of ours cannot be read or written now.

    Attributes:
        waited: Seconds for which that was waited for already.
    """

    waited = 0.0

    @property
    def is_lasting(self) -> bool:
        """Whether somebody has to mend it, for it does not pass by itself, or was waited for in vain."""
        return self.errno in _LASTING or self.waited >= PATIENCE_SECONDS


@contextmanager
def own_files() -> Iterator[None]:
    """Take what the file system refuses in this block as a `FileFault`: the files in it are ours.

    Raises:
        FileFault: If it refuses anything.
    """
    try:
        yield
    except FileFault:
        raise
    except OSError as error:
        raise FileFault(error.errno, error.strerror or str(error), error.filename) from error


def is_passing(error: BaseException) -> bool:
    """Return whether an error is one of the file system that may pass, and no fault of a network."""
    return isinstance(error, FileFault) or (isinstance(error, OSError) and error.errno in TRANSIENT_ERRNOS)


def persist(
    step: Callable[[], T],
    *,
    say: Callable[[str], None],
    folders: Sequence[Path] = (),
    patience: float = PATIENCE_SECONDS,
    waited: float = 0.0,
    should_stop: Callable[[], bool] = never,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Take a step with files of ours, again and again while the file system refuses it.

    Args:
        step: May be taken several times.
        say: Takes a line about what is waited for, and one when that is over.
        folders: Made again if they stay missing, in this order.
        patience: Seconds after which the fault is raised.
        waited: Seconds that were waited for the same before, without success.
        should_stop: Whether to give up at once.
        sleep: Sleeps between two tries.

    Raises:
        FileFault: If the fault stays, or is one that no waiting mends.
    """
    began, thread = time.monotonic() - waited, threading.get_ident()
    try:
        while True:
            waiting = time.monotonic() - began
            if waiting > MISSING_SECONDS:
                make_again(folders, say)
            try:
                with own_files():
                    result = step()
            except FileFault as error:
                if error.is_lasting or should_stop() or waiting >= patience:
                    error.waited = waiting
                    raise
                if thread not in _waiting:
                    say(f"waits for {describe(error)}")
                _waiting.add(thread)
            else:
                if thread in _waiting:
                    say(f"tries again after {time.monotonic() - began:.1f} s")
                return result
            sleep(min(max(waiting / 2, MIN_PAUSE_SECONDS), MAX_PAUSE_SECONDS))
    finally:
        _waiting.discard(thread)


def is_waiting(thread: int | None) -> bool:
    """Return whether a thread of this process waits for files of ours: that time is not its trial's."""
    return thread in _waiting


def describe(error: OSError) -> str:
    """Return what the file system refuses, in a few words."""
    reason = error.strerror or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename else reason


def check_usable(folders: Sequence[Path]) -> None:
    """Check that files can be written to these folders: that each has room for logs, results and the like.

    Raises:
        FileFault: If a folder is missing, may not be written, or its disk or quota is full.
    """
    with own_files():
        for folder in folders:
            if shutil.disk_usage(folder).free <= ROOM_BYTES:
                raise FileFault(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
            try:
                with TemporaryFile(dir=folder) as probe:
                    probe.write(bytes(PROBE_BYTES))
            except OSError as error:
                error.filename = str(folder)
                raise


def make_again(folders: Sequence[Path], say: Callable[[str], None]) -> None:
    """Make folders that have been missing for long, in this order, as far as that is possible now."""
    for folder in folders:
        with suppress(OSError):  # whoever needs it finds out
            make_folder(folder, say)


def make_folder(folder: Path, say: Callable[[str], None]) -> None:
    """Make a folder if it is not there; a file in its place is set aside.

    Raises:
        OSError: If that is not possible.
    """
    if os.path.lexists(folder) and not folder.is_dir():
        say(f"{folder}: a file stands where a folder belongs; it is kept as {set_aside(folder).name}")
    folder.mkdir(exist_ok=True)
