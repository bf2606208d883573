"""A worker takes trials of a study one after the other until none is left."""

from __future__ import annotations

import random
import time
from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from archscape.spaces import Sample, Space
from archscape.spaces.errors import StudyError

from ..atomic import has_room
from ..samplers.base import Exhausted, Sampler, sample_unique
from ..shutdown import Shutdown, ShutdownRequested
from ..study.heartbeat import LeaseLost
from ..study.history import History
from ..study.lease import Lease
from ..study.owner import Owner
from ..study.study import Study
from .evaluator import Context, Evaluator, evaluate_safely
from .events import Event, Notify
from .trial_run import TrialRun
from .watchdog import Watchdog

if TYPE_CHECKING:
    from ..latency import LatencyObjective
    from ..pruners import Pruner

POLL_SECONDS = 0.1
"""How often a worker without work looks whether the trial of a lost one has come free, at first."""

MAX_POLL_SECONDS = 2.0

GRACE_SECONDS = 8.0
"""How long a training that was asked to stop gets to write its checkpoint."""

DISK_SECONDS = 900.0
"""How long a worker waits for room on a full disk before it gives up."""

MAX_FULL_SECONDS = 60.0
"""How long it waits at most before it looks again."""


@dataclass(frozen=True, kw_only=True)
class SearchPlan:
    """What a search asks of its workers.

    Attributes:
        space: Where the networks come from.
        sampler: Who proposes them.
        trials: How many the study may hold.
        seed: Seed of the proposals.
        pruner: Decides who is stopped early; None where nobody is.
        latency: What tells latencies, and their limit; None where the job does not ask.
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
class Worker:
    """One process at work on a study.

    Attributes:
        name: A short name for records and displays.
        plan: What to try.
        study: The study.
        evaluate: Gives a network its result.
        logs: Folder for a log file per trial.
        notify: Takes what happens.
        shutdown: Says when to stop.
        watchdog: Ends the process if a trial hangs; None where that is not wanted.
    """

    name: str
    plan: SearchPlan
    study: Study
    evaluate: Evaluator
    logs: Path
    notify: Notify
    shutdown: Shutdown
    watchdog: Watchdog | None = None
    _full_since: float | None = field(default=None, init=False)

    def run(self) -> None:
        """Work until every trial has ended; on a request to stop, give the trial in hand back and return.

        Raises:
            StudyError: If the database or the room on the disk does not come back.
        """
        self.study.database.wait = self.shutdown.sleep
        source = TrialSource(plan=self.plan, study=self.study, worker=self.name, notify=self.notify)
        poll = POLL_SECONDS
        try:
            while not self.shutdown.requested and not source.finished:
                self._wait_for_room()
                lease = source.next()
                if lease is not None:
                    self._work_on(lease)
                    poll = POLL_SECONDS
                elif not source.finished:
                    self.shutdown.sleep(poll)
                    poll = min(1.5 * poll, MAX_POLL_SECONDS)
        except ShutdownRequested:
            return

    def _work_on(self, lease: Lease) -> None:
        """Bring one trial to its end; whatever ends this early gives the trial back."""
        shutdown = self.shutdown
        trial = TrialRun(
            study=self.study,
            lease=lease,
            worker=self.name,
            pruner=self.plan.pruner,
            logs=self.logs,
            notify=self.notify,
            stop=shutdown.request,
        )
        context = trial.context(should_stop=lambda: shutdown.requested)
        trial.start(f"{self.name} starts")
        try:
            with self._watching(trial, context), shutdown.interruptible(grace=GRACE_SECONDS):
                result = evaluate_safely(self.evaluate, lease.network, context)
        except LeaseLost:
            trial.release()
        except OSError as error:
            trial.release(str(error))
            self._full_since = self._full_since or time.monotonic()
            self.notify(Event(kind="note", worker=self.name, message=f"{self.name}: {error.strerror}"))
        except BaseException:
            trial.release()
            raise
        else:
            self._full_since = None
            trial.end(result)

    def _watching(self, trial: TrialRun, context: Context) -> AbstractContextManager[None]:
        """Watch over an evaluation; one that hangs has failed."""

        def give_up(message: str) -> None:
            trial.end(context.result(status="failed", cause="timed_out", message=message))

        return self.watchdog.watching(give_up) if self.watchdog else nullcontext()

    def _wait_for_room(self) -> None:
        """Wait until the disk has room for the files of a trial.

        A quota shows only when a trial runs into it; the wait then grows with the time since the first did.

        Raises:
            StudyError: If it stays full.
        """
        message = f"{self.logs}: the disk is full; make room, and the search resumes"
        since, refused = self._full_since or time.monotonic(), self._full_since is not None
        notified = False
        while refused or not has_room(self.logs):
            full = time.monotonic() - since
            if full > DISK_SECONDS:
                raise StudyError(message)
            if not notified:
                self.notify(Event(kind="note", worker=self.name, message=message))
            notified, refused = True, False
            self.shutdown.sleep(min(max(full, 1.0), MAX_FULL_SECONDS))


@dataclass(kw_only=True)
class TrialSource:
    """Finds the next trial for a process: a lost one, one that may go on, or a new one.

    Attributes:
        plan: What to try.
        study: The study.
        worker: Name of the process.
        notify: Takes what happens.
        count_attempt: Whether a trial may be what killed the process that had it.
        finished: Whether there is nothing left to do, now or later.
    """

    plan: SearchPlan
    study: Study
    worker: str
    notify: Notify
    count_attempt: bool = True
    finished: bool = False
    _exhausted: int | None = None

    def next(self, busy: Collection[int] = ()) -> Lease | None:
        """Return a trial to work on; None if there is none now.

        Args:
            busy: Numbers of the trials that this process works on already.
        """
        owner = Owner.current()
        trials = self.plan.trials if self._exhausted is None else self._exhausted
        work = self.study.next_work(
            owner, trials=trials, pruner=self.plan.pruner, busy=busy, count_attempt=self.count_attempt
        )
        for result in work.ended:
            self.notify(Event.end(result, worker=self.worker))
        if work.lease is not None or work.stop:
            self.finished = work.stop
            if work.stop and work.lease is not None:
                self.study.release(work.lease)
                return None
            return work.lease
        lease = self._ask(owner)
        self.finished = lease is None and not work.working and not self.study.count_open()
        return lease

    def _ask(self, owner: Owner) -> Lease | None:
        if self._exhausted is not None:
            return None
        try:
            return self.study.ask_unique(self.plan.propose, owner, trials=self.plan.trials)
        except Exhausted as error:
            self._exhausted = self.study.history().submitted
            self.notify(Event(kind="exhausted", worker=self.worker, message=str(error)))
            return None
