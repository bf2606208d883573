"""TrialSource: where a process gets its next trial, be it a lost one, a promoted one, or a new one."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from archscape.spaces import Sample, Space

from ..samplers.base import Exhausted, Sampler, sample_unique
from ..shutdown import Shutdown
from ..study.history import History
from ..study.lease import Lease
from ..study.owner import Owner
from ..study.study import Study
from .events import Event, Notify

if TYPE_CHECKING:
    from ..latency import LatencyObjective
    from ..pruners import Pruner

POLL_SECONDS = 0.1
"""How long a process without a trial waits until it asks again, at first: a lost one may come free."""

MAX_POLL_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class SearchPlan:
    """What a search asks of its workers.

    Attributes:
        space: Where the networks come from, with the limits of the job.
        sampler: Proposes them.
        trials: How many the study may hold.
        pruner: Decides who is stopped early; None where nobody is.
        latency: What predicts latencies, and their limit; None where the job does not ask.
    """

    space: Space
    sampler: Sampler
    trials: int
    seed: int
    pruner: Pruner | None = None
    latency: LatencyObjective | None = None

    def propose(self, number: int, history: History) -> Sample:
        """Return a new sample for the trial of a number; the same in every process, whenever it is asked."""
        rng = random.Random(f"{self.seed}:{number}")
        limited = self.latency is not None and self.latency.within is not None
        return sample_unique(self.sampler, self.space, history, rng, aim=self.latency if limited else None)


@dataclass(kw_only=True)
class TrialSource:
    """Leases the trials of a study for one process.

    Attributes:
        name: Name of the process, for records and displays.
        logs: Folder for a log file per trial.
        notify: Takes what happens.
        shutdown: Says when to stop; cuts off a wait for the database.
        count_attempt: Whether a trial may be what killed the process that had it.
        finished: Whether there is nothing left to do, now or later.
        pause: How many seconds to wait after there was no trial; grows from one time to the next.
    """

    name: str
    plan: SearchPlan
    study: Study
    logs: Path
    notify: Notify
    shutdown: Shutdown
    count_attempt: bool = True
    finished: bool = False
    pause: float = 0.0
    _exhausted: int | None = None

    def __post_init__(self) -> None:
        self.study.database.wait = self.shutdown.sleep

    def next(self, busy: Collection[int] = ()) -> Lease | None:
        """Return a trial to work on, none of those that keep this process busy; None if there is none now."""
        lease = self._next(Owner.current(), busy)
        self.pause = 0.0 if lease else min(max(1.5 * self.pause, POLL_SECONDS), MAX_POLL_SECONDS)
        return lease

    def _next(self, owner: Owner, busy: Collection[int]) -> Lease | None:
        work = self.study.next_work(
            owner,
            trials=self.plan.trials if self._exhausted is None else self._exhausted,
            pruner=self.plan.pruner,
            busy=busy,
            count_attempt=self.count_attempt,
        )
        for result in work.ended:
            self.notify(Event.end(result, worker=self.name))
        if work.stop:
            self.finished = True
            if work.lease is not None:
                self.study.release(work.lease)
            return None
        lease = work.lease
        if lease is None and self._exhausted is None:
            try:
                lease = self.study.ask_unique(self.plan.propose, owner, trials=self.plan.trials)
            except Exhausted as error:
                self._exhausted = self.study.history().submitted
                self.notify(Event(kind="exhausted", worker=self.name, message=str(error)))
        self.finished = lease is None and not work.working and not self.study.count_open()
        return lease
