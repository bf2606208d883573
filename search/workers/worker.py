"""Worker: one process that trains trials of a study one after the other until none is left."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from archscape.spaces.errors import StudyError

from ..atomic import has_room
from ..shutdown import ShutdownRequested
from ..study.heartbeat import LeaseLost
from ..study.lease import Lease
from .evaluator import Evaluator, evaluate_safely
from .events import Event
from .trial_run import TrialRun
from .trial_source import TrialSource
from .watchdog import Watchdog

GRACE_SECONDS = 8.0
"""How long a training that was asked to stop gets to write its checkpoint."""

DISK_SECONDS = 900.0
"""How long a worker waits for room on a full disk before it gives up."""

MAX_FULL_SECONDS = 60.0
"""How long it waits at most before it looks again."""


@dataclass(kw_only=True)
class Worker:
    """One process at work on a study.

    Attributes:
        source: Where its trials come from.
    """

    source: TrialSource
    evaluate: Evaluator
    watchdog: Watchdog = field(default_factory=Watchdog)
    _full_since: float | None = field(default=None, init=False)

    def run(self) -> None:
        """Work until every trial has ended; on a request to stop, give the trial in hand back and return.

        Raises:
            StudyError: If the database or the room on the disk does not come back.
        """
        source, shutdown = self.source, self.source.shutdown
        try:
            while not shutdown.requested and not source.finished:
                self._wait_for_room()
                lease = source.next()
                if lease is not None:
                    self._work_on(lease)
                elif not source.finished:
                    shutdown.sleep(source.pause)
        except ShutdownRequested:
            return

    def _work_on(self, lease: Lease) -> None:
        """Bring one trial to its end; whatever ends this early gives the trial back."""
        shutdown = self.source.shutdown
        trial = TrialRun(source=self.source, lease=lease, worker=self.source.name)
        context = trial.context(should_stop=lambda: shutdown.requested)

        def give_up(message: str) -> None:
            trial.end(context.result(status="failed", cause="timed_out", message=message))

        trial.start(f"{trial.worker} starts")
        try:
            with self.watchdog.watching(give_up), shutdown.interruptible(grace=GRACE_SECONDS):
                result = evaluate_safely(self.evaluate, lease.network, context)
        except LeaseLost:
            trial.release()
        except OSError as error:
            trial.release(str(error))
            self._full_since = self._full_since or time.monotonic()
            self._note(f"{trial.worker}: {error.strerror}")
        except BaseException:
            trial.release()
            raise
        else:
            self._full_since = None
            trial.end(result)

    def _wait_for_room(self) -> None:
        """Wait until the disk has room for the files of a trial.

        A quota shows only when a trial runs into it; the wait then grows with the time since the first did.

        Raises:
            StudyError: If it stays full.
        """
        logs = self.source.logs
        message = f"{logs}: the disk is full; make room, and the search resumes"
        since, refused = self._full_since or time.monotonic(), self._full_since is not None
        notified = False
        while refused or not has_room(logs):
            full = time.monotonic() - since
            if full > DISK_SECONDS:
                raise StudyError(message)
            if not notified:
                self._note(message)
            notified, refused = True, False
            self.source.shutdown.sleep(min(max(full, 1.0), MAX_FULL_SECONDS))

    def _note(self, message: str) -> None:
        self.source.notify(Event(kind="note", worker=self.source.name, message=message))
