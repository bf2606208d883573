"""A trial that the driver of a search owns while one actor after the other trains it."""

from __future__ import annotations

from dataclasses import dataclass

from archscape.search.study.heartbeat import LeaseLost
from archscape.search.study.spool import Result
from archscape.search.workers.trial_run import TrialRun

from .messages import TrialSpec, TrialUpdate

MEMORY = "out of memory"
"""What the reason of a loss begins with if Ray ended an actor because its node had no memory left."""


@dataclass(kw_only=True)
class ActorTrial(TrialRun):
    """A trial that an actor trains, or that waits for one.

    Attributes:
        losses: How many actors were lost on it.
        started: When the actor that has it started, on the monotonic clock; None if none has.
        last_update: When it sent an update last.
        timed_out: Why it was ended for taking too long, or "".
        leaving: Whether the actor was asked to leave it.
        is_cut: Whether its actor was ended since the budget of the search was spent.
    """

    losses: int = 0
    started: float | None = None
    last_update: float = 0.0
    timed_out: str = ""
    leaving: bool = False
    is_cut: bool = False

    @property
    def spec(self) -> TrialSpec:
        """What the actor needs to know."""
        lease, removed = self.lease, [*self.source.removed]
        return TrialSpec(
            number=lease.number,
            hash=lease.hash,
            network=lease.network.to_json(),
            choices=lease.choices,
            removed=removed,
        )

    def failure(self, reason: str) -> Result:
        """Return the result of a trial that lost its last actor."""
        cause, message = "lost_worker", f"{self.losses} workers were lost on it: {reason}"
        if self.timed_out:
            cause, message = "timed_out", self.timed_out
        elif reason.startswith(MEMORY):
            cause = "out_of_memory"
        return self.context().result(status="failed", cause=cause, message=message)

    def report_epochs(self, update: TrialUpdate) -> bool:
        """Report the epochs of an update; False if the trial is to stop."""
        try:
            self.heartbeat.check()
            return all(self.report(epoch, update.rows[epoch]) for epoch in sorted(update.rows))
        except LeaseLost:
            return False

    def leave(self) -> None:
        """Leave the trial without a result: cut by the budget, paused if stopped early, else given back."""
        if self.source.budget.is_over:
            self.cut()
        elif self.stop_reason:
            self.end(self.context().result(status="pruned", message=self.stop_reason))
        else:
            self.release()
