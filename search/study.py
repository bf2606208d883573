"""A study: the only truth about a search, shared by any number of processes that may die at any moment.

An Optuna study holds the trials; one table beside it holds who works on which. Each step below is one
transaction over both, so wherever a process is killed, a trial waits, is held by a process that can be found
dead, or has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import optuna
import sqlalchemy
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from archscape.analysis.frontier import Direction
from archscape.spaces.errors import StudyError

from .history import History, distributions, read_history
from .lease import Lease, lease_of
from .ledger import Ledger, Row, tables
from .owner import Owner
from .spool import Result, Spool
from .storage import Storage, explained, open_storage, quiet

if TYPE_CHECKING:
    from archscape.spaces import Network, Sample

MAX_ATTEMPTS = 3
"""How often a trial is tried before the worker it loses counts as its own fault."""

SILENT_SECONDS = 60.0
"""After this long without a sign, a process on another machine counts as dead."""

Propose = Callable[[int, History], "Sample"]


class Study:
    """A study in a folder: `study.db`, and `spool/` for results on their way to it."""

    def __init__(self, storage: Storage, study_id: int, spool: Spool) -> None:
        self._storage = storage
        self._id = study_id
        self._spool = spool
        self._hashes: list[str] = []
        with quiet():
            self.optuna = optuna.load_study(
                study_name=storage.get_study_name_from_id(study_id), storage=storage
            )
        self.facts: dict[str, Any] = self.optuna.user_attrs["archscape"]
        self.objectives: dict[str, Direction] = self.facts["objectives"]

    @classmethod
    def open(cls, folder: Path, *, name: str = "", facts: Mapping[str, Any] | None = None) -> Study:
        """Open the study of a run's folder; create it if there is none and its facts are given.

        Args:
            folder: The folder of the run.
            name: Name for a new study.
            facts: What stays fixed over the life of the study, as JSON; at least its `objectives` (name to
                direction) and `seed`. An existing study keeps its own.

        Raises:
            StudyError: If there is no study and no facts, or the database cannot be used.
        """
        path = folder / "study.db"
        if facts is None and not path.exists():
            raise StudyError(f"{folder}: no run of a search: it holds no study.db")
        spool = Spool(folder=folder / "spool")
        spool.folder.mkdir(parents=True, exist_ok=True)
        storage = open_storage(path, tables=tables)
        with explained(path):
            return cls(storage, _find_or_create(storage, name, facts), spool)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the database."""
        self._storage.scoped_session.remove()
        self._storage.engine.dispose()

    def discard(self) -> None:
        """Close the study and remove its database."""
        self.close()
        for suffix in ("", "-wal", "-shm"):
            path = self._storage.path
            path.with_name(path.name + suffix).unlink(missing_ok=True)

    def trials(self) -> list[FrozenTrial]:
        """Return all trials by number; those that ended are read from the database once."""
        with explained(self._storage.path):
            return self.optuna.get_trials(deepcopy=False)

    def history(self) -> History:
        """Return what was tried and what is being tried."""
        with self._storage.transaction() as connection:
            self._hashes += self._ledger(connection).hashes(since=len(self._hashes))
        directions = tuple(self.objectives.values())
        return read_history(self.trials(), directions=directions, hashes=frozenset(self._hashes))

    def count_open(self) -> int:
        """Return how many trials have not come to their end."""
        with self._storage.transaction() as connection:
            return len(self._ledger(connection).still_open())

    def pinned(self) -> dict[str, str]:
        """Return what workers have pinned."""
        with explained(self._storage.path):
            return {key: value for key, value in self.optuna.user_attrs.items() if key != "archscape"}

    def pin(self, key: str, value: str) -> str:
        """Fix a fact of the study that its first worker finds; return the value that holds from then on."""
        with self._storage.transaction():
            held = self._storage.get_study_user_attrs(self._id).get(key)
            if held is None:
                self._storage.set_study_user_attr(self._id, key, value)
        return value if held is None else str(held)

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
            number = len(history.hashes)
            if number >= trials:
                return None
            sample = propose(number, history)
            lease = self._lease(number, sample.network, owner)
            if self._submit(lease, sample, distributions(sample)):
                return lease

    def reclaim(self, owner: Owner) -> Lease | None:
        """Take up a trial that waits or whose process is gone, under its number; None if there is none."""
        with self._storage.transaction() as connection:
            ledger = self._ledger(connection)
            for row in ledger.still_open():
                if row.attempts < MAX_ATTEMPTS and self._is_free(row, owner) and not self._result(row):
                    ledger.take(row, owner)
                    self._storage.set_trial_state_values(row.trial_id, TrialState.RUNNING)
                    return self._lease(row.number, self._network(row), owner)
        return None

    def settle(self, owner: Owner) -> list[Result]:
        """End the trials that need no further work, and return how they ended.

        A result that a process left in the spool is told. A trial that lost its worker too often has failed.
        """
        spooled = self._spool.numbers()
        with self._storage.transaction() as connection:
            ledger = self._ledger(connection)
            free = [row for row in ledger.still_open() if self._is_free(row, owner)]
            ended = [(row, self._result(row) or _lost(row)) for row in free]
            results = [(row, result) for row, result in ended if result]
            for row, result in results:
                self._end(ledger, row, result)
            told = {number for number in spooled if (found := ledger.find(number)) and not found.open}
        for number in told | {row.number for row, _ in results}:
            self._spool.drop(number)
        return [result for _, result in results]

    def spool(self, result: Result) -> None:
        """Put a result on disk, from where it reaches the study even if this process dies now."""
        self._spool.put(result)

    def tell(self, result: Result) -> bool:
        """Write a result to the study; False, and no change, if the trial has ended before."""
        with self._storage.transaction() as connection:
            ledger = self._ledger(connection)
            row = ledger.find(result.number)
            fits = row is not None and row.open and row.hash == result.hash
            if row is not None and fits:
                self._end(ledger, row, result)
        self._spool.drop(result.number)
        return fits

    def release(self, lease: Lease) -> None:
        """Give a trial back that was not brought to its end; it counts as if it had not been tried."""
        with self._storage.transaction() as connection:
            ledger = self._ledger(connection)
            row = ledger.find(lease.number)
            if row is not None and row.open and row.owner == lease.owner:
                ledger.free(row)
                self._storage.set_trial_state_values(row.trial_id, TrialState.WAITING)

    def beat(self, lease: Lease) -> bool:
        """Show that the owner of a lease lives; False if the lease is not its own any more."""
        with self._storage.transaction() as connection:
            return self._ledger(connection).beat(lease.number, lease.owner)

    def _ledger(self, connection: sqlalchemy.Connection) -> Ledger:
        return Ledger(connection=connection, study_id=self._id)

    def _lease(self, number: int, network: Network, owner: Owner) -> Lease:
        return lease_of(number, network, owner, seed=self.facts["seed"])

    def _submit(self, lease: Lease, sample: Sample, options: dict[str, Any]) -> bool:
        """Create the trial and its lease; False if another process has taken the number or the hash."""
        facts = {"hash": lease.hash, "seed": lease.seed, "costs": dict(lease.costs)}
        facts["network"] = lease.network.to_json()
        trial = create_trial(
            state=TrialState.RUNNING, params=dict(sample.decisions), distributions=options, user_attrs=facts
        )
        try:
            with self._storage.transaction() as connection:
                ledger = self._ledger(connection)
                if ledger.count() != lease.number:
                    return False
                key = self._storage.create_new_trial(self._id, trial)
                if self._storage.get_trial_number_from_id(key) != lease.number:
                    raise StudyError(f"{self._storage.path}: holds trials that archscape did not submit")
                ledger.add(number=lease.number, digest=lease.hash, trial_id=key, owner=lease.owner)
        except sqlalchemy.exc.IntegrityError:
            return False
        return True

    def _is_free(self, row: Row, owner: Owner) -> bool:
        """Whether nobody works on a trial; a process that asks for work holds nothing it still works on."""
        if row.owner is None or row.owner == owner:
            return True
        dead = row.owner.is_dead(owner)
        return row.silent_seconds > SILENT_SECONDS if dead is None else dead

    def _result(self, row: Row) -> Result | None:
        return self._spool.get(row.number, row.hash)

    def _network(self, row: Row) -> Network:
        from archscape.spaces import Network

        return Network.from_json(self._storage.get_trial(row.trial_id).user_attrs["network"])

    def _end(self, ledger: Ledger, row: Row, result: Result) -> None:
        complete = result.status == "complete"
        facts: dict[str, Any] = {} if complete else {"cause": result.cause, "message": result.message}
        facts |= {"metrics": result.metrics, "history": result.history}
        facts |= {"worker": result.worker, "attempts": row.attempts}
        for key, value in facts.items():
            self._storage.set_trial_user_attr(row.trial_id, key, value)
        values = [float(result.metrics[name]) for name in self.objectives] if complete else None
        state = TrialState.COMPLETE if complete else TrialState.FAIL
        self._storage.set_trial_state_values(row.trial_id, state, values)
        ledger.close(row)


def _lost(row: Row) -> Result | None:
    if row.attempts < MAX_ATTEMPTS:
        return None
    message = f"{row.attempts} workers were lost on it"
    return Result(number=row.number, hash=row.hash, status="failed", cause="lost_worker", message=message)


def _find_or_create(storage: Storage, name: str, facts: Mapping[str, Any] | None) -> int:
    """Return the key of the database's study, creating it with its facts in one step."""
    with quiet(), storage.transaction():
        studies = storage.get_all_studies()
        if studies:
            return studies[0]._study_id
        if facts is None:
            raise StudyError(f"{storage.path}: holds no study")
        directions = [StudyDirection[word.upper()] for word in facts["objectives"].values()]
        study_id = storage.create_new_study(directions, name)
        storage.set_study_user_attr(study_id, "archscape", dict(facts))
        return study_id
