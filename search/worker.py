"""A worker takes trials of a study one after the other until none is left."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from archscape.spaces import Sample, Space
from archscape.spaces.errors import ArchscapeError

from .evaluate import Context, Evaluate, evaluate_safely
from .events import Event, Notify
from .history import History
from .lease import Lease
from .owner import Owner
from .proposers import Exhausted, Proposer, propose_unique
from .stopping import Stop, Stopper
from .study import Study

BEAT_SECONDS = 15.0
"""How often a worker shows that it lives."""

POLL_SECONDS = 0.1
"""How often a worker without work looks whether the trial of a lost one has come free."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a search asks of its workers.

    Attributes:
        space: Where the networks come from.
        proposer: Who proposes them.
        trials: How many the study may hold.
        seed: Seed of the proposals.
    """

    space: Space
    proposer: Proposer
    trials: int
    seed: int

    def propose(self, number: int, history: History) -> Sample:
        """Return a new sample for the trial of a number; the same in every process, whenever it is asked."""
        rng = random.Random(f"{self.seed}:{number}")
        return propose_unique(self.proposer, self.space, history, rng)


@dataclass(frozen=True, kw_only=True)
class Worker:
    """One process at work on a study.

    Attributes:
        name: A short name for records and displays.
        plan: What to try.
        study: The study.
        evaluate: Gives a network its result.
        logs: Folder for a log file per trial.
        notify: Takes what happens.
        stopper: Says when to stop.
    """

    name: str
    plan: Plan
    study: Study
    evaluate: Evaluate
    logs: Path
    notify: Notify
    stopper: Stopper

    def run(self) -> None:
        """Work until every trial has ended; on a request to stop, give the trial in hand back and return."""
        owner = Owner.current()
        exhausted = False
        try:
            while not self.stopper.requested:
                for result in self.study.settle(owner):
                    self.notify(Event.end(result, worker=self.name))
                lease = self.study.reclaim(owner)
                if lease is None and not exhausted:
                    try:
                        lease = self.study.ask_unique(self.plan.propose, owner, trials=self.plan.trials)
                    except Exhausted as error:
                        exhausted = True
                        self.notify(Event(kind="exhausted", worker=self.name, message=str(error)))
                if lease is not None:
                    self._work_on(lease)
                elif self.study.count_open():
                    with self.stopper.interruptible():
                        time.sleep(POLL_SECONDS)
                else:
                    return
        except Stop:
            return

    def _work_on(self, lease: Lease) -> None:
        """Bring one trial to its end; whatever ends this early gives the trial back."""
        log = self._log(lease)
        context = Context(lease=lease, worker=self.name, log=log, report=self._report(lease, log))
        self.notify(Event(kind="start", worker=self.name, number=lease.number))
        log(f"{self.name} starts: network {lease.hash}, seed {lease.seed}")
        try:
            with beating(self.study, lease, log), self.stopper.interruptible():
                result = evaluate_safely(self.evaluate, lease.network, context)
        except BaseException:
            self.study.release(lease)
            log(f"{self.name} gives it back")
            raise
        self.study.spool(result)
        log(f"{self.name} ends: {result.status} {result.cause}".rstrip())
        self.study.tell(result)
        self.notify(Event.end(result, worker=self.name))

    def _log(self, lease: Lease) -> Callable[[str], None]:
        path = self.logs / f"trial-{lease.number:05d}.log"

        def log(text: str) -> None:
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {text.rstrip()}\n")

        return log

    def _report(self, lease: Lease, log: Callable[[str], None]) -> Callable[[int, Mapping[str, float]], None]:
        def report(epoch: int, metrics: Mapping[str, float]) -> None:
            log(f"epoch {epoch}: " + ", ".join(f"{name} {value:.6g}" for name, value in metrics.items()))
            known = {name: value for name, value in metrics.items() if value == value}
            self.notify(
                Event(kind="epoch", worker=self.name, number=lease.number, epoch=epoch, metrics=known)
            )

        return report


@contextmanager
def beating(study: Study, lease: Lease, log: Callable[[str], None]) -> Iterator[None]:
    """Show from a thread, for as long as the block takes, that the owner of a lease lives."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(BEAT_SECONDS):
            try:
                if not study.beat(lease):
                    log("the trial was given to another worker: this one seemed dead")
                    return
            except ArchscapeError as error:
                log(f"no sign of life could be given: {error}")

    thread = threading.Thread(target=beat, name=f"beat-{lease.number}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
