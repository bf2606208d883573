"""Heartbeat: a thread renews the lease of a trial, and its owner finds out when the lease was lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Self

from archscape.spaces.errors import StudyError, StudyGone

from .lease import Lease
from .study import Study

BEATS = 4
"""How many heartbeats fit into a lease."""


class LeaseLost(BaseException):
    """The trial was given to another process; passes through code that survives every exception."""


class Heartbeat:
    """Shows in a thread that this process works on a trial, from `start` to `close`.

    Attributes:
        lost: Whether the trial was given to another process.
    """

    def __init__(
        self, study: Study, lease: Lease, *, log: Callable[[str], None], stop: Callable[[], None]
    ) -> None:
        """Prepare the thread; it calls `stop` when everybody is to leave the study, or it is gone."""
        self.lost = False
        self._study = study
        self._lease = lease
        self._log = log
        self._stop = stop
        self._between = study.lease_seconds / BEATS
        self._last = time.monotonic()
        self._trouble = ""
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"heartbeat-{lease.number}", daemon=True)

    def start(self) -> Self:
        """Start the thread."""
        self._thread.start()
        return self

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        self._thread.join()

    def check(self) -> None:
        """Make sure that the trial is still held; a process that was frozen finds out here.

        Raises:
            LeaseLost: If it is not.
        """
        if not self.lost and time.monotonic() - self._last > 2 * self._between:
            self._beat()
        if self.lost:
            raise LeaseLost

    def _follow(self) -> None:
        while not self.lost and not self._closed.wait(self._between):
            self._beat()

    def _beat(self) -> None:
        try:
            self.lost = not self._study.beat(self._lease)
            self._last, self._trouble = time.monotonic(), ""
            if self._study.is_stopping():
                self._stop()
        except StudyGone as error:
            self._log_trouble(str(error))
            self._stop()
        except StudyError as error:
            self._log_trouble(f"no heartbeat could be sent: {error}")

    def _log_trouble(self, line: str) -> None:
        """Log what is in the way, once for as long as it is the same."""
        if line != self._trouble:
            self._log(line)
        self._trouble = line
