"""The driver's desk: the trials in the hands of its actors, held, followed and ended in the study."""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from archscape.search.job import Job
from archscape.search.shutdown import Shutdown
from archscape.search.study.heartbeat import LeaseLost, keep_alive
from archscape.search.study.lease import Lease
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.study.transactions import MAX_ATTEMPTS
from archscape.search.workers.events import Event, Notify
from archscape.search.workers.reporter import Reporter, logger
from archscape.search.workers.setup import check_same_data
from archscape.search.workers.worker import MAX_POLL_SECONDS, POLL_SECONDS, SearchPlan, TrialSource
from archscape.spaces.errors import InputError, StudyError

from .messages import TrialSpec, TrialUpdate
from .task import ActorTrial

SPARE_SECONDS = 60.0
"""What an actor may take beyond the recipe's seconds, and to say its next word."""


@dataclass(kw_only=True)
class Driver:
    """Gives trials out and takes words back; all from one thread, but for the heartbeats.

    Attributes:
        study: The study.
        job: The job.
        plan: What to try.
        logs: Folder for a log file per trial.
        notify: Takes what happens.
        shutdown: Says when to stop.
        failure: Why the search cannot go on, or None.
        tasks: The trials that are given out, by the name that Tune gave them.
    """

    study: Study
    job: Job
    plan: SearchPlan
    logs: Path
    notify: Notify
    shutdown: Shutdown
    failure: Exception | None = None
    tasks: dict[str, ActorTrial] = field(default_factory=dict)
    _source: TrialSource = field(init=False)
    _poll: float = POLL_SECONDS
    _next_look: float = 0.0
    _ticked: float = field(default_factory=time.monotonic)
    _again: list[ActorTrial] = field(default_factory=list)
    _lost_in_a_row: int = 0
    _warned: bool = False
    _known: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        # A driver trains nothing, so no trial kills it; the desk counts the actors that a trial loses.
        self._source = TrialSource(
            plan=self.plan, study=self.study, worker="ray", notify=self.notify, count_attempt=False
        )

    @property
    def is_over(self) -> bool:
        """Whether no more trials are to be given out."""
        return self._source.finished or self.shutdown.requested or self.failure is not None

    def take(self, name: str) -> TrialSpec | None:
        """Return a trial for an actor; None if there is none now."""
        if self._again:
            self.tasks[name] = self._again.pop()
        elif self.is_over or len(self.tasks) >= self.job.workers or time.monotonic() < self._next_look:
            return None
        elif lease := self._source.next(busy=self._numbers()):
            self.tasks[name] = self._hold(lease)
        else:
            self._next_look = time.monotonic() + self._poll
            self._poll = min(1.5 * self._poll, MAX_POLL_SECONDS)
            return None
        lease = self.tasks[name].lease
        return TrialSpec(
            number=lease.number, hash=lease.hash, network=lease.network.to_json(), seed=lease.seed
        )

    def begin(self, name: str) -> None:
        """Note that an actor has a trial now."""
        task = self.tasks[name]
        task.began = task.heard = time.monotonic()
        lease = task.lease
        task.log(f"an actor takes it, attempt {task.lost + 1}: network {lease.hash}, seed {lease.seed}")
        self.notify(Event(kind="start", worker=task.slot, number=lease.number))

    def hear(self, name: str, word: TrialUpdate) -> bool:
        """Take a word on a trial; False if the actor is to leave the trial now."""
        task = self.tasks[name]
        task.heard = time.monotonic()
        for line in word.lines:
            task.log(line)
        if word.error:
            self.failure = (InputError if word.input_error else StudyError)(word.error)
        else:
            self._check(word)
        go = self.failure is None and task.hear(word)
        task.told = task.told or not go
        return go

    def end(self, name: str, word: TrialUpdate) -> None:
        """Take the last word on a trial, and end it in the study or leave it to others."""
        self.hear(name, word)
        task = self.tasks.pop(name)
        with suppress(LeaseLost):
            task.heartbeat.check()
        task.closing.close()
        if task.heartbeat.lost:
            task.log("dropped: it was given to another worker, since the driver seemed dead")
        elif word.result is None:
            self._leave(task)
        else:
            self._tell(task, word.result)
        self._poll, self._next_look = POLL_SECONDS, 0.0
        if word.left and not task.told:
            self._next_look = time.monotonic() + MAX_POLL_SECONDS  # its node may have no room on its disk

    def lose(self, name: str, why: str) -> None:
        """Note that the actor of a trial was lost: give the trial out again, or end it after the third."""
        task = self.tasks[name]
        task.began = None
        task.lost += 1
        task.log(f"the actor was lost: {why}")
        self._count_loss(why)
        if task.report.reason:
            self.end(name, TrialUpdate(worker=task.slot, left=True))
        elif task.lost < MAX_ATTEMPTS and not task.timed_out:
            self._again.append(self.tasks.pop(name))
        else:
            self.end(name, TrialUpdate(worker=task.slot, result=task.failure(why)))

    def give_back(self) -> None:
        """Leave all trials to others."""
        self.tasks |= {f"again-{task.lease.number}": task for task in self._again}
        self._again.clear()
        for name, task in list(self.tasks.items()):
            task.told = True
            self.end(name, TrialUpdate(worker="", left=True))

    def overdue(self) -> list[str]:
        """Return the trials whose actors take too long, each once.

        An actor says something every second. If it does not for a minute, it is taken for lost; if it does,
        but the training takes far longer than the recipe lets it, the training is taken for hung.
        """
        now, found = self._tick(), list[str]()
        limit = (self.job.recipe.seconds or float("inf")) * self.job.repeats + SPARE_SECONDS
        for name, task in self.tasks.items():
            if task.began is None or task.timed_out:
                continue
            if now - task.began > limit:
                task.timed_out = f"it ran for {now - task.began:.0f} s; the recipe lets it {limit:.0f} s"
                found.append(name)
            elif now - task.heard > SPARE_SECONDS:
                task.heard = now
                task.log(f"the actor has been silent for {SPARE_SECONDS:.0f} s; it is ended")
                found.append(name)
        return found

    def _count_loss(self, why: str) -> None:
        self._lost_in_a_row += 1
        if self._lost_in_a_row > 3 * self.job.workers + 2:
            log = self.logs / "ray.log"
            self.failure = StudyError(
                f"{self._lost_in_a_row} actors in a row died before a trial ended: {why}; see {log}"
            )

    def _numbers(self) -> list[int]:
        return [task.lease.number for task in self.tasks.values()]

    def _tick(self) -> float:
        """Return the time; what actors said while this process was held up counts as said now."""
        now = time.monotonic()
        away, self._ticked = now - self._ticked, now
        if away > MAX_POLL_SECONDS:
            for task in self.tasks.values():
                task.heard += away
                task.began = None if task.began is None else task.began + away
        return now

    def _hold(self, lease: Lease) -> ActorTrial:
        log, closing = logger(self.logs / f"trial-{lease.number:05d}.log"), ExitStack()
        heartbeat = closing.enter_context(keep_alive(self.study, lease, log, stop=self.shutdown.request))
        taken = {task.slot for task in self.tasks.values()}
        slot = next(name for i in range(1, self.job.workers + 1) if (name := f"ray{i}") not in taken)
        report = Reporter(
            study=self.study,
            lease=lease,
            heartbeat=heartbeat,
            rule=self.plan.rule,
            worker=slot,
            log=log,
            notify=self.notify,
        )
        return ActorTrial(
            lease=lease, slot=slot, heartbeat=heartbeat, report=report, log=log, closing=closing
        )

    def _tell(self, task: ActorTrial, result: Result) -> None:
        self._lost_in_a_row = 0 if result.cause != "lost_worker" else self._lost_in_a_row
        try:
            self.study.spool(result)
        except OSError as error:
            task.log(f"the result could not be spooled: {error}")
        task.log(f"{result.worker} ends: {result.status} {result.cause}".rstrip())
        self.study.tell(result)
        self.notify(Event.end(result, worker=task.slot))

    def _leave(self, task: ActorTrial) -> None:
        self.study.release(task.lease)
        paused = task.report.reason
        task.log("paused" if paused else "given back")
        if paused:
            self.notify(
                Event(kind="end", worker=task.slot, number=task.lease.number, status="pruned", message=paused)
            )

    def _check(self, word: TrialUpdate) -> None:
        """Check that an actor trains on the data of the study, and sees the folder of the run."""
        if word.device and word.device not in self._known:
            self.study.pin("device", word.device)
        if word.fingerprint and word.fingerprint not in self._known:
            try:
                check_same_data(self.study, self.job, word.fingerprint)
            except InputError as error:
                self.failure = error
        self._known |= {word.device, word.fingerprint}
        if not word.shared and not self._warned:
            self._warned = True
            message = (
                f"{word.worker.split(':')[0]} does not see {self.study.address.folder}: weights stay on the "
                "node that trained them, and a trial that loses its node begins anew; give --out a folder "
                "that all nodes share"
            )
            self.notify(Event(kind="note", worker="ray", message=message))
