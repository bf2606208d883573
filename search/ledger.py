"""One row per architecture of a study: its number, its hash, and the process that works on it.

The row is written in the transaction that creates the trial, and closed in the one that finishes it. Its two
uniqueness rules make "no architecture twice" and "no number twice" hold for any number of processes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy
from sqlalchemy import Boolean, Column, DateTime, Integer, String, UniqueConstraint, func

from .owner import Owner

tables = sqlalchemy.MetaData()

_leases = sqlalchemy.Table(
    "archscape_leases",
    tables,
    Column("study_id", Integer, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("hash", String(64), nullable=False),
    Column("trial_id", Integer, nullable=False),
    Column("open", Boolean, nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    Column("machine", String(200)),
    Column("pid", Integer),
    Column("born", sqlalchemy.BigInteger),
    Column("beat", DateTime(timezone=True)),
    UniqueConstraint("study_id", "hash"),
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """The lease of one trial.

    Attributes:
        number: Number of the trial in its study.
        hash: Canonical hash of its network.
        trial_id: Optuna's key of the trial.
        open: Whether the trial has not come to its end.
        attempts: How many times a process took it up, less those it gave back.
        owner: The process that works on it; None if it waits.
        silent_seconds: Time since the owner last showed itself, by the clock of the database.
    """

    number: int
    hash: str
    trial_id: int
    open: bool
    attempts: int
    owner: Owner | None
    silent_seconds: float


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The rows of one study, through the connection of a transaction."""

    connection: sqlalchemy.Connection
    study_id: int

    def count(self) -> int:
        """Return how many architectures were submitted."""
        query = sqlalchemy.select(func.count()).where(_leases.c.study_id == self.study_id)
        return int(self.connection.execute(query).scalar_one())

    def hashes(self, *, since: int) -> list[str]:
        """Return the hashes of the architectures with numbers from `since` on, by number."""
        query = sqlalchemy.select(_leases.c.hash).where(self._mine(), _leases.c.number >= since)
        return list(self.connection.execute(query.order_by(_leases.c.number)).scalars())

    def add(self, *, number: int, digest: str, trial_id: int, owner: Owner) -> None:
        """Add the row of a new trial, held by its owner.

        Raises:
            sqlalchemy.exc.IntegrityError: If the study has the number or the hash.
        """
        key = {"study_id": self.study_id, "number": number, "hash": digest, "trial_id": trial_id}
        self.connection.execute(_leases.insert().values(**key, open=True, attempts=1, **_held_by(owner)))

    def find(self, number: int) -> Row | None:
        """Return the row of a trial."""
        return next(iter(self._rows(_leases.c.number == number)), None)

    def still_open(self) -> list[Row]:
        """Return the rows of trials that have not come to their end, by number."""
        return self._rows(_leases.c.open)

    def take(self, row: Row, owner: Owner) -> None:
        """Give a trial to another process, which tries it once more."""
        self._update(row.number, attempts=row.attempts + 1, **_held_by(owner))

    def free(self, row: Row) -> None:
        """Take a trial from its owner as if it had never been tried."""
        self._update(row.number, attempts=row.attempts - 1, **_held_by(None))

    def beat(self, number: int, owner: Owner) -> bool:
        """Note that the owner lives; False if it does not hold the trial any more."""
        held = (_leases.c.machine == owner.machine) & (_leases.c.pid == owner.pid)
        statement = _leases.update().where(self._mine(), _leases.c.number == number, held, _leases.c.open)
        return self.connection.execute(statement.values(beat=func.now())).rowcount == 1

    def close(self, row: Row) -> None:
        """Mark a trial as ended."""
        self._update(row.number, open=False, **_held_by(None))

    def _mine(self) -> sqlalchemy.ColumnElement[bool]:
        return _leases.c.study_id == self.study_id

    def _rows(self, condition: sqlalchemy.ColumnElement[bool]) -> list[Row]:
        query = sqlalchemy.select(_leases, func.now().label("now")).where(self._mine(), condition)
        return [_row(record) for record in self.connection.execute(query.order_by(_leases.c.number))]

    def _update(self, number: int, **values: object) -> None:
        self.connection.execute(
            _leases.update().where(self._mine(), _leases.c.number == number).values(**values)
        )


def _held_by(owner: Owner | None) -> dict[str, object]:
    if owner is None:
        return {"machine": None, "pid": None, "born": None, "beat": None}
    return {"machine": owner.machine, "pid": owner.pid, "born": owner.born, "beat": func.now()}


def _row(record: sqlalchemy.Row[tuple[object, ...]]) -> Row:
    owner = None
    if record.machine is not None:
        owner = Owner(machine=record.machine, pid=record.pid, born=record.born)
    return Row(
        number=record.number,
        hash=record.hash,
        trial_id=record.trial_id,
        open=record.open,
        attempts=record.attempts,
        owner=owner,
        silent_seconds=_silence(record.beat, record.now),
    )


def _silence(beat: datetime | None, now: datetime) -> float:
    return (now - beat).total_seconds() if beat else 0.0
