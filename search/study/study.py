"""A study: the only truth about a search, shared by any number of processes that may die at any moment.

Its trials lie in a database, in archscape's table and, for others to read, in Optuna's. Each step below is
one transaction over both, so wherever a process is killed, a trial waits, is held by a process that can be
found dead or silent, or has ended. A step whose answer was lost may be taken again: nothing happens twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING

import sqlalchemy

from archscape.spaces.errors import StudyError

from .address import Address
from .database import Database
from .history import History
from .lease import Lease, lease_of
from .liveness import LivenessMonitor
from .owner import Owner
from .reader import StudyReader
from .spool import Result, Spool
from .transactions import StudyTransaction, lost_too_often
from .trial import TrialRecord

if TYPE_CHECKING:
    from archscape.spaces import Network, Sample

    from ..latency import PredictLatency
    from ..pruners import Decision, Pruner

SOON_SECONDS = 5.0
"""How long a process tries what it can do without: to report an epoch, to give a trial back."""

Propose = Callable[[int, History], "Sample"]


@dataclass(kw_only=True)
class Work:
    """What a process finds when it asks for work.

    Attributes:
        ended: Results of the trials that the question ended: spooled or lost ones.
        lease: A trial to resume; None if there is none.
        working: How many trials others work on.
        stop: Whether everybody was asked to leave the study.
    """

    ended: list[Result] = field(default_factory=list)
    lease: Lease | None = None
    working: int = 0
    stop: bool = False


class Study(StudyReader):
    """A study in a database, for those who work on it.

    Attributes:
        liveness: How long others have been silent.
    """

    def __init__(self, database: Database, study_id: int, address: Address) -> None:
        super().__init__(database, study_id, address)
        self.liveness = LivenessMonitor()
        self._spool = Spool(folder=address.folder / "spool")
        self._history = History(objectives=self.objectives)

    def history(self) -> History:
        """Return what was tried and what is being tried; the same object each time, brought up to date."""
        self._history.take(self._read(lambda trial_rows: trial_rows.changes(since=self._history.seen)))
        return self._history

    def ask_unique(self, propose: Propose, owner: Owner, *, trials: int) -> Lease | None:
        """Submit the network that is proposed next and take its trial; None if all trials were submitted.

        The proposal is for one number and one history: if another process submits first, it is made anew.

        Args:
            propose: Returns a sample that the history does not hold, for the trial of the given number.
            owner: The process that will work on the trial.
            trials: How many trials the study may hold.
        """
        while True:
            history = self.history()
            number = history.submitted
            if number >= trials:
                return None
            sample = propose(number, history)
            lease = self._lease(number, sample.network, owner)
            submit = partial(StudyTransaction.submit, lease=lease, sample=sample)
            with suppress(sqlalchemy.exc.IntegrityError):  # another process has submitted this network
                if self._write(submit):
                    return lease

    def next_work(
        self,
        owner: Owner,
        *,
        trials: int,
        pruner: Pruner | None = None,
        busy: Collection[int] = (),
        count_attempt: bool = True,
    ) -> Work:
        """End the trials that need no further work, and take up one that waits for somebody.

        First comes a trial that lost its process, under its number; then one that was stopped early and is
        promoted now. Trials stopped early have ended when nothing else is left to do.

        Args:
            owner: The process that asks.
            trials: How many trials the study may hold.
            pruner: Decides who is stopped early; None where nobody is.
            busy: Numbers of the trials that it works on itself.
            count_attempt: Whether a trial may be what killed its process; after `MAX_ATTEMPTS` it has failed.
        """
        idle = self._glance(owner, trials=trials, busy=busy) if pruner is None else None
        if idle is not None:
            self._sweep(())
            return idle

        def step(transaction: StudyTransaction) -> tuple[Work, TrialRecord | None, str]:
            unfinished = transaction.trial_rows.in_states("running", "waiting")
            pausing = transaction.trial_rows.pausing() if pruner else []
            self.liveness.keep({record.number for record in (*unfinished, *pausing)})
            free = [record for record in unfinished if self._is_free(record, owner, busy)]
            kept = {record.number for record in pausing if not self._is_free(record, owner, busy)}
            work = Work(working=len(unfinished) - len(free) + len(kept))
            taken = None
            for record in free:
                result = self._spool.get(record.number, record.hash) or lost_too_often(record)
                if result is not None:
                    transaction.trial_rows.end(record, result)
                    work.ended.append(result)
                else:
                    taken = taken or record
            if taken is not None:
                attempts = taken.attempts + (count_attempt and taken.owner != owner)
                transaction.trial_rows.take(taken, owner, attempts=attempts)
            elif pruner is not None:
                taken = transaction.promote(owner, pruner, kept=kept)
            if taken is None and not work.working and transaction.trial_rows.next_number() >= trials:
                work.ended += transaction.close()
            work.stop = transaction.trial_rows.is_stopping()
            return work, taken, transaction.trial_rows.network(taken.number) if taken else ""

        work, taken, network = self._write(step)
        self._sweep(work.ended)
        if taken is not None:
            from archscape.spaces import Network

            work.lease = self._lease(taken.number, Network.from_json(network), owner)
        return work

    def report(
        self, lease: Lease, rows: Mapping[int, Mapping[str, float]], *, pruner: Pruner | None = None
    ) -> Decision | None:
        """Write epochs of a trial; return the pruner's decision if the last one is a rung.

        A trial that is stopped is paused in the same step; `release` leaves it to others. The epochs are in
        ascending order; those that are there already are left.
        """
        rung = max(rows)

        def step(transaction: StudyTransaction) -> Decision | None:
            transaction.trial_rows.add_epochs(lease.number, rows)
            record = transaction.trial_rows.find(lease.number)
            if pruner is None or rung not in pruner.rungs or record is None or record.owner != lease.owner:
                return None
            return transaction.judge(record, rung, {**rows[rung], **lease.costs}, pruner)

        return self._write(step, patience=SOON_SECONDS)

    def spool(self, result: Result) -> None:
        """Put a result on disk, from where it reaches the study even if this process dies now."""
        self._spool.put(result)

    def tell(self, result: Result) -> bool:
        """Write a result to the study; False, and no change, if the trial has ended before."""

        def step(transaction: StudyTransaction) -> bool:
            record = transaction.trial_rows.find(result.number)
            if record is None or record.ended or record.hash != result.hash:
                return False
            transaction.trial_rows.end(record, result)
            return True

        written = self._write(step)
        self._spool.drop(result.number)
        return written

    def release(self, lease: Lease) -> None:
        """Give a trial back that was not brought to its end; it counts as if it had not been tried.

        A trial that was stopped early is only left: it stays paused. If the database is away, others find out
        by themselves.
        """

        def step(transaction: StudyTransaction) -> None:
            record = transaction.trial_rows.find(lease.number)
            if record is not None and record.owner == lease.owner:
                transaction.trial_rows.release(record)

        with suppress(StudyError):
            self._write(step, patience=SOON_SECONDS)

    def beat(self, lease: Lease) -> bool:
        """Show that the owner of a lease lives; False if the lease is not its own any more."""
        return self.database.write(
            lambda connection: self._transaction(connection).trial_rows.beat(lease.number, lease.owner),
            patience=0,
        )

    def _lease(self, number: int, network: Network, owner: Owner) -> Lease:
        return lease_of(number, network, owner, seed=self.facts["seed"], latency=self._predict_latency)

    @cached_property
    def _predict_latency(self) -> PredictLatency | None:
        """What predicts the latency of its networks; a study that does not ask for it loads nothing."""
        if not self.facts.get("latency"):
            return None
        from ..latency import read_latency

        return read_latency(self.settings["job"]).milliseconds

    def _glance(self, owner: Owner, *, trials: int, busy: Collection[int]) -> Work | None:
        """Look without standing in line with those who write; None if there may be something to do."""
        unfinished, submitted, stop = self._read(
            lambda rows: (rows.in_states("running", "waiting"), rows.next_number(), rows.is_stopping())
        )
        self.liveness.keep({record.number for record in unfinished})
        if any(self._is_free(record, owner, busy) for record in unfinished):
            return None
        return Work(working=len(unfinished), stop=stop) if unfinished or submitted < trials else None

    def _is_free(self, record: TrialRecord, owner: Owner, busy: Collection[int]) -> bool:
        """Return whether nobody works on a trial; this process works on those that are busy."""
        since, lease_seconds = self.database.back_since, self.lease_seconds
        return record.number not in busy and self.liveness.is_free(
            record, owner, lease_seconds=lease_seconds, since=since
        )

    def _sweep(self, ended: Sequence[Result]) -> None:
        """Drop the results that have reached the study, and checkpoints from which no trial is resumed."""
        for result in ended:
            if result.status == "pruned":
                partial = self.address.folder / "checkpoints" / f"{result.hash}.partial"
                partial.unlink(missing_ok=True)
        spooled = set(self._spool.numbers())
        if spooled:
            records = self._read(lambda trial_rows: [trial_rows.find(number) for number in spooled])
            numbers = {record.number for record in records if record and record.ended}
            for number in numbers | {result.number for result in ended}:
                self._spool.drop(number)
