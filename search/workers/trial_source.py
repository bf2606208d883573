"""TrialSource: where a process gets its next trial, be it a lost one, a promoted one, or a new one."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from archscape.analysis.results import ENQUEUED
from archscape.spaces import Sample, Space
from archscape.spaces.errors import StudyError

from ..folder import RunFolder
from ..samplers import make_sampler
from ..samplers.base import Exhausted, Sampler, propose_unique
from ..shutdown import Shutdown
from ..study.artifacts import Artifacts
from ..study.budget import Budget
from ..study.history import History
from ..study.kept_weights import ALL, KeptWeights, remove_weights
from ..study.lease import Lease
from ..study.owner import Owner
from ..study.proposal import Proposal
from ..study.spool import MAX_TRIALS
from ..study.study import Study
from .budget_watch import BudgetWatch
from .events import Event, Notify
from .log_files import LogFiles

if TYPE_CHECKING:
    from ..costs.asked import AskedCosts
    from ..job import Job
    from ..pruners import Pruner

POLL_SECONDS = 0.1
"""How long a process without a trial waits until it asks again, at first: a lost one may come free."""

MAX_POLL_SECONDS = 2.0

MAX_REMOVED = 500
"""Removed weights that other machines hear of with their next trial."""


@dataclass(frozen=True, kw_only=True)
class SearchPlan:
    """What a search asks of its workers.

    Attributes:
        space: Where the networks come from, with the limits of the job, and how they are trained if that is
            drawn too.
        sampler: Proposes them.
        trials: How many the study may hold.
        pruner: Decides who is stopped early; None where nobody is.
        costs: What the job asks of a network beyond its totals, and the limits; None where it does not.
        budget: What the search may spend; None for any amount.
        epochs: Of a whole training; 0 where that is not known.
        keep: Whose weights stay on disk.
        enqueued: What is tried first, by the hashes of the trials.
    """

    space: Space
    sampler: Sampler
    trials: int
    seed: int
    pruner: Pruner | None = None
    costs: AskedCosts | None = None
    budget: Budget | None = None
    epochs: int = 0
    keep: str = ALL
    enqueued: Mapping[str, Sample] = field(default_factory=dict)

    def propose(self, number: int, history: History) -> Proposal:
        """Return a new sample for the trial of a number; the same in every process, whenever it is asked."""
        for digest, sample in self.enqueued.items():
            if digest not in history.hashes:
                return Proposal(sample=sample, reason="enqueued by the job", sampler=ENQUEUED)
        rng = random.Random(f"{self.seed}:{number}")
        return propose_unique(self.sampler, self.space, self.seen(history), rng)

    def seen(self, history: History) -> History:
        """Return a history with what the search asks for, as samplers see it."""
        trials = 0 if self.trials == MAX_TRIALS else self.trials
        return replace(history, asked=self.costs, trials=trials, epochs=self.epochs)


def search_plan(job: Job) -> SearchPlan:
    """Return what a job asks of its workers."""
    return SearchPlan(
        space=job.trial_space,
        sampler=make_sampler(job.with_sampler()[0].sampler),
        trials=job.trials,
        seed=job.seed,
        pruner=job.pruner(),
        costs=job.costs,
        budget=job.budget,
        epochs=job.epochs,
        enqueued=job.enqueued,
        keep=job.keep,
    )


@dataclass(kw_only=True)
class TrialSource:
    """Leases the trials of a study for one process.

    Attributes:
        name: Name of the process, for records and displays.
        logs: Folder for a log file per trial.
        log_files: What writes them.
        notify: Takes what happens.
        shutdown: Says when to stop; cuts off a wait for the database.
        count_attempt: Whether a trial may be what killed the process that had it.
        finished: Whether there is nothing left to do, now or later.
        pause: How many seconds to wait after there was no trial; grows from one time to the next.
        budget: What the budget of the search still allows.
        removed: Hashes of the latest networks whose weights are not kept any more.
    """

    name: str
    plan: SearchPlan
    study: Study
    logs: Path
    notify: Notify
    shutdown: Shutdown
    log_files: LogFiles = field(default_factory=LogFiles)
    count_attempt: bool = True
    finished: bool = False
    pause: float = 0.0
    budget: BudgetWatch = field(init=False)
    removed: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_REMOVED))
    _exhausted: int | None = None
    _shared: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.budget = BudgetWatch(budget=self.plan.budget, study=self.study)
        self.study.database.wait = self.shutdown.sleep

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of the run, made again if they stay missing."""
        return RunFolder(self.study.address.folder).folders(self.study)

    def next(self, busy: Collection[int] = ()) -> Lease | None:
        """Return a trial to work on, none of those that keep this process busy; None if there is none now."""
        lease = self._next(Owner.current(), busy)
        self.pause = 0.0 if lease else min(max(1.5 * self.pause, POLL_SECONDS), MAX_POLL_SECONDS)
        return lease

    @cached_property
    def _kept(self) -> KeptWeights:
        return self.study.kept_weights(self.plan.keep)

    def remove_weights(self, log: Callable[[str], object]) -> None:
        """Remove weights that need not be kept from the folder of the run, and from its artifacts.

        It waits neither for the database nor for what cannot be removed now.
        """
        if self.plan.keep == ALL:
            return
        with suppress(StudyError):  # the next trial's end removes them
            hashes = self.study.weights_to_remove(self._kept)
            self.removed.extend(hashes.values())
            remove_weights(RunFolder(self.study.address.folder).checkpoints, hashes.values(), log)
            artifacts = Artifacts.of(self.study)
            if artifacts is not None:
                self._shared |= hashes
                digests = self.study.digests(self._shared)
                weights = {self._shared[number]: digest for number, digest in digests.items() if digest}
                self._shared.clear()
                artifacts.discard(weights, log)

    def _next(self, owner: Owner, busy: Collection[int]) -> Lease | None:
        allowed = self.budget.refresh()
        work = self.study.next_work(
            owner,
            trials=self.plan.trials if self._exhausted is None else self._exhausted,
            pruner=self.plan.pruner,
            busy=busy,
            count_attempt=self.count_attempt,
            allowed=allowed,
        )
        for result in work.ended:
            self.notify(Event.end(result, worker=self.name))
        if work.stop:
            self.finished = True
            if work.lease is not None:
                self.study.release(work.lease)
            return None
        lease = work.lease
        if lease is None and self._exhausted is None and allowed == "begin":
            try:
                lease = self.study.ask_unique(self.plan.propose, owner, trials=self.plan.trials)
            except Exhausted as error:
                self._exhausted = self.study.history().next_number
                self.notify(Event(kind="exhausted", worker=self.name, message=str(error)))
        self.finished = (
            lease is None
            and not work.working
            and not self.study.count_open()
            and not self._may_propose()  # another process has just ended what a proposal had to see
        )
        return lease

    def _may_propose(self) -> bool:
        if self._exhausted is not None or self.budget.allowed != "begin":
            return False
        return self.study.history().next_number < self.plan.trials
