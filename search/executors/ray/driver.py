"""The driver of a search through Ray: it leases trials, gives them to actors, and takes their updates."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from archscape.search.file_faults import MISSING_SECONDS, PATIENCE_SECONDS, check_usable, describe, make_again
from archscape.search.job import Job
from archscape.search.study.lease import Lease
from archscape.search.study.transactions import MAX_ATTEMPTS
from archscape.search.workers.events import Event, failure
from archscape.search.workers.setup import check_same_data
from archscape.search.workers.trial_source import MAX_POLL_SECONDS, TrialSource
from archscape.search.workers.watchdog import CUT_SECONDS
from archscape.spaces.errors import InputError, StudyError

from .actor_trial import ActorTrial
from .messages import TrialSpec, TrialUpdate

SPARE_SECONDS = 60.0
"""What an actor may take beyond the recipe's seconds, and until its next update."""


@dataclass
class FaultPeriod:
    """For how long the file system has refused something, without a success meanwhile."""

    since: float | None = None

    @property
    def seconds(self) -> float:
        """Its length until now; 0 if nothing is refused."""
        return 0.0 if self.since is None else time.monotonic() - self.since

    def begin(self) -> None:
        """Take a refusal."""
        self.since = self.since or time.monotonic()

    def end(self) -> None:
        """Take a success."""
        self.since = None


@dataclass(kw_only=True)
class Driver:
    """Owns the trials that actors train; all from one thread, but for the heartbeats.

    Attributes:
        source: Where the trials come from.
        failure: Why the search cannot continue, or None.
        trials: The trials that actors have, by the name that Tune gave them.
    """

    source: TrialSource
    job: Job
    failure: Exception | None = None
    trials: dict[str, ActorTrial] = field(default_factory=dict)
    _next_poll: float = 0.0
    _last_tick: float = field(default_factory=time.monotonic)
    _retries: list[ActorTrial] = field(default_factory=list)
    _losses_in_a_row: int = 0
    _own_faults: FaultPeriod = field(default_factory=FaultPeriod)
    _actors_faults: FaultPeriod = field(default_factory=FaultPeriod)
    _warned: bool = False
    _pinned: set[str] = field(default_factory=set)

    @property
    def is_over(self) -> bool:
        """Whether no more trials are to be assigned."""
        return self.source.finished or self.source.shutdown.requested or self.failure is not None

    def assign(self, name: str) -> TrialSpec | None:
        """Return a trial for an actor; None if there is none now."""
        if self._retries and self.source.budget.is_over:
            self._retries.pop().leave()
            return None
        if self._retries:
            self.trials[name] = self._retries.pop()
        elif self.is_over or len(self.trials) >= self.job.workers or time.monotonic() < self._next_poll:
            return None
        elif lease := self._next():
            self.trials[name] = self._own(lease)
        else:
            self._next_poll = time.monotonic() + self.source.pause
            return None
        return self.trials[name].spec

    def _next(self) -> Lease | None:
        """Return a trial to assign; None if there is none now, or the results on disk cannot be read."""
        source = self.source
        if self._own_faults.seconds > MISSING_SECONDS:
            make_again(source.folders, self._note)
        try:
            check_usable(source.folders)
            lease = source.next(busy=[trial.lease.number for trial in self.trials.values()])
        except OSError as error:
            source.pause = MAX_POLL_SECONDS
            self._note_fault(self._own_faults, "ray", describe(error))
            return None
        self._own_faults.end()
        return lease

    def start(self, name: str) -> None:
        """Note that an actor has a trial now."""
        trial = self.trials[name]
        trial.started = trial.last_update = time.monotonic()
        trial.start(f"an actor takes it, attempt {trial.losses + 1}")

    def receive(self, name: str, update: TrialUpdate) -> bool:
        """Take an update of a trial; False if the actor is to leave the trial now."""
        trial, now = self.trials[name], time.monotonic()
        if update.waiting and trial.started is not None:
            trial.started += now - trial.last_update  # the time of files is not the trial's
        trial.last_update = now
        for line in update.lines:
            trial.log(line)
        if update.error:
            self.failure = failure(update.error, input_error=update.input_error, setting=update.setting)
        else:
            self._check(update)
        if update.rows or update.result is not None:
            self._actors_faults.end()
        may_continue = self.failure is None and trial.report_epochs(update)
        may_continue = may_continue and not self.source.budget.is_over
        trial.leaving = trial.leaving or not may_continue
        return may_continue

    def end(self, name: str, update: TrialUpdate) -> None:
        """Take the last update of a trial, and end it in the study or leave it to others."""
        self.receive(name, update)
        trial = self.trials.pop(name)
        if update.result is None:
            trial.leave()
        else:
            trial.end(update.result)
            if update.result.cause != "lost_worker":
                self._losses_in_a_row = 0
        self.source.pause = self._next_poll = 0.0
        if update.left and not trial.leaving:
            self._next_poll = time.monotonic() + MAX_POLL_SECONDS  # its node may have no room on its disk
        if update.fault:
            self._note_fault(self._actors_faults, update.worker, update.fault, lasting=update.lasting)

    def lose_actor(self, name: str, reason: str) -> None:
        """Note that the actor of a trial was lost: assign the trial again, or end it after the third."""
        trial = self.trials[name]
        trial.started = None
        trial.losses += 1
        trial.log(f"the actor was lost: {reason}")
        self._losses_in_a_row += 1
        if self._losses_in_a_row > 3 * self.job.workers + 2:
            log = self.source.logs / "ray.log"
            self.failure = StudyError(
                f"{self._losses_in_a_row} actors in a row died before a trial ended: {reason}; see {log}"
            )
        if trial.stop_reason or self.source.budget.is_over:
            self.end(name, TrialUpdate(worker=trial.worker, left=True))
        elif trial.losses < MAX_ATTEMPTS and not trial.timed_out:
            self._retries.append(self.trials.pop(name))
        else:
            self.end(name, TrialUpdate(worker=trial.worker, result=trial.failure(reason)))

    def _note_fault(self, period: FaultPeriod, worker: str, fault: str, *, lasting: bool = False) -> None:
        """Note that the file system refused something; end the search if it has for long, or will."""
        period.begin()
        if lasting or period.seconds > PATIENCE_SECONDS:
            self.failure = StudyError(f"{fault}; mend that, and the same command resumes the search")
        self._note(f"{worker} waits for {fault}")

    def _note(self, message: str) -> None:
        self.source.notify(Event(kind="note", worker="ray", message=message))

    def release_all(self) -> None:
        """Leave all trials to others."""
        for trial in (*self.trials.values(), *self._retries):
            trial.leave()
        self.source.log_files.write()
        self.trials.clear()
        self._retries.clear()

    @property
    def is_out_of_time(self) -> bool:
        """Whether the budget was spent so long ago that no actor is waited for any more."""
        return time.monotonic() > self.source.budget.deadline + 2 * CUT_SECONDS

    def overdue(self) -> list[str]:
        """Return the trials whose actors take too long, each once.

        An actor sends an update every second. If it does not for a minute, it is taken for lost; if it does,
        but the training takes far longer than the recipe lets it, the training is taken for hung.
        """
        now, overdue = self._tick(), list[str]()
        limit = (self.job.seconds or float("inf")) + SPARE_SECONDS
        for name, trial in self.trials.items():
            if trial.started is None or trial.timed_out:
                continue
            if now - trial.started > limit:
                trial.timed_out = f"it ran for {now - trial.started:.0f} s; the recipe lets it {limit:.0f} s"
                overdue.append(name)
            elif not trial.is_cut and now > self.source.budget.deadline + CUT_SECONDS:
                trial.is_cut = True
                trial.log("the budget of the search is spent; its actor is ended")
                overdue.append(name)
            elif now - trial.last_update > SPARE_SECONDS:
                trial.last_update = now
                trial.log(f"the actor has been silent for {SPARE_SECONDS:.0f} s; it is ended")
                overdue.append(name)
        return overdue

    def _tick(self) -> float:
        """Return the time; updates that came while this process was held up count as received now."""
        now = time.monotonic()
        away, self._last_tick = now - self._last_tick, now
        if away > MAX_POLL_SECONDS:
            for trial in self.trials.values():
                trial.last_update += away
                trial.started = None if trial.started is None else trial.started + away
        return now

    def _own(self, lease: Lease) -> ActorTrial:
        """Own a trial, shown under the first of the names `ray1`, `ray2` ... that is free."""
        taken = {trial.worker for trial in self.trials.values()}
        slots = (f"ray{i}" for i in range(1, self.job.workers + 1))
        worker = next(slot for slot in slots if slot not in taken)
        return ActorTrial(source=self.source, lease=lease, worker=worker)

    def _check(self, update: TrialUpdate) -> None:
        """Check that an actor trains on the data of the study, and sees the folder of the run."""
        if update.device and update.device not in self._pinned:
            self.source.study.pin("device", update.device)
        fingerprint = update.data.get("data_fingerprint", "")
        if fingerprint and fingerprint not in self._pinned:
            try:
                check_same_data(self.source.study, self.job, update.data)
            except InputError as error:
                self.failure = error
        self._pinned |= {update.device, fingerprint}
        if not update.shared and not self._warned:
            self._warned = True
            node, folder = update.worker.split(":")[0], self.source.study.address.folder
            weights = "are handed over" if self.job.artifacts else "stay on the node that trained them"
            message = (
                f"{node} does not see {folder}: weights {weights}, and a trial that loses its node begins "
                "anew; give --out a folder that all nodes share"
            )
            self.source.notify(Event(kind="note", worker="ray", message=message))
