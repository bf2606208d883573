"""StudyReader: what a study holds, and what may be set from outside while others work on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import Connection

from archscape.analysis.metrics import Direction
from archscape.analysis.results import OPEN
from archscape.spaces.errors import StudyError

from . import optuna_rows
from .address import Address
from .changes import StudyChanges, read_changes
from .database import Database
from .engines import open_database
from .owner import Owner
from .transactions import StudyTransaction
from .trial import Trial, TrialRecord
from .trial_rows import TrialRows

LEASE_SECONDS = 60.0
"""After this long without a sign, a process that cannot be seen counts as dead."""

T = TypeVar("T")


class StudyReader:
    """A study in a database, for those who read it.

    Attributes:
        key: Its key in the database.
        facts: What stays fixed over its life.
        settings: What may change from one run to the next.
        objectives: Direction of each objective, the most important first.
        lease_seconds: After how long a silent process counts as dead.
    """

    def __init__(self, database: Database, study_id: int, address: Address) -> None:
        self.database = database
        self.address = address
        self.key = study_id
        attributes = self._attributes()
        self.facts: dict[str, Any] = attributes["archscape"]
        self.settings: dict[str, Any] = attributes.get("settings", {})
        self.objectives: dict[str, Direction] = self.facts["objectives"]
        self.lease_seconds = float(self.settings.get("lease", LEASE_SECONDS))

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        name: str = "",
        storage: str = "",
        facts: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Self:
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

        Raises:
            StudyError: If there is no study and no facts, or the database cannot be used.
            JobError: If the storage is in no known form.
        """
        address = Address.of(folder, name=name, storage=storage)
        if facts is None:
            address.require()
        database = open_database(address.target, create=facts is not None)
        try:
            address, key = _find_or_create(database, address, facts, settings)
            study = cls(database, key, address)
            if facts is not None:
                address.keep()
        except BaseException:
            database.close()
            raise
        return study

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def name(self) -> str:
        """Name of the study in its database."""
        return self.address.name

    def close(self) -> None:
        """Close the connections to the database."""
        self.database.close()

    def delete(self) -> None:
        """Remove the study with all its trials from the database."""
        self._write(StudyTransaction.remove)

    def trials(self) -> list[Trial]:
        """Return the trials by number."""
        return self._read(lambda trial_rows: trial_rows.trials())

    def trial(self, number: int) -> tuple[Trial, list[dict[str, float]]] | None:
        """Return a trial and its epochs, None if there is none; do not wait for a database that is away."""

        def step(trial_rows: TrialRows) -> tuple[Trial, list[dict[str, float]]] | None:
            trial = trial_rows.trial(number)
            return None if trial is None else (trial, trial_rows.epochs(number))

        return self._read(step, patience=0)

    def changes(self, *, since: int) -> StudyChanges:
        """Return what changed after a place in the order of changes; do not wait for the database."""
        return self.database.read(lambda c: read_changes(c, self.key, since=since), patience=0)

    def epochs(self, number: int | None = None) -> list[dict[str, float]]:
        """Return one record per epoch of all trials, or of one: `trial`, `epoch` and its metrics."""
        return self._read(lambda trial_rows: trial_rows.epochs(number))

    def holders(self) -> list[TrialRecord]:
        """Return the trials that a process works on, or that wait for one."""
        return self._read(lambda trial_rows: trial_rows.in_states("running", "waiting"))

    def at_work(self) -> list[TrialRecord]:
        """Return the trials whose processes live as far as can be seen: they gave a sign within a lease."""
        observer = Owner.current()

        def step(trial_rows: TrialRows) -> list[TrialRecord]:
            now = trial_rows.now()
            return [
                record
                for record in trial_rows.in_states("running")
                if record.owner and record.beat and not record.owner.is_dead(observer)
                if (now - record.beat).total_seconds() <= self.lease_seconds
            ]

        return self._read(step)

    def counts(self) -> dict[str, int]:
        """Return how many trials are in each state."""
        return self._read(lambda trial_rows: trial_rows.counts())

    def failures(self) -> dict[str, int]:
        """Return how many trials failed, by cause."""
        return self._read(lambda trial_rows: trial_rows.failures())

    def count_open(self) -> int:
        """Return how many trials have not come to their end."""
        counts = self.counts()
        return sum(counts.get(state, 0) for state in OPEN)

    def pinned(self) -> dict[str, str]:
        """Return what workers have pinned."""
        return {key: value for key, value in self._attributes().items() if isinstance(value, str)}

    def pin(self, key: str, value: str) -> str:
        """Fix a fact of the study that its first worker finds; return the value that holds from then on."""

        def step(connection: Connection) -> str:
            pinned = optuna_rows.study_facts(connection, self.key).get(key)
            if pinned is None:
                optuna_rows.set_study_facts(connection, self.key, **{key: value})
            return value if pinned is None else str(pinned)

        return self.database.write(step, line=self.key)

    def change(self, settings: Mapping[str, Any]) -> None:
        """Set what may change from one run to the next, and let workers work."""
        self._set(settings=dict(settings), stop=None)
        self.settings = dict(settings)

    def stop(self) -> None:
        """Ask every worker of the study to give its trial back and leave."""
        self._set(stop=True)

    def is_stopping(self) -> bool:
        """Return whether everybody was asked to leave the study."""
        return "stop" in self._attributes(patience=0)

    def _attributes(self, **how: float) -> dict[str, Any]:
        return self.database.read(lambda c: optuna_rows.study_facts(c, self.key), **how)

    def _set(self, **facts: object) -> None:
        self.database.write(lambda c: optuna_rows.set_study_facts(c, self.key, **facts), line=self.key)

    def _read(self, step: Callable[[TrialRows], T], **how: float) -> T:
        return self.database.read(lambda connection: step(self._transaction(connection).trial_rows), **how)

    def _write(self, step: Callable[[StudyTransaction], T], **how: float) -> T:
        """Run a step as one transaction, in line with the study's other writers."""
        return self.database.write(
            lambda connection: step(self._transaction(connection)), line=self.key, **how
        )

    def _transaction(self, connection: Connection) -> StudyTransaction:
        return StudyTransaction(connection, self.key, self.objectives)


def _find_or_create(
    database: Database, address: Address, facts: Mapping[str, Any] | None, settings: Mapping[str, Any] | None
) -> tuple[Address, int]:
    """Return the study's address with its name and its key, creating it with its facts in one step."""

    def step(connection: Connection) -> tuple[Address, int]:
        studies = optuna_rows.find_studies(connection)
        name = address.choose(studies)
        if name is not None:
            return replace(address, name=name), studies[name]
        if facts is None:
            raise StudyError(address.missing(studies))
        key = optuna_rows.add_study(connection, address.name, facts["objectives"])
        optuna_rows.set_study_facts(connection, key, archscape=dict(facts), settings=dict(settings or {}))
        return address, key

    return database.write(step, line=0)
