"""Reporter: the epochs of a trial on their way to its log, to who watches, and to the study."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from archscape.spaces.errors import StudyError

from ..study.heartbeat import Heartbeat
from ..study.lease import Lease
from ..study.study import Study
from .events import Event, Notify

if TYPE_CHECKING:
    from ..pruners import Pruner

EPOCH_SECONDS = 1.0
"""Epochs go to the study together when less than this long ago others did."""


def logger(path: Path) -> Callable[[str], None]:
    """Return a function that appends lines to a log; a line for which the disk has no room is lost."""

    def log(text: str) -> None:
        with suppress(OSError), path.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {text.rstrip()}\n")

    return log


@dataclass(kw_only=True)
class Reporter:
    """Takes the epochs of a trial; called with the number of epochs trained and their latest metrics.

    Attributes:
        study: The study.
        lease: The trial.
        heartbeat: Whether the trial is still this process's own.
        pruner: Decides at rungs whether the trial continues; None where nothing is stopped early.
        worker: Name of the worker.
        log: Appends lines to the log of the trial.
        notify: Takes what happens.
        reason: Why the trial was stopped early; empty if it was not.
    """

    study: Study
    lease: Lease
    heartbeat: Heartbeat
    pruner: Pruner | None
    worker: str
    log: Callable[[str], None]
    notify: Notify
    reason: str = ""
    _rows: dict[int, Mapping[str, float]] = field(default_factory=dict)
    _sent: float = float("-inf")

    def __call__(self, epoch: int, metrics: Mapping[str, float]) -> bool:
        """Take an epoch; False if the trial is to stop here.

        Raises:
            LeaseLost: If the trial was given to another process.
        """
        self.heartbeat.check()
        shown = (f"{name} {value:.6g}" for name, value in metrics.items() if name != "epoch")
        self.log(f"epoch {epoch}: {', '.join(shown)}")
        known = {name: value for name, value in metrics.items() if value == value}
        self.notify(
            Event(kind="epoch", worker=self.worker, number=self.lease.number, epoch=epoch, metrics=known)
        )
        self._rows[epoch] = known
        at_rung = self.pruner is not None and epoch in self.pruner.rungs
        if at_rung or time.monotonic() - self._sent > EPOCH_SECONDS:
            self._send()
        return not self.reason

    def _send(self) -> None:
        """Write the epochs to the study; those that do not reach it now go with the next, or the result."""
        try:
            decision = self.study.report(self.lease, self._rows, pruner=self.pruner)
        except StudyError as error:
            self.log(f"epoch {max(self._rows)} is not reported yet: {error}")
            return
        self._rows, self._sent = {}, time.monotonic()
        if decision is not None:
            self.log(f"early stopping: {decision.reason}")
            self.reason = "" if decision.promote else decision.reason
