"""The owner of a trial's life in one process: its lease and heartbeat, its epochs, and its result or release.

The local worker and the driver of Ray both go through here, so what must hold of every trial is
written once: nothing is reported, spooled or told after the lease was lost; a result is on disk before the
study is told; and a trial without a result is given back.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..shutdown import never
from ..study.heartbeat import Heartbeat, LeaseLost, keep_alive
from ..study.lease import Lease
from ..study.spool import Result
from ..study.study import Study
from .evaluator import Context
from .events import Event, Notify
from .reporter import Reporter, logger

if TYPE_CHECKING:
    from ..pruners import Pruner


@dataclass(kw_only=True)
class TrialRun:
    """A trial that this process has leased; its heart beats until `end` or `release`.

    Attributes:
        study: The study.
        lease: The trial.
        worker: Name of the worker that is shown with it.
        pruner: Decides at rungs whether the trial continues; None where nothing is stopped early.
        logs: Folder of the trial's log.
        notify: Takes what happens.
        stop: Called from a thread when everybody is asked to leave the study.
        log: Appends lines to the log of the trial.
        heartbeat: Shows that this process lives, and finds out that the lease was lost.
        report: Takes the epochs of the trial; False asks to stop.
    """

    study: Study
    lease: Lease
    worker: str
    pruner: Pruner | None
    logs: Path
    notify: Notify
    stop: Callable[[], None]
    log: Callable[[str], None] = field(init=False)
    heartbeat: Heartbeat = field(init=False)
    report: Reporter = field(init=False)
    _closing: ExitStack = field(default_factory=ExitStack, init=False)

    def __post_init__(self) -> None:
        self.log = logger(self.logs / f"trial-{self.lease.number:05d}.log")
        alive = keep_alive(self.study, self.lease, self.log, stop=self.stop)
        self.heartbeat = self._closing.enter_context(alive)
        self.report = Reporter(
            study=self.study,
            lease=self.lease,
            heartbeat=self.heartbeat,
            pruner=self.pruner,
            worker=self.worker,
            log=self.log,
            notify=self.notify,
        )

    @property
    def lost(self) -> bool:
        """Whether the trial was given to another process."""
        return self.heartbeat.lost

    def start(self, words: str) -> None:
        """Log and show that the training starts."""
        self.log(f"{words}: network {self.lease.hash}, seed {self.lease.seed}")
        self.notify(Event(kind="start", worker=self.worker, number=self.lease.number))

    def context(self, should_stop: Callable[[], bool] = never) -> Context:
        """Return what an evaluation knows of the trial."""
        return Context(
            lease=self.lease, worker=self.worker, log=self.log, report=self.report, should_stop=should_stop
        )

    def end(self, result: Result) -> None:
        """Write the result to the study, spooled first; a trial that was stopped early is left paused.

        A lease that was lost ends without: another process has the trial.

        Raises:
            StudyError: If the database does not come back.
        """
        if not self._stop_heartbeat():
            return
        if result.status == "pruned":
            self.study.release(self.lease)
            self.log(f"{self.worker} pauses it")
        else:
            try:
                self.study.spool(result)
            except OSError as error:
                self.log(f"the result could not be spooled: {error}")
            self.log(f"{result.worker} ends: {result.status} {result.cause}".rstrip())
            self.study.tell(result)
        self.notify(Event.end(result, worker=self.worker))

    def release(self, reason: str = "") -> None:
        """Give the trial back to the study, if it is still this process's."""
        if self._stop_heartbeat():
            self.study.release(self.lease)
            self.log(f"{self.worker} gives it back{reason and ': '}{reason}")

    def _stop_heartbeat(self) -> bool:
        """Return whether the lease is still held after a last check."""
        with suppress(LeaseLost):
            self.heartbeat.check()
        self._closing.close()
        if self.lost:
            self.log(f"{self.worker} drops it: it was given to another worker, since this one seemed dead")
        return not self.lost
