"""A trial in the hands of an actor, as the driver sees it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from archscape.search.study.heartbeat import Heartbeat, LeaseLost
from archscape.search.study.lease import Lease
from archscape.search.study.spool import Result
from archscape.search.workers.reporter import Reporter

from .messages import TrialUpdate

MEMORY = "out of memory"
"""What the reason of a loss begins with if Ray ended an actor because its node had no memory left."""


@dataclass(kw_only=True)
class ActorTrial:
    """A trial in the hands of an actor, or waiting for one.

    Attributes:
        lease: The trial.
        slot: Under which name its actor is shown.
        heartbeat: Whether the trial is still the driver's.
        report: Takes its epochs.
        log: Appends lines to the log of the trial.
        closing: Ends the hold.
        lost: How many actors were lost on it.
        began: When the actor that has it began, on the monotonic clock; None if none has.
        heard: When it last said something.
        timed_out: Why it was ended for taking too long, or "".
        told: Whether the actor was asked to leave it.
    """

    lease: Lease
    slot: str
    heartbeat: Heartbeat
    report: Reporter
    log: Callable[[str], None]
    closing: ExitStack
    lost: int = 0
    began: float | None = None
    heard: float = 0.0
    timed_out: str = ""
    told: bool = False

    def failure(self, why: str) -> Result:
        """Return the result of a trial that lost its last actor."""
        cause, message = "lost_worker", f"{self.lost} workers were lost on it: {why}"
        if self.timed_out:
            cause, message = "timed_out", self.timed_out
        elif why.startswith(MEMORY):
            cause = "out_of_memory"
        return Result(
            number=self.lease.number,
            hash=self.lease.hash,
            status="failed",
            cause=cause,
            message=message,
            metrics=dict(self.lease.costs),
            worker=self.slot,
        )

    def hear(self, word: TrialUpdate) -> bool:
        """Report the epochs of a word; False if the trial is to stop."""
        try:
            self.heartbeat.check()
            return all(self.report(epoch, word.rows[epoch]) for epoch in sorted(word.rows))
        except LeaseLost:
            return False
