"""The owner of a trial's life in one process: its lease and heartbeat, its epochs, and its result or release.

The local worker and the driver of Ray both go through here, so what must hold of every trial is written once:
nothing is reported, spooled or told after the lease was lost; a result is on disk before the study is told,
unless the budget cut the trial; and a trial without a result is given back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from archscape.spaces.errors import StudyError, StudyGone

from ..folder import TRIAL_LOG
from ..shutdown import never
from ..study.budget import BUDGET, CUT
from ..study.heartbeat import Heartbeat, LeaseLost
from ..study.lease import Lease
from ..study.spool import Result
from .evaluator import Context
from .events import Event
from .trial_source import TrialSource

EPOCH_SECONDS = 1.0
"""Epochs go to the study together when less than this long ago others did."""


@dataclass(kw_only=True)
class TrialRun:
    """A trial that this process has leased; its heart beats until `end` or `release`.

    Attributes:
        source: What leased the trial.
        worker: Name of the worker that is shown with it.
        heartbeat: Shows that this process lives, and finds out that the lease was lost.
        stop_reason: Why the trial was stopped early; empty if it was not.
        latest: Metrics of the last epoch that was reported, `epoch` among them; empty before the first.
    """

    source: TrialSource
    lease: Lease
    worker: str
    log: Callable[[str], None] = field(init=False)
    heartbeat: Heartbeat = field(init=False)
    stop_reason: str = ""
    latest: dict[str, float] = field(default_factory=dict, init=False)
    _rows: dict[int, Mapping[str, float]] = field(default_factory=dict, init=False)
    _sent: float = field(default=float("-inf"), init=False)

    def __post_init__(self) -> None:
        self.log = self.source.log_files.logger(self.source.logs / TRIAL_LOG.format(self.lease.number))
        stop = self.source.shutdown.request
        self.heartbeat = Heartbeat(self.source.study, self.lease, log=self.log, stop=stop).start()

    def start(self, words: str) -> None:
        """Log and show that the training starts."""
        choices = "".join(f", {path} {option}" for path, option in self.lease.choices.items())
        self.log(f"{words}: network {self.lease.hash}, seed {self.lease.seed}{choices}")
        self.source.notify(Event(kind="start", worker=self.worker, number=self.lease.number))

    def context(self, should_stop: Callable[[], bool] = never) -> Context:
        """Return what an evaluation knows of the trial."""
        return Context(
            lease=self.lease, worker=self.worker, log=self.log, report=self.report, should_stop=should_stop
        )

    def report(self, epoch: int, metrics: Mapping[str, float]) -> bool:
        """Take the number of epochs trained and their latest metrics; False if the trial is to stop here.

        Raises:
            LeaseLost: If the trial was given to another process.
        """
        self.heartbeat.check()
        shown = (f"{name} {value:.6g}" for name, value in metrics.items() if name != "epoch")
        self.log(f"epoch {epoch}: {', '.join(shown)}")
        known = {name: value for name, value in metrics.items() if value == value}
        self.source.notify(
            Event(kind="epoch", worker=self.worker, number=self.lease.number, epoch=epoch, metrics=known)
        )
        self._rows[epoch] = known
        self.latest = {**known, "epoch": epoch}
        self.source.budget.note_epoch()
        pruner = self.source.plan.pruner
        at_rung = pruner is not None and epoch in pruner.rungs
        if at_rung or time.monotonic() - self._sent > EPOCH_SECONDS:
            self._send()
        return not self.stop_reason

    def end(self, result: Result) -> None:
        """Write the result to the study, spooled first; a trial that was stopped early is left paused.

        A lease that was lost ends without: another process has the trial.

        Raises:
            StudyError: If the database does not come back.
        """
        if not self._stop_heartbeat():
            return
        study, result = self.source.study, replace(result, owner=self.lease.owner.key)
        if result.status == "pruned" and result.cause != BUDGET:
            study.release(self.lease)
            self.log(f"{self.worker} pauses it")
        else:
            if result.cause != BUDGET:  # from the spool it would end a trial that a raised budget lets go on
                self._spool(result)
            self.log(f"{result.worker} ends: {result.status} {result.cause}".rstrip())
            study.tell(result)
        self.source.notify(Event.end(result, worker=self.worker))
        self.source.remove_weights(self.log)

    def cut(self) -> None:
        """End the trial where the budget ended; it goes on from its checkpoint if that is raised."""
        if self._rows:
            self._send()
        if self.stop_reason:
            self.end(self.context().result(status="pruned", message=self.stop_reason))
            return
        self.end(self.context().result(status="pruned", cause=BUDGET, message=CUT, metrics=self.latest))

    def release(self, reason: str = "") -> None:
        """Give the trial back to the study, if it is still this process's."""
        if self._stop_heartbeat():
            self.source.study.release(self.lease)
            self.log(f"{self.worker} gives it back{reason and ': '}{reason}")

    def _spool(self, result: Result) -> None:
        try:
            self.source.study.spool(result)
        except OSError as error:
            self.log(f"the result could not be spooled: {error}")

    def _send(self) -> None:
        """Write the epochs to the study; those that do not reach it now go with the next, or the result."""
        try:
            decision = self.source.study.report(self.lease, self._rows, pruner=self.source.plan.pruner)
        except StudyError as error:
            self.log(f"epoch {max(self._rows)} is not reported yet: {error}")
            if isinstance(error, StudyGone):
                self.source.shutdown.request()
            return
        self._rows, self._sent = {}, time.monotonic()
        self.source.budget.note_sent()
        if decision is not None:
            self.log(f"early stopping: {decision.reason}")
            self.stop_reason = "" if decision.promote else decision.reason

    def _stop_heartbeat(self) -> bool:
        """Return whether the lease is still held after a last check."""
        with suppress(LeaseLost):
            self.heartbeat.check()
        self.heartbeat.close()
        if self.heartbeat.lost:
            self.log(f"{self.worker} drops it: it was given to another worker, since this one seemed dead")
        return not self.heartbeat.lost
