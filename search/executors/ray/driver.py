"""The driver of a search through Ray: it leases trials, gives them to actors, and takes their updates."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from archscape.search.job import Job
from archscape.search.study.lease import Lease
from archscape.search.study.transactions import MAX_ATTEMPTS
from archscape.search.workers.events import Event
from archscape.search.workers.setup import check_same_data
from archscape.search.workers.trial_source import MAX_POLL_SECONDS, TrialSource
from archscape.spaces.errors import InputError, StudyError

from .actor_trial import ActorTrial
from .messages import TrialSpec, TrialUpdate

SPARE_SECONDS = 60.0
"""What an actor may take beyond the recipe's seconds, and until its next update."""


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
    _warned: bool = False
    _pinned: set[str] = field(default_factory=set)

    @property
    def is_over(self) -> bool:
        """Whether no more trials are to be assigned."""
        return self.source.finished or self.source.shutdown.requested or self.failure is not None

    def assign(self, name: str) -> TrialSpec | None:
        """Return a trial for an actor; None if there is none now."""
        if self._retries:
            self.trials[name] = self._retries.pop()
        elif self.is_over or len(self.trials) >= self.job.workers or time.monotonic() < self._next_poll:
            return None
        elif lease := self.source.next(busy=[trial.lease.number for trial in self.trials.values()]):
            self.trials[name] = self._own(lease)
        else:
            self._next_poll = time.monotonic() + self.source.pause
            return None
        return self.trials[name].spec

    def start(self, name: str) -> None:
        """Note that an actor has a trial now."""
        trial = self.trials[name]
        trial.started = trial.last_update = time.monotonic()
        trial.start(f"an actor takes it, attempt {trial.losses + 1}")

    def receive(self, name: str, update: TrialUpdate) -> bool:
        """Take an update of a trial; False if the actor is to leave the trial now."""
        trial = self.trials[name]
        trial.last_update = time.monotonic()
        for line in update.lines:
            trial.log(line)
        if update.error:
            self.failure = (InputError if update.input_error else StudyError)(update.error)
        else:
            self._check(update)
        may_continue = self.failure is None and trial.report_epochs(update)
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
        if trial.stop_reason:
            self.end(name, TrialUpdate(worker=trial.worker, left=True))
        elif trial.losses < MAX_ATTEMPTS and not trial.timed_out:
            self._retries.append(self.trials.pop(name))
        else:
            self.end(name, TrialUpdate(worker=trial.worker, result=trial.failure(reason)))

    def release_all(self) -> None:
        """Leave all trials to others."""
        for trial in (*self.trials.values(), *self._retries):
            trial.leave()
        self.trials.clear()
        self._retries.clear()

    def overdue(self) -> list[str]:
        """Return the trials whose actors take too long, each once.

        An actor sends an update every second. If it does not for a minute, it is taken for lost; if it does,
        but the training takes far longer than the recipe lets it, the training is taken for hung.
        """
        now, overdue = self._tick(), list[str]()
        limit = (self.job.recipe.seconds or float("inf")) * self.job.repeats + SPARE_SECONDS
        for name, trial in self.trials.items():
            if trial.started is None or trial.timed_out:
                continue
            if now - trial.started > limit:
                trial.timed_out = f"it ran for {now - trial.started:.0f} s; the recipe lets it {limit:.0f} s"
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
        if update.fingerprint and update.fingerprint not in self._pinned:
            try:
                check_same_data(self.source.study, self.job, update.fingerprint)
            except InputError as error:
                self.failure = error
        self._pinned |= {update.device, update.fingerprint}
        if not update.shared and not self._warned:
            self._warned = True
            node, folder = update.worker.split(":")[0], self.source.study.address.folder
            message = (
                f"{node} does not see {folder}: weights stay on the node that trained them, and a trial that "
                "loses its node begins anew; give --out a folder that all nodes share"
            )
            self.source.notify(Event(kind="note", worker="ray", message=message))
