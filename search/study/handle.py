"""StudyHandle: a study in a database, opened or created; every step checks that it is still that one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

from sqlalchemy import Connection

from archscape.analysis.limits import read_limits
from archscape.analysis.metrics import Direction, Metric, names_asked, read_metrics
from archscape.spaces.errors import StudyError, StudyGone

from . import claim as claims
from . import identity as identities
from . import optuna_rows
from .address import Address
from .database import PATIENCE_SECONDS, Database
from .engines import open_database
from .remains import remains
from .transactions import StudyTransaction
from .trial_rows import TrialRows

LEASE_SECONDS = 60.0
"""After this long without a sign, a process that cannot be seen counts as dead."""

T = TypeVar("T")


class StudyHandle:
    """A study in a database, opened.

    Attributes:
        key: Its key in the database.
        identity: Its id, which no other study has.
        gone: Why it is not there any more, once that was found out; None while it is.
        is_new: Whether it was created when it was opened.
        facts: What stays fixed over its life.
        settings: What may change from one run to the next.
        objectives: Direction of each objective, the most important first.
        metrics: Those that it may have, by name: the built-in ones and its own.
        limits: Those on metrics that only training can tell: a trial beyond them is infeasible.
        asked: Metrics that are computed before training because the study asks for them.
        lease_seconds: After how long a silent process counts as dead.
    """

    def __init__(self, database: Database, study_id: int, address: Address, identity: str) -> None:
        self.database = database
        self.address = address
        self.key = study_id
        self.identity = identity
        self.gone: StudyGone | None = None
        self.is_new = False
        attributes = self._attributes()
        self.facts: dict[str, Any] = attributes["archscape"]
        self.settings: dict[str, Any] = attributes.get("settings", {})
        self.objectives: dict[str, Direction] = self.facts["objectives"]
        self.metrics: dict[str, Metric] = read_metrics(self.facts)
        self.limits = read_limits(self.facts)
        self.asked = names_asked(self.facts)
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
        patient: bool = False,
        existing: bool = False,
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
            patient: Whether a server that is away is waited for, if the folder was used with it before.
            existing: Whether the study is known to be there, so whatever cannot be used now is away.

        Raises:
            FileFault: If the file of a study that is known to be there cannot be used now.
            StudyError: If there is no study and no facts, or the database cannot be used.
            JobError: If the storage is in no known form, or the folder belongs to another study.
        """
        address = Address.of(folder, name=name, storage=storage)
        if facts is None and not existing:
            address.require()
        elif facts is not None:
            claims.check_before(folder, name, address.storage if storage else "")
        known = existing or (patient and address.known)
        database = open_database(address.target, create=facts is not None, known=known)
        try:
            opened = _find_or_create(database, address, facts, settings, name=name)
            study = cls(database, opened.key, opened.address, opened.identity)
            study.is_new = opened.is_new
            if facts is None:
                claims.check_reader(folder, address.claim, study.identity)
            elif study.facts == facts:
                study.claim()
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

    @property
    def uses(self) -> dict[str, str] | None:
        """SHA-256 of each Python file that its space uses, by its path there; None if it was not kept.

        Earlier versions kept it among the settings, or not at all.
        """
        digests: dict[str, str] | None = self.facts.get("uses", self.settings.get("uses"))
        return digests

    def close(self) -> None:
        """Close the connections to the database."""
        self.database.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"  # without asking the database, or showing its address

    def owns(self, folder: Path) -> bool:
        """Return whether the files of a folder are this study's, as far as the folder says."""
        claim = claims.Claim.of(folder, self.address.storage)
        return claim is None or claim.is_of(folder, str(self.address.target), self.name, self.identity)

    def claim(self, folder: Path | None = None) -> None:
        """Make a folder that of this study, by default its own.

        Raises:
            JobError: If it belongs to another study.
        """
        folder, storage = folder or self.address.folder, self.address.storage
        claims.check_study(folder, "", storage, study=self.name, identity=self.identity)
        claims.claim_of(folder, storage, self.name, self.identity).keep(folder)

    def read_rows(self, step: Callable[[Connection, int], T]) -> T:
        """Run a step that reads the rows of this study by its key, as they are between two of its writers."""
        return self._on_write(lambda connection: step(connection, self.key))

    def _attributes(self, **how: float) -> dict[str, Any]:
        return self._on_read(lambda c: optuna_rows.study_facts(c, self.key), **how)

    def _set(self, **facts: object) -> None:
        self._on_write(lambda c: optuna_rows.set_study_facts(c, self.key, **facts))

    def _read(self, step: Callable[[TrialRows], T], **how: float) -> T:
        return self._on_read(lambda c: step(self._transaction(c).trial_rows), **how)

    def _write(self, step: Callable[[StudyTransaction], T], *, patience: float = PATIENCE_SECONDS) -> T:
        """Run a step as one transaction, in line with the study's other writers."""
        return self._on_write(lambda c: step(self._transaction(c)), patience=patience)

    def _on_read(self, step: Callable[[Connection], T], **how: float) -> T:
        """Run a step that only reads, on this very study."""
        with self._finding_out():
            return self.database.read(self._checked(step), **how)

    def _on_write(
        self,
        step: Callable[[Connection], T],
        *,
        in_line: bool = True,
        patience: float = PATIENCE_SECONDS,
    ) -> T:
        """Run a step as one transaction on this very study, in line with its other writers or beside them."""
        line = self.key if in_line else None
        with self._finding_out():
            return self.database.write(self._checked(step), line=line, patience=patience)

    def _checked(self, step: Callable[[Connection], T]) -> Callable[[Connection], T]:
        def checked(connection: Connection) -> T:
            identities.require(connection, self.key, self.identity)
            return step(connection)

        return checked

    @contextmanager
    def _finding_out(self) -> Iterator[None]:
        """Say of a study that is not there any more what is left of it.

        Raises:
            StudyGone: If that is so.
        """
        try:
            yield
        except StudyGone as error:
            left = remains(self.address.folder)
            results = f" with {left}" if left else ""
            self.gone = StudyGone(
                f"study '{self.name}' is gone: {error}; its folder is {self.address.folder}{results}: bring "
                "the study back and the same command resumes it, or begin anew with another --out"
            )
            raise self.gone from None

    def _transaction(self, connection: Connection) -> StudyTransaction:
        return StudyTransaction(connection, self.key, self.objectives, self.limits)


class _Opened(NamedTuple):
    """A study in its database: its address with its name, its key, its id."""

    address: Address
    key: int
    identity: str
    is_new: bool = False


def _find_or_create(
    database: Database,
    address: Address,
    facts: Mapping[str, Any] | None,
    settings: Mapping[str, Any] | None,
    *,
    name: str,
) -> _Opened:
    """Return the study; create it with its facts in one step, if its folder does not belong to another."""

    def check(study: str | None, identity: str = "") -> None:
        if facts is not None:
            claims.check_study(address.folder, name, address.storage, study=study, identity=identity)

    def step(connection: Connection) -> _Opened:
        studies = identities.find_studies(connection)
        chosen = address.choose(studies)
        if chosen is not None:
            identity = identities.settle(connection, studies[chosen])
            check(chosen, identity)
            return _Opened(replace(address, name=chosen), studies[chosen], identity)
        identities.check_name(connection, address.name)
        if facts is None:
            raise StudyError(address.missing(studies))
        check(None)
        key = identities.create(connection, address.name, facts["objectives"])
        optuna_rows.set_study_facts(connection, key, archscape=dict(facts), settings=dict(settings or {}))
        return _Opened(address, key, identities.settle(connection, key), is_new=True)

    return database.write(step, line=0)
