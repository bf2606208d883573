"""Heartbeat: a thread renews the lease of a trial, and its owner finds out when the lease was lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from archscape.spaces.errors import StudyError

from .lease import Lease
from .study import Study

BEATS = 4
"""How many signs of life fit into a lease."""


class LeaseLost(BaseException):
    """The trial was given to another process; passes through code that survives every exception."""


class Heartbeat:
    """Shows that this process works on a trial.

    Attributes:
        lost: Whether it was given to another process.
    """

    def __init__(
        self, study: Study, lease: Lease, log: Callable[[str], None], stop: Callable[[], None]
    ) -> None:
        self.lost = False
        self._study = study
        self._lease = lease
        self._log = log
        self._stop = stop
        self._between = study.lease_seconds / BEATS
        self._last = time.monotonic()

    def check(self) -> None:
        """Make sure that the trial is still held; a process that was frozen finds out here.

        Raises:
            LeaseLost: If it is not.
        """
        if not self.lost and time.monotonic() - self._last > 2 * self._between:
            self._beat()
        if self.lost:
            raise LeaseLost

    def follow(self, done: threading.Event) -> None:
        """Show again and again that the owner lives, until the event or the loss of the trial."""
        while not self.lost and not done.wait(self._between):
            self._beat()

    def _beat(self) -> None:
        try:
            self.lost = not self._study.beat(self._lease)
            self._last = time.monotonic()
            if self._study.is_stopping():
                self._stop()
        except StudyError as error:
            self._log(f"no sign of life could be given: {error}")


@contextmanager
def keep_alive(
    study: Study, lease: Lease, log: Callable[[str], None], *, stop: Callable[[], None]
) -> Iterator[Heartbeat]:
    """Keep the lease of a trial alive for as long as the block takes.

    Args:
        study: The study.
        lease: The trial.
        log: Appends lines to the log of the trial.
        stop: Called from a thread when everybody is asked to leave the study.
    """
    heartbeat = Heartbeat(study, lease, log, stop)
    done = threading.Event()
    thread = threading.Thread(target=heartbeat.follow, args=(done,), name=f"hold-{lease.number}", daemon=True)
    thread.start()
    try:
        yield heartbeat
    finally:
        done.set()
        thread.join()
