"""Worker: one process that trains trials of a study one after the other until none is left."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field

from archscape.spaces.errors import StudyError

from ..file_faults import PATIENCE_SECONDS, FileFault, check_usable, describe, persist
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


@dataclass(kw_only=True)
class Worker:
    """One process at work on a study.

    Attributes:
        source: Where its trials come from.
    """

    source: TrialSource
    evaluate: Evaluator
    watchdog: Watchdog = field(default_factory=Watchdog)
    _refused: OSError | None = field(default=None, init=False)
    _waited: float = field(default=0.0, init=False)

    def run(self) -> None:
        """Work until every trial has ended; on a request to stop, give the trial in hand back and return.

        Raises:
            StudyError: If the database or the file system does not come back, or the study is gone.
        """
        source, shutdown = self.source, self.source.shutdown
        with suppress(ShutdownRequested):
            while not shutdown.requested and not source.finished:
                self._wait_for_files()
                lease = self._next()
                if lease is not None:
                    self._work_on(lease)
                elif not source.finished and not self._refused:
                    shutdown.sleep(source.pause)
        source.log_files.write()
        if source.study.gone is not None:
            raise source.study.gone

    def _next(self) -> Lease | None:
        """Return a trial to work on; None if there is none now, or the results on disk cannot be read."""
        try:
            return self.source.next()
        except OSError as error:
            self._refused = error
            return None

    def _work_on(self, lease: Lease) -> None:
        """Bring one trial to its end; whatever ends this early gives the trial back."""
        shutdown = self.source.shutdown
        trial = TrialRun(source=self.source, lease=lease, worker=self.source.name)
        budget = self.source.budget
        context = trial.context(should_stop=lambda: shutdown.requested or budget.is_over)

        def give_up(message: str) -> None:
            if budget.is_over:
                trial.cut()
            else:
                trial.end(context.result(status="failed", cause="timed_out", message=message))

        trial.start(f"{trial.worker} starts")
        try:
            with (
                self.watchdog.watching(give_up, deadline=budget.deadline),
                shutdown.interruptible(grace=GRACE_SECONDS, deadline=budget.deadline),
            ):
                result = evaluate_safely(self.evaluate, lease.network, context)
        except LeaseLost:
            trial.release()
        except OSError as error:
            trial.release(describe(error))
            self._refused = error
        except ShutdownRequested:
            if shutdown.requested or not budget.is_over:
                trial.release()
                raise
            trial.cut()
        except BaseException:
            trial.release()
            raise
        else:
            self._refused, self._waited = None, 0.0
            trial.end(result)

    def _wait_for_files(self) -> None:
        """Wait until the files of a trial can be written.

        A quota shows only when a trial runs into it; the wait then grows from one such trial to the next.

        Raises:
            StudyError: If that does not come.
        """
        source, refused = self.source, [self._refused] if self._refused else []
        began = time.monotonic() - self._waited

        def check() -> None:
            if refused:
                raise refused.pop()
            check_usable(source.folders)

        try:
            persist(
                check,
                say=lambda line: self._note(f"{source.name} {line}"),
                folders=source.folders,
                patience=PATIENCE_SECONDS,
                waited=self._waited,
                sleep=source.shutdown.sleep,
            )
        except FileFault as error:
            raise StudyError(
                f"{describe(error)}; mend that, and the same command resumes the search"
            ) from None
        self._refused, self._waited = None, time.monotonic() - began if self._refused else 0.0

    def _note(self, message: str) -> None:
        self.source.notify(Event(kind="note", worker=self.source.name, message=message))
