"""The watcher of a driver: however the driver ends, nothing of the Ray that it started is left behind.

It is a process of its own, `python -I -S watcher.py FOLDER`, and needs the standard library alone. Its
standard input ends with the driver. Then it kills every process that has FOLDER in its environment under
`MARK`, as all have that a Ray of ours starts, and every one with a title of Ray's, which overwrites a part of
the environment, that writes to a file in FOLDER, as they all do. It removes FOLDER, and, unless the driver
took its leave, says what happened: Ray ends a driver that lost its node without a word. What a watcher that
was killed too left behind, the next driver removes; a lock, which a watcher holds while it lives, tells it.
"""

from __future__ import annotations

import os
import shutil
import signal
import stat
import sys
import time
from contextlib import suppress
from pathlib import Path

MARK = "ARCHSCAPE_RAY"
"""The variable by which the processes of a Ray of ours are known; its value is their folder."""

DONE = b"done"
"""What a driver sends that ends by itself."""

TITLE = b"ray::"
"""What the title begins with that Ray gives to its workers and agents, once they have started."""

TRIES = 50
PAUSE_SECONDS = 0.1

QUIET_LOOKS = 3
"""In so many looks, one after the other, no process must be found: one that just replaces its program is seen
without an environment, and one that was just started may have been missed."""


def main(folder: Path) -> None:
    """Wait for the end of the driver, and clean up after it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    last = sys.stdin.buffer.read()
    remove(folder)
    if last != DONE:
        cause = f"{last.decode()} of Ray died" if last else "its process was killed, or Ray on its node died"
        print(
            f"archscape: the search was cut off: {cause}; the same command resumes it",
            file=sys.stderr,
            flush=True,
        )


def remove(folder: Path) -> None:
    """End the processes that belong to a folder, and remove it."""
    quiet = 0
    for _ in range(TRIES):
        pids = belonging(folder)
        for pid in pids:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        quiet = 0 if pids else quiet + 1
        if quiet == QUIET_LOOKS:
            break
        time.sleep(PAUSE_SECONDS)
    shutil.rmtree(folder, ignore_errors=True)


def belonging(folder: Path) -> list[int]:
    """Return the processes of this user that belong to a folder; none where there is no /proc."""
    pids = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is another user's
            if _is_marked(process, folder) or (_has_title(process) and _writes_in(process, folder)):
                pids.append(int(process.name))
    return [pid for pid in pids if pid != os.getpid()]


def _is_marked(process: Path, folder: Path) -> bool:
    return f"{MARK}={folder}".encode() in (process / "environ").read_bytes().split(b"\0")


def _has_title(process: Path) -> bool:
    return (process / "cmdline").read_bytes().startswith(TITLE)


def _writes_in(process: Path, folder: Path) -> bool:
    """Return whether a process has a file in a folder open for writing; it may have been removed since."""
    for link in (process / "fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            if link.lstat().st_mode & stat.S_IWUSR and os.readlink(link).startswith(f"{folder}/"):
                return True
    return False


if __name__ == "__main__":
    main(Path(sys.argv[1]))
