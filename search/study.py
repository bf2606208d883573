"""A study: the only truth about a search, shared by any number of processes that may die at any moment.

Its trials lie in a database, in archscape's table and, for others to read, in Optuna's. Each step below is
one transaction over both, so wherever a process is killed, a trial waits, is held by a process that can be
found dead or silent, or has ended. A step whose answer was lost may be taken again: nothing happens twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import sqlalchemy
from sqlalchemy import Connection

from archscape.analysis.frontier import Direction
from archscape.spaces.errors import StudyError

from . import mirror
from .address import Address
from .database import open_storage
from .history import History
from .lease import Lease, lease_of
from .ledger import Ledger
from .marks import Marks
from .owner import Owner
from .spool import Result, Spool
from .storage import Storage
from .trial import Held, Trial
from .watch import Watch

if TYPE_CHECKING:
    from archscape.spaces import Network, Sample

    from .early import Rule, Verdict

MAX_ATTEMPTS = 3
"""How often a trial is tried before the worker it loses counts as its own fault."""

LEASE_SECONDS = 60.0
"""After this long without a sign, a process that cannot be seen counts as dead."""

LEAVE_SECONDS = 5.0
"""How long a process that leaves tries to say so; others find out anyway."""

T = TypeVar("T")
Propose = Callable[[int, History], "Sample"]


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a process finds that looks for work.

    Attributes:
        ended: Results of trials that were brought to their end by looking: spooled or lost ones.
        lease: A trial to go on with; None if there is none.
        working: How many trials others work on.
        stop: Whether everybody was asked to leave the study.
    """

    ended: Sequence[Result]
    lease: Lease | None
    working: int
    stop: bool


class Study:
    """A study in a database, seen from a folder with the `spool/` of results on their way to it."""

    def __init__(
        self, storage: Storage, study_id: int, address: Address, *, watch: Watch | None = None
    ) -> None:
        self.storage = storage
        self.address = address
        self.key = study_id
        self.watch = watch or Watch()
        self._spool = Spool(folder=address.folder / "spool")
        known = self._facts()
        self.facts: dict[str, Any] = known["archscape"]
        self.settings: dict[str, Any] = known.get("settings", {})
        self.objectives: dict[str, Direction] = self.facts["objectives"]
        self.lease_seconds = float(self.settings.get("lease", LEASE_SECONDS))
        self._history = History(objectives=self.objectives)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        name: str = "",
        storage: str = "",
        facts: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        watch: Watch | None = None,
    ) -> Study:
        """Open a study; create it if there is none and its facts are given.

        Args:
            folder: The folder of the run.
            name: Name of the study; needed where the storage holds several.
            storage: URL of the database, or the path of an SQLite file; by default the one that the folder
                was used with, else its `study.db`.
            facts: What stays fixed over the life of the study, as JSON; at least its `objectives` (name to
                direction) and `seed`. An existing study keeps its own.
            settings: What may change from one run to the next, as JSON: the job and its space as text, the
                `lease` in seconds.
            watch: Whose silence is known already.

        Raises:
            StudyError: If there is no study and no facts, or the database cannot be used.
            JobError: If the storage is in no known form.
        """
        address = Address.of(folder, name=name, storage=storage)
        if facts is None:
            address.require()
        database = open_storage(address.target, create=facts is not None)
        try:
            address, key = _find_or_create(database, address, facts, settings)
            found = cls(database, key, address, watch=watch)
        except BaseException:
            database.close()
            raise
        if facts is not None:
            found._spool.folder.mkdir(parents=True, exist_ok=True)
            address.keep()
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def name(self) -> str:
        """Name of the study in its database."""
        return self.address.name

    def close(self) -> None:
        """Close the connections to the database."""
        self.storage.close()

    def delete(self) -> None:
        """Remove the study with all its trials from the database."""
        self._write(self._delete)

    def trials(self, *, since: int = -1) -> list[Trial]:
        """Return the trials by number; with `since`, those that changed after it, in the order of changes."""
        found = self._read(lambda ledger: ledger.trials(since=since))
        return found if since >= 0 else sorted(found, key=lambda trial: trial.number)

    def epochs(self, number: int | None = None) -> list[dict[str, float]]:
        """Return one record per epoch of all trials, or of one: `trial`, `epoch` and its metrics."""
        return self._read(lambda ledger: ledger.epochs(number))

    def holders(self) -> list[Held]:
        """Return the trials that a process works on, or that wait for one."""
        return self._read(lambda ledger: ledger.in_states("running", "waiting"))

    def counts(self) -> dict[str, int]:
        """Return how many trials are in each state."""
        return self._read(lambda ledger: ledger.counts())

    def failures(self) -> dict[str, int]:
        """Return how many trials failed, by cause."""
        return self._read(lambda ledger: ledger.failures())

    def count_open(self) -> int:
        """Return how many trials have not come to their end."""
        counts = self.counts()
        return sum(counts.get(state, 0) for state in ("running", "waiting", "paused"))

    def history(self) -> History:
        """Return what was tried and what is being tried; the same object each time, brought up to date."""
        self._history.take(self._read(lambda ledger: ledger.changes(since=self._history.seen)))
        return self._history

    def pinned(self) -> dict[str, str]:
        """Return what workers have pinned."""
        return {key: value for key, value in self._facts().items() if isinstance(value, str)}

    def pin(self, key: str, value: str) -> str:
        """Fix a fact of the study that its first worker finds; return the value that holds from then on."""

        def step(connection: Connection) -> str:
            held = mirror.study_facts(connection, self.key).get(key)
            if held is None:
                mirror.set_study_fact(connection, self.key, key, value)
            return value if held is None else str(held)

        return self.storage.write(step, line=self.key)

    def change(self, settings: Mapping[str, Any]) -> None:
        """Set what may change from one run to the next, and let workers work."""

        def step(connection: Connection) -> None:
            mirror.set_study_fact(connection, self.key, "settings", dict(settings))
            mirror.set_study_fact(connection, self.key, "stop", None)

        self.storage.write(step, line=self.key)
        self.settings = dict(settings)

    def stop(self) -> None:
        """Ask every worker of the study to give its trial back and leave."""
        self.storage.write(lambda c: mirror.set_study_fact(c, self.key, "stop", True), line=self.key)

    def is_stopping(self) -> bool:
        """Return whether everybody was asked to leave the study."""
        facts = self.storage.read(lambda c: mirror.study_facts(c, self.key), patience=0)
        return "stop" in facts

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
            if self._submit(lease, sample):
                return lease

    def look(self, owner: Owner, *, trials: int, rule: Rule | None = None) -> Look:
        """End the trials that need no further work, and take up one that waits for somebody.

        First comes a trial that lost its process, under its number; then one that was stopped early and may
        now go on. Trials stopped early have ended when nothing else is left to do.

        Args:
            owner: The process that looks; it holds nothing that it still works on.
            trials: How many trials the study may hold.
            rule: The rule of early stopping, if there is one.
        """

        def step(connection: Connection) -> tuple[list[Result], tuple[int, str] | None, int, bool]:
            ledger = self._ledger(connection)
            held = ledger.in_states("running", "waiting")
            self.watch.keep({row.number for row in held})
            free = [row for row in held if self._is_free(row, owner)]
            ended = self._settle(ledger, free)
            done = {result.number for result in ended}
            left = [row for row in free if row.number not in done]
            taken = self._take_up(ledger, left, owner) or self._promote(ledger, owner, rule)
            working = len(held) - len(free)
            if taken is None and not working and ledger.next_number() >= trials:
                ended += _close(ledger, self.objectives)
            stop = "stop" in mirror.study_facts(connection, self.key)
            return ended, taken, working, stop

        ended, taken, working, stop = self.storage.write(step, line=self.key)
        self._sweep(ended)
        lease = None if taken is None else self._lease(taken[0], _network(taken[1]), owner)
        return Look(ended=ended, lease=lease, working=working, stop=stop)

    def report(
        self, lease: Lease, rows: Mapping[int, Mapping[str, float]], *, rule: Rule | None = None
    ) -> Verdict | None:
        """Write epochs of a trial; return what the rule says of it if the last one is a rung.

        A trial that may not go on is paused in the same step.

        Args:
            lease: The trial.
            rows: Metrics by epoch, in ascending order; those that are there already are left.
            rule: The rule of early stopping, if there is one.
        """
        rung = max(rows)

        def step(connection: Connection) -> Verdict | None:
            ledger = self._ledger(connection)
            ledger.add_epochs(lease.number, rows)
            held = ledger.find(lease.number)
            if rule is None or rung not in rule.rungs or held is None or held.owner != lease.owner:
                return None
            return self._judge(ledger, held, rung, {**rows[rung], **lease.costs}, rule)

        return self.storage.write(step, line=self.key, patience=LEAVE_SECONDS)

    def spool(self, result: Result) -> None:
        """Put a result on disk, from where it reaches the study even if this process dies now."""
        self._spool.put(result)

    def tell(self, result: Result) -> bool:
        """Write a result to the study; False, and no change, if the trial has ended before."""

        def step(connection: Connection) -> bool:
            ledger = self._ledger(connection)
            held = ledger.find(result.number)
            if held is None or held.ended or held.hash != result.hash:
                return False
            _end(ledger, held, result, self.objectives)
            return True

        told = self.storage.write(step, line=self.key)
        self._spool.drop(result.number)
        return told

    def release(self, lease: Lease) -> None:
        """Give a trial back that was not brought to its end; it counts as if it had not been tried.

        A trial that was stopped early is only left: it stays paused.
        """

        def step(connection: Connection) -> None:
            ledger = self._ledger(connection)
            held = ledger.find(lease.number)
            if held is None or held.owner != lease.owner:
                return
            if held.state == "running":
                ledger.free(held)
            elif held.state == "paused":
                ledger.leave(held)

        self.storage.write(step, line=self.key, patience=LEAVE_SECONDS)

    def beat(self, lease: Lease) -> bool:
        """Show that the owner of a lease lives; False if the lease is not its own any more."""
        return self.storage.write(
            lambda connection: self._ledger(connection).beat(lease.number, lease.owner), patience=0
        )

    def _facts(self) -> dict[str, Any]:
        return self.storage.read(lambda connection: mirror.study_facts(connection, self.key))

    def _read(self, step: Callable[[Ledger], T]) -> T:
        return self.storage.read(lambda connection: step(self._ledger(connection)))

    def _ledger(self, connection: Connection) -> Ledger:
        return Ledger(connection=connection, study_id=self.key)

    def _lease(self, number: int, network: Network, owner: Owner) -> Lease:
        return lease_of(number, network, owner, seed=self.facts["seed"])

    def _submit(self, lease: Lease, sample: Sample) -> bool:
        """Create the trial; False if another process has taken the number or the hash."""
        facts = {"hash": lease.hash, "seed": lease.seed, "costs": dict(lease.costs)}

        def step(connection: Connection) -> bool:
            ledger = self._ledger(connection)
            if ledger.next_number() != lease.number:
                held = ledger.find(lease.number)
                return held is not None and (held.hash, held.owner) == (lease.hash, lease.owner)
            key = mirror.add_trial(
                connection, self.key, lease.number, sample.decisions, sample.space.paths, facts
            )
            ledger.add(lease, decisions=sample.decisions, trial_id=key)
            return True

        try:
            return self.storage.write(step, line=self.key)
        except sqlalchemy.exc.IntegrityError:
            return False

    def _is_free(self, held: Held, owner: Owner) -> bool:
        """Whether nobody works on a trial; a process that asks for work holds nothing it still works on."""
        if held.owner is None or held.owner == owner:
            return True
        sign = (held.owner, held.beat, held.attempts)
        silent = self.watch.silent_seconds(held.number, sign, since=self.storage.back_since)
        return bool(held.owner.is_dead(owner)) or silent > self.lease_seconds

    def _settle(self, ledger: Ledger, free: Sequence[Held]) -> list[Result]:
        """End the trials whose results are in the spool, and those that lost too many processes."""
        ended = []
        for held in free:
            result = self._spool.get(held.number, held.hash) or _lost(held)
            if result is not None:
                _end(ledger, held, result, self.objectives)
                ended.append(result)
        return ended

    def _sweep(self, ended: Sequence[Result]) -> None:
        """Drop the results that have reached the study."""
        spooled = set(self._spool.numbers())
        if spooled:
            found = self._read(lambda ledger: [ledger.find(number) for number in spooled])
            for number in {held.number for held in found if held and held.ended} | {r.number for r in ended}:
                self._spool.drop(number)

    def _take_up(self, ledger: Ledger, free: Sequence[Held], owner: Owner) -> tuple[int, str] | None:
        for held in free:
            ledger.take(held, owner, attempts=held.attempts + (held.owner != owner))
            return held.number, ledger.network(held.number)
        return None

    def _promote(self, ledger: Ledger, owner: Owner, rule: Rule | None) -> tuple[int, str] | None:
        """Take up a trial that was stopped early and may go on, from the highest rung down."""
        for rung in reversed(rule.rungs if rule else ()):
            marks = Marks(connection=ledger.connection, study_id=self.key)
            assert rule is not None
            number = rule.promotable(rung, marks.at(rung))
            held = None if number is None else ledger.find(number)
            if held and held.state == "paused" and (not held.owner or held.owner.is_dead(owner)):
                marks.passes(rung, held.number)
                ledger.take(held, owner, attempts=held.attempts)
                return held.number, ledger.network(held.number)
        return None

    def _judge(
        self, ledger: Ledger, held: Held, rung: int, metrics: Mapping[str, float], rule: Rule
    ) -> Verdict | None:
        """Compare a trial with those that reached the rung before, and pause it if it may not go on."""
        from .early import Mark

        marks = Marks(connection=ledger.connection, study_id=self.key)
        values = tuple(float(metrics[name]) for name in self.objectives)
        passed = marks.find(rung, held.number)
        if passed:
            return None  # it went on from here before, and lost its process or its checkpoint
        if passed is None:
            marks.add(rung, held.number, values, passed=False)
        mine = Mark(number=held.number, values=values, passed=False)
        verdict = rule.verdict(rung, mine, marks.at(rung))
        if verdict.go:
            marks.passes(rung, held.number)
        else:
            ledger.pause(held, rung=rung, metrics=metrics, cause=rule.name, message=verdict.reason)
        return verdict

    def _delete(self, connection: Connection) -> None:
        from .schema import tables

        for table in tables.sorted_tables:
            connection.execute(table.delete().where(table.c.study_id == self.key))
        mirror.remove_study(connection, self.key)

    def _write(self, step: Callable[[Connection], None]) -> None:
        self.storage.write(step, line=self.key)


def _network(text: str) -> Network:
    from archscape.spaces import Network

    return Network.from_json(text)


def _lost(held: Held) -> Result | None:
    if held.attempts < MAX_ATTEMPTS or held.owner is None:
        return None
    message = f"{held.attempts} workers were lost on it"
    return Result(number=held.number, hash=held.hash, status="failed", cause="lost_worker", message=message)


def _end(ledger: Ledger, held: Held, result: Result, objectives: Mapping[str, Direction]) -> None:
    complete = result.status == "complete"
    ledger.add_epochs(held.number, dict(enumerate(result.history, 1)))
    ledger.end(
        held,
        result.status,
        metrics=result.metrics,
        values=[float(result.metrics[name]) for name in objectives] if complete else (),
        cause=result.cause,
        message=result.message,
        worker=result.worker,
    )


def _close(ledger: Ledger, objectives: Mapping[str, Direction]) -> list[Result]:
    """End the trials that were stopped early."""
    ended = []
    for trial in ledger.paused():
        result = Result(
            number=trial.number,
            hash=trial.hash,
            status="pruned",
            cause=trial.cause,
            message=trial.message,
            metrics=dict(trial.metrics),
            worker=trial.worker,
        )
        _end(ledger, trial, result, objectives)
        ended.append(result)
    return ended


def _find_or_create(
    storage: Storage, address: Address, facts: Mapping[str, Any] | None, settings: Mapping[str, Any] | None
) -> tuple[Address, int]:
    """Return the study's address with its name and its key, creating it with its facts in one step."""

    def step(connection: Connection) -> tuple[Address, int]:
        found = mirror.find_studies(connection)
        known = address.choose(found)
        if known is not None:
            return replace(address, name=known), found[known]
        if facts is None:
            raise StudyError(address.missing(found))
        key = mirror.add_study(connection, address.name, list(facts["objectives"].values()))
        mirror.set_study_fact(connection, key, "archscape", dict(facts))
        mirror.set_study_fact(connection, key, "settings", dict(settings or {}))
        return address, key

    return storage.write(step, line=0)
