"""A study: the only truth about a search, shared by any number of processes that may die at any moment.

Its trials lie in a database, in archscape's table and, for others to read, in Optuna's. Each step below is
one transaction over both, so wherever a process is killed, a trial waits, is held by a process that can be
found dead or silent, or has ended. A step whose answer was lost may be taken again: nothing happens twice.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Literal

import sqlalchemy
from sqlalchemy import Connection

from archscape.analysis.results import ADDED
from archscape.spaces.errors import StudyError

from .address import Address
from .budget import BUDGET
from .database import Database
from .history import Change, History
from .lease import Lease, lease_of
from .liveness import LivenessMonitor
from .owner import Owner
from .proposal import Proposal
from .reader import StudyReader
from .spool import Result, Spool
from .transactions import StudyTransaction, cut_by_budget, is_overtaken, lost_too_often
from .trial import Trial, TrialRecord
from .views import News

if TYPE_CHECKING:
    from archscape.spaces import Network, Sample

    from ..costs.asked import AskedCosts
    from ..pruners import Decision, Pruner

SOON_SECONDS = 5.0
"""How long a process tries what it can do without: to report an epoch, to give a trial back."""

Allowed = Literal["begin", "resume", "nothing"]
"""What a budget allows: to begin and promote trials, only to resume those that wait, or nothing."""

Propose = Callable[[int, History], Proposal]


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
        lag: How many of the latest trials a proposal does not see, where the study is deterministic; None
            where it sees whatever has ended.
    """

    def __init__(self, database: Database, study_id: int, address: Address, identity: str) -> None:
        super().__init__(database, study_id, address, identity)
        self.liveness = LivenessMonitor()
        self.lag: int | None = (self.facts.get("deterministic") or {}).get("workers")
        self._spool = Spool(folder=address.folder / "spool", metrics=(*self.objectives, *self.limits))
        self._history = History(objectives=self.objectives, limits=self.limits)

    def history(self) -> History:
        """Return what was tried and what is being tried; the same object each time, brought up to date."""
        history = self._history

        def step(connection: Connection) -> tuple[list[Change], News]:
            transaction = self._transaction(connection)
            changes = transaction.trial_rows.changes(since=history.seen)
            return changes, history.news(changes, transaction.rung_rows)

        history.take(*self._on_read(step))
        return history

    def ask_unique(self, propose: Propose, owner: Owner, *, trials: int) -> Lease | None:
        """Submit the network that is proposed next and take its trial; None if there is none now.

        There is none if all trials were submitted, or if the study is deterministic and a trial that the
        proposal has to see has not ended. The proposal is for one number and one history: if another process
        submits first, it is made anew.

        Args:
            propose: Proposes a sample that the history does not hold, for the trial of the given number.
            owner: The process that will work on the trial.
            trials: How many trials the study may hold.
        """
        while True:
            history = self.history()
            number = history.next_number
            if number >= trials:
                return None
            if self.lag is not None:
                if not history.has_settled(number - self.lag + 1):
                    return None
                history = history.until(number - self.lag + 1)
            proposal = propose(number, history)
            sample = proposal.sample
            lease = self._lease(number, sample.network, owner, sample.decisions)
            submit = partial(StudyTransaction.submit, lease=lease, proposal=proposal)
            with suppress(sqlalchemy.exc.IntegrityError):  # another process has submitted this network
                if self._write(submit):
                    return lease
                if self.history().next_number == number:  # rows of the study were deleted; it is read anew
                    self._history = History(objectives=self.objectives, limits=self.limits)

    def next_work(
        self,
        owner: Owner,
        *,
        trials: int,
        pruner: Pruner | None = None,
        busy: Collection[int] = (),
        count_attempt: bool = True,
        allowed: Allowed = "begin",
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
            allowed: What the budget of the search allows; where it allows nothing, what waits is cut.
        """
        trials = trials if allowed == "begin" else 0
        idle = self._glance(owner, trials=trials, busy=busy) if pruner is None else None
        if idle is not None:
            self._sweep(())
            return idle

        def step(transaction: StudyTransaction) -> tuple[Work, Trial | None]:
            work, taken = self._take_up(transaction, owner, trials, pruner, busy, count_attempt, allowed)
            work.stop = transaction.trial_rows.is_stopping()
            return work, transaction.trial_rows.trial(taken.number) if taken else None

        work, taken = self._write(step)
        self._sweep(work.ended)
        if taken is not None:
            from archscape.spaces import Network

            network = Network.from_json(taken.network)
            work.lease = self._lease(taken.number, network, owner, taken.decisions)
        return work

    def _take_up(
        self,
        transaction: StudyTransaction,
        owner: Owner,
        trials: int,
        pruner: Pruner | None,
        busy: Collection[int],
        count_attempt: bool,
        allowed: Allowed,
    ) -> tuple[Work, TrialRecord | None]:
        """Take the step of `next_work`; return what there is, and the trial that was taken up."""
        rows = transaction.trial_rows
        unfinished = rows.in_states("running", "waiting")
        pausing = rows.pausing() if pruner else []
        self.liveness.keep({record.number for record in (*unfinished, *pausing)})
        free = [record for record in unfinished if self._is_free(record, owner, busy)]
        kept = {record.number for record in pausing if not self._is_free(record, owner, busy)}
        work = Work(working=len(unfinished) - len(free) + len(kept))
        taken = self._end_known(transaction, free, work, allowed)
        all_submitted = rows.next_number() >= trials
        if taken is not None:
            attempts = taken.attempts + (count_attempt and taken.owner != owner)
            rows.take(taken, owner, attempts=attempts)
        elif pruner is not None and allowed == "begin" and (self.lag is None or all_submitted):
            in_turn = unfinished if self.lag is not None else None
            taken = transaction.promote(owner, pruner, kept=kept, in_turn=in_turn)
        if taken is None and not work.working and all_submitted:
            work.ended += transaction.close()
        return work, taken

    def _end_known(
        self, transaction: StudyTransaction, free: Sequence[TrialRecord], work: Work, allowed: Allowed
    ) -> TrialRecord | None:
        """End the trials whose results are known, or that the budget cuts; return the first of the others."""
        taken = None
        for record in free:
            result = self._spooled(record) or lost_too_often(record)
            if result is None and allowed == "nothing":
                result = transaction.at_last_epoch(record, cut_by_budget(record))
            if result is not None:
                transaction.trial_rows.end(record, result)
                work.ended.append(result)
            else:
                taken = taken or record
        return taken

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
            return transaction.judge(record, rung, {**rows[rung], **lease.costs}, pruner, lag=self.lag)

        return self._write(step, patience=SOON_SECONDS)

    def spool(self, result: Result) -> None:
        """Put a result on disk, from where it reaches the study even if this process dies now."""
        self._spool.put(result)

    def tell(self, result: Result) -> bool:
        """Write a result to the study; False, and no change, if the trial has ended or was retried before."""

        def step(transaction: StudyTransaction, result: Result = result) -> bool:
            record = transaction.trial_rows.find(result.number)
            if record is None or record.ended or record.hash != result.hash:
                return False
            if result.owner and is_overtaken(record, result):
                return False
            if result.cause == BUDGET:
                result = transaction.at_last_epoch(record, result)
            transaction.trial_rows.end(record, result)
            return True

        written = self._write(step)
        self._spool.drop(result.number)
        return written

    def retry(self, numbers: Collection[int] = (), *, cause: str = "") -> list[int]:
        """Let trials that failed be tried again, of these numbers or all, for a cause or any."""
        retried = self._write(lambda transaction: transaction.retry(numbers, cause))
        return [record.number for record in retried]

    def add(
        self, sample: Sample, metrics: Mapping[str, float] | None = None, *, source: str = ""
    ) -> int | None:
        """Add a network as a trial that waits, or as complete with what is known of it; return its number.

        None if the study has the network already. A result from elsewhere has the cause `added`.

        Args:
            sample: The sample of the study's space that gives it.
            metrics: What training gave; all objectives that training tells are among them.
            source: Where that is known from.
        """
        # Not in the transaction: it may take long.
        priced = self._lease(0, sample.network, Owner.current(), sample.decisions)

        def step(transaction: StudyTransaction) -> int | None:
            rows = transaction.trial_rows
            if rows.has_hash(priced.hash):
                return None
            lease = replace(priced, number=rows.next_number())
            transaction.submit(lease, Proposal(sample=sample, sampler=ADDED, reason=source))
            record = rows.find(lease.number)
            assert record is not None
            if metrics is None:
                rows.release(record)
                return lease.number
            result = Result(
                number=lease.number,
                hash=lease.hash,
                status="complete",
                cause=ADDED,
                message=source,
                metrics={**metrics, **lease.costs},
            )
            rows.end(record, result)
            return lease.number

        return self._write(step)

    def drop(self, number: int) -> str:
        """Let a trial count for nothing; return its state before, "" if there is none of this number.

        One that somebody works on, `running`, is left.
        """
        return self._write(lambda transaction: transaction.drop(number))

    def resume_cut(self) -> list[int]:
        """Let the trials that the budget cut wait again, to go on from their checkpoints; return which."""
        return [record.number for record in self._write(StudyTransaction.resume_cut)]

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
        return self._on_write(
            lambda connection: self._transaction(connection).trial_rows.beat(lease.number, lease.owner),
            in_line=False,
            patience=0,
        )

    def _lease(
        self, number: int, network: Network, owner: Owner, decisions: Mapping[str, int | str]
    ) -> Lease:
        choices = self.training_choices(decisions)
        return lease_of(number, network, owner, seed=self.facts["seed"], costs=self._costs, choices=choices)

    @cached_property
    def _costs(self) -> AskedCosts | None:
        """What it asks of its networks beyond their totals; a study that does not ask loads nothing."""
        if not self.asked:
            return None
        from ..costs.asked import asked_costs

        return asked_costs(self.facts, self.settings)

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

    def _spooled(self, record: TrialRecord) -> Result | None:
        """Return the result of a trial that is on disk; a failure that a retry has overtaken is dropped."""
        result = self._spool.get(record.number, record.hash)
        if result is not None and is_overtaken(record, result):
            self._spool.drop(record.number)
            return None
        return result

    def _sweep(self, ended: Sequence[Result]) -> None:
        """Drop the results that have reached the study, and checkpoints from which no trial is resumed."""
        for result in ended:
            if result.status == "pruned" and result.cause == BUDGET:
                continue  # it is resumed if the budget is raised
            checkpoints = self.address.folder / "checkpoints"
            shutil.rmtree(checkpoints / f"{result.hash}.training", ignore_errors=True)
            if result.status == "pruned":
                with suppress(OSError):  # in nobody's way
                    (checkpoints / f"{result.hash}.partial").unlink(missing_ok=True)
        spooled = set(self._spool.numbers())
        if spooled:
            records = self._read(lambda trial_rows: [trial_rows.find(number) for number in spooled])
            ended_records = [record for record in records if record and record.ended]
            for record in ended_records:
                self._spool.get(record.number, record.hash)  # sets aside what is no result
            numbers = {record.number for record in ended_records}
            for number in numbers | {result.number for result in ended}:
                self._spool.drop(number)
