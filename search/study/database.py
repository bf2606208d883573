"""The database of studies: an SQLite file on a local disk, or a PostgreSQL server.

Every step of a study is one transaction, given as a function that may be run again: when the database is
away, locked or full, the step is tried until it succeeds or patience ends. Writers of one study stand in
line (`BEGIN IMMEDIATE` in SQLite, an advisory lock in PostgreSQL), so no step sees half of another.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import sqlalchemy
from sqlalchemy import Connection, Engine, event, exc
from sqlalchemy.engine.interfaces import DBAPIConnection

from archscape.spaces.errors import StudyError, StudyGone

from .database_file import DatabaseFile

T = TypeVar("T")

PATIENCE_SECONDS = 900.0
"""How long a step is tried again before the process gives up; results wait in the spool all the same."""

LOCK_SECONDS = 60
"""How long one try of a step waits for its place in the line."""

SLOW_SECONDS = 1.0
"""A file for which a step waits longer was locked for all: nobody could show in it that it lives."""

CLASS = 0x61726373  # the advisory locks of archscape, apart from those of others in the same database

_LASTING = (
    *("no such", "malformed", "not a database", "authentication failed", "password", "does not exist"),
    *("pg_hba.conf", "not permitted", "permission denied for", "does not support SSL", "certificate"),
    *("invalid sslmode value", "invalid channel_binding value", "invalid integer value"),
)

_BUSY = (
    *("too many connections", "too many clients", "connection slots are reserved", "no more connections"),
    *("starting up", "shutting down", "recovery mode", "not yet accepting", "is locked"),
)

_DAMAGED = ("malformed", "not a database", "no such table", "does not exist")


class Database:
    """A database, whose steps are whole or absent and survive its absence.

    Attributes:
        engine: SQLAlchemy's engine.
        label: What messages call it; holds no password.
        wait: Sleeps between two tries; a worker lets its stop signal cut it off.
        back_since: When the database was last found again after it was away, by `time.monotonic`.
        file: The file that it was opened with; None for a server.
    """

    def __init__(self, engine: Engine, label: str) -> None:
        self.engine = engine
        self.label = label
        self.wait: Callable[[float], None] = time.sleep
        self.back_since = float("-inf")
        self.file: DatabaseFile | None = None
        self._away = False

    def read(self, step: Callable[[Connection], T], *, patience: float = PATIENCE_SECONDS) -> T:
        """Run a step that only reads; see `write`."""
        return self._persist(lambda: self._run(step, "BEGIN", None), patience)

    def write(
        self, step: Callable[[Connection], T], *, line: int | None = None, patience: float = PATIENCE_SECONDS
    ) -> T:
        """Run a step as one transaction and return its result.

        Args:
            step: May be run several times, also after it took effect and the answer was lost on the way.
            line: Key of the study whose other writers must wait.
            patience: Seconds for which the step is tried again while the database cannot be used.

        Raises:
            StudyGone: If its file was deleted, replaced or damaged, or its tables are not there.
            StudyError: If the database cannot be used; the message holds its reason.
            sqlalchemy.exc.IntegrityError: If a statement broke a uniqueness rule of the tables.
        """
        return self._persist(lambda: self._run(step, "BEGIN IMMEDIATE", line), patience)

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    def _run(self, step: Callable[[Connection], T], begin: str, line: int | None) -> T:
        started = time.monotonic()
        if self.file is not None:
            self.file.check()
        with self.engine.connect() as connection:
            is_file = connection.dialect.name == "sqlite"
            if is_file:
                connection.info["begin"] = begin
            with connection.begin():
                if line is not None and connection.dialect.name == "postgresql":
                    lock = sqlalchemy.text("SELECT pg_advisory_xact_lock(:kind, :line)")
                    connection.execute(lock, {"kind": CLASS, "line": line})
                slow = is_file and time.monotonic() - started > SLOW_SECONDS
                if self._away or slow:  # the step must know: it may ask who was silent for how long
                    self._away, self.back_since = False, time.monotonic()
                return step(connection)

    def _persist(self, attempt: Callable[[], T], patience: float) -> T:
        deadline = time.monotonic() + patience
        pause = 0.05
        while True:
            try:
                return attempt()
            except exc.IntegrityError:
                raise  # a rule of the tables said no; its owner knows what that means
            except (exc.SQLAlchemyError, sqlite3.Error) as error:
                self._away = True
                if not passes(error) or time.monotonic() + pause > deadline:
                    message = f"{self.label}: cannot be used as a study database: {reason(error)}"
                    damaged = any(sign in reason(error) for sign in _DAMAGED)
                    raise (StudyGone if damaged else StudyError)(message) from error
            self.wait(pause * random.uniform(0.5, 1.5))
            pause = min(2 * pause, 10.0)


_STANDBY = "in a read-only transaction"
"""Of a server that takes over from another, until it is promoted."""


def passes(error: Exception) -> bool:
    """Say whether an error of the database may pass by itself: it is away, busy, full, or a standby yet."""
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return True
    passing = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError, sqlite3.OperationalError)
    words = reason(error)
    return (isinstance(error, passing) or _STANDBY in words) and not any(sign in words for sign in _LASTING)


def is_busy(error: Exception) -> bool:
    """Say whether a database is there, but takes nobody more in now, or not yet."""
    return passes(error) and any(sign in reason(error) for sign in _BUSY)


def reason(error: BaseException) -> str:
    """Return what the database said, on one line."""
    text = error.strerror if isinstance(error, OSError) else getattr(error, "orig", None)
    return " ".join(str(text or error).split())


def sqlite_engine(path: Path) -> Engine:
    """Return an engine on an SQLite file: a log written ahead, synced commits, and our own `BEGIN`.

    A file that is not there stays so: an empty one in its place would pass for a study without a trial.
    """
    existing = f"{path.absolute().as_uri()}?mode=rw"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            existing, uri=True, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    engine = sqlalchemy.create_engine("sqlite://", creator=connect, poolclass=sqlalchemy.pool.QueuePool)
    event.listen(engine, "begin", lambda c: c.exec_driver_sql(c.info.get("begin", "BEGIN IMMEDIATE")))
    return engine


def postgres_engine(connect: Callable[[], DBAPIConnection]) -> Engine:
    """Return an engine on a PostgreSQL server.

    Its own URL is empty, so that nothing that describes the engine holds the secrets of an address.
    """
    return sqlalchemy.create_engine("postgresql+psycopg://", creator=connect, pool_pre_ping=True)


def postgres_connector(url: sqlalchemy.URL) -> Callable[[], DBAPIConnection]:
    """Return what connects to the server of a URL, where no process that froze can keep others waiting."""
    import psycopg

    timeouts = f"lock_timeout={LOCK_SECONDS}s", "idle_in_transaction_session_timeout=10s"
    options = " ".join([*(f"-c {timeout}" for timeout in timeouts), str(url.query.get("options", ""))])
    settings: dict[str, Any] = {"connect_timeout": 10, "keepalives_idle": 30, "tcp_user_timeout": 60_000}
    dialect = url.set(drivername="postgresql+psycopg").get_dialect()()
    _, address = dialect.create_connect_args(url)
    settings |= {**address, "options": options}
    return lambda: cast(DBAPIConnection, psycopg.connect(**settings))
