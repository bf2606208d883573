"""StudyReader: what a study holds, and what may be set from outside while others work on it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

from sqlalchemy import Connection

from archscape.analysis.limits import read_limits
from archscape.analysis.metrics import Direction, Metric, names_asked, read_metrics
from archscape.analysis.results import OPEN
from archscape.spaces.errors import StudyError, StudyGone
from archscape.spaces.printing import Printed, Printout

from . import claim as claims
from . import identity as identities
from . import optuna_rows
from .address import Address
from .budget import Spent
from .changes import StudyChanges, read_changes
from .database import PATIENCE_SECONDS, Database
from .engines import open_database
from .kept_weights import KeptWeights
from .owner import Owner
from .remains import remains
from .spending import Spending, alive_seconds, note_alive
from .transactions import StudyTransaction
from .trial import Trial, TrialRecord
from .trial_rows import TrialRows

TRACKED = "tracked"
"""The attribute of a study that holds the place of the latest change of which trackers were told."""

ORIGINS = "origins"
"""The attribute of a copied study that holds the artifacts of its originals."""

LEASE_SECONDS = 60.0
"""After this long without a sign, a process that cannot be seen counts as dead."""

T = TypeVar("T")


class StudyReader(Printed):
    """A study in a database, for those who read it.

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
        self._spending = Spending(objectives=self.objectives, limits=self.limits)

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
            found = _find_or_create(database, address, facts, settings, name=name)
            study = cls(database, found.key, found.address, found.identity)
            study.is_new = found.is_new
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

    def delete(self) -> None:
        """Remove the study with all its trials; its folder is free for another one if it holds no results."""
        self._write(StudyTransaction.remove)
        claims.release(self.address.folder, self.address.storage, self.identity)

    def delete_unused(self, *, begun: bool = False) -> bool:
        """Remove the study if it never had a trial and its folder holds no results; return whether it did.

        With `begun` it may have trials that were given back without a result, which are lost. Whoever submits
        a trial meanwhile comes first, and the study stays, or finds it gone.
        """
        folder = self.address.folder
        if remains(folder) or {*self.counts()} - ({"waiting"} if begun else set()):
            return False
        self.claim()  # an earlier version left no id there, by which the folder is let go afterwards
        unused = self._write(lambda transaction: transaction.remove_unused(begun=begun))
        if unused:
            claims.release(folder, self.address.storage, self.identity)
        return unused

    def trials(self) -> list[Trial]:
        """Return the trials by number."""
        return self._read(lambda trial_rows: trial_rows.trials())

    def trial(self, number: int) -> tuple[Trial, dict[int, dict[str, float]]] | None:
        """Return a trial and its epochs by number, None if there is none; do not wait for the database."""

        def step(trial_rows: TrialRows) -> tuple[Trial, dict[int, dict[str, float]]] | None:
            trial = trial_rows.trial(number)
            return None if trial is None else (trial, trial_rows.numbered_epochs(number))

        return self._read(step, patience=0)

    def weights_digest(self, trial: TrialRecord) -> str:
        """Return the SHA-256 of a trial's weights; "" if it left none, or none was kept."""
        return self._read(lambda trial_rows: trial_rows.weights.digest(trial.number))

    def digests(self, numbers: Collection[int]) -> dict[int, str]:
        """Return the SHA-256 of the weights of these trials, as far as they left any; do not wait."""
        return self._read(lambda rows: {n: rows.weights.digest(n) for n in numbers}, patience=0)

    def kept_weights(self, keep: str) -> KeptWeights:
        """Return what finds out which of its weights stay by a rule."""
        return KeptWeights(keep=keep, objectives=self.objectives, limits=self.limits)

    def changes(self, *, since: int) -> StudyChanges:
        """Return what changed after a place in the order of changes; do not wait for the database."""
        return self._on_read(lambda c: read_changes(c, self.key, since=since), patience=0)

    def weights_to_remove(self, kept: KeptWeights) -> dict[int, str]:
        """Bring up to date which weights stay; return the trials whose do no more, with their hashes."""
        return kept.take(self._read(lambda trial_rows: trial_rows.changes(since=kept.seen), patience=0))

    def epochs(self, number: int | None = None) -> list[dict[str, float]]:
        """Return one record per epoch of all trials, or of one: `trial`, `epoch` and its metrics."""
        return self._read(lambda trial_rows: trial_rows.epochs(number))

    def holders(self) -> list[TrialRecord]:
        """Return the trials that a process works on, or that wait for one."""
        return self._read(lambda trial_rows: trial_rows.in_states("running", "waiting"))

    def in_states(self, *states: str) -> list[TrialRecord]:
        """Return the trials in these states, by number."""
        return self._read(lambda trial_rows: trial_rows.in_states(*states))

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

    def printout(self) -> Printout:
        """Return how many trials are in each state."""
        return Printout(
            title=f"study {self.name}", columns=("state", "trials"), rows=[*self.counts().items()]
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"  # without asking the database, or showing its address

    def counts(self) -> dict[str, int]:
        """Return how many trials are in each state."""
        return self._read(lambda trial_rows: trial_rows.counts())

    def failures(self) -> dict[str, int]:
        """Return how many trials failed, by cause."""
        return self._read(lambda trial_rows: trial_rows.failures())

    def places(self) -> dict[int, dict[str, str]]:
        """Return where the weights of trials lie, `host` and `folder`, by number; as far as is known."""
        return self._read(lambda trial_rows: trial_rows.weights.places())

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

        return self._on_write(step)

    def origins(self) -> list[dict[str, str]]:
        """Return the artifacts of the studies that this one was copied from, the latest first."""
        origins = self._attributes().get(ORIGINS)
        return origins if isinstance(origins, list) else []

    def tracked(self) -> int:
        """Return the place of the latest change of which trackers were told; -1 if they were of none."""
        place = self._attributes().get(TRACKED, -1)
        return place if isinstance(place, int) else -1

    def set_tracked(self, place: int) -> None:
        """Note of which changes trackers were told; do not wait for a database that is away."""

        def step(connection: Connection) -> None:
            optuna_rows.set_study_facts(connection, self.key, **{TRACKED: place})

        self._on_write(step, patience=0)

    def change(self, settings: Mapping[str, Any]) -> None:
        """Set what may change from one run to the next, and let workers work."""
        self._set(settings=dict(settings), stop=None)
        self.settings = dict(settings)

    def note_alive(self, elapsed: float) -> None:
        """Note that a driver of the search was there for these seconds until now."""

        def step(connection: Connection) -> None:
            now = self._transaction(connection).trial_rows.now()
            note_alive(connection, self.key, now, elapsed)

        self._on_write(step, patience=0)

    def spent(self, *, is_alive: bool = True, **how: float) -> Spent:
        """Return what the study has spent of a budget; where its driver lives, up to this moment."""

        def step(connection: Connection) -> Spent:
            rows = self._transaction(connection).trial_rows
            now = rows.now() if is_alive else None
            return self._spending.read(rows, seconds=alive_seconds(connection, self.key, now))

        return self._on_read(step, **how)

    def stop(self) -> None:
        """Ask every worker of the study to give its trial back and leave."""
        self._set(stop=True)

    def is_stopping(self) -> bool:
        """Return whether everybody was asked to leave the study."""
        return "stop" in self._attributes(patience=0)

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


class _Found(NamedTuple):
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
) -> _Found:
    """Return the study; create it with its facts in one step, if its folder does not belong to another."""

    def check(found: str | None, identity: str = "") -> None:
        if facts is not None:
            claims.check_study(address.folder, name, address.storage, study=found, identity=identity)

    def step(connection: Connection) -> _Found:
        studies = identities.find_studies(connection)
        found = address.choose(studies)
        if found is not None:
            identity = identities.settle(connection, studies[found])
            check(found, identity)
            return _Found(replace(address, name=found), studies[found], identity)
        identities.check_name(connection, address.name)
        if facts is None:
            raise StudyError(address.missing(studies))
        check(None)
        key = identities.create(connection, address.name, facts["objectives"])
        optuna_rows.set_study_facts(connection, key, archscape=dict(facts), settings=dict(settings or {}))
        return _Found(address, key, identities.settle(connection, key), is_new=True)

    return database.write(step, line=0)
