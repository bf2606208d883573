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
from typing import TypeVar

import sqlalchemy
from sqlalchemy import Connection, Engine, event, exc

from archscape.spaces.errors import StudyError

T = TypeVar("T")

PATIENCE_SECONDS = 900.0
"""How long a step is tried again before the process gives up; results wait in the spool all the same."""

LOCK_SECONDS = 60
"""How long one try of a step waits for its place in the line."""

SLOW_SECONDS = 1.0
"""A file for which a step waits longer was locked for all: nobody could show in it that it lives."""

CLASS = 0x61726373  # the advisory locks of archscape, apart from those of others in the same database

_LASTING = ("no such", "malformed", "not a database", "authentication failed", "password", "does not exist")


class Database:
    """A database, whose steps are whole or absent and survive its absence.

    Attributes:
        engine: SQLAlchemy's engine.
        label: What messages call it; holds no password.
        wait: Sleeps between two tries; a worker lets its stop signal cut it off.
        back_since: When the database was last found again after it was away, by `time.monotonic`.
    """

    def __init__(self, engine: Engine, label: str) -> None:
        self.engine = engine
        self.label = label
        self.wait: Callable[[float], None] = time.sleep
        self.back_since = float("-inf")
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
            StudyError: If the database cannot be used; the message holds its reason.
            sqlalchemy.exc.IntegrityError: If a statement broke a uniqueness rule of the tables.
        """
        return self._persist(lambda: self._run(step, "BEGIN IMMEDIATE", line), patience)

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    def _run(self, step: Callable[[Connection], T], begin: str, line: int | None) -> T:
        started = time.monotonic()
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
                    raise StudyError(message) from error
            self.wait(pause * random.uniform(0.5, 1.5))
            pause = min(2 * pause, 10.0)


def passes(error: Exception) -> bool:
    """Say whether an error of the database may pass by itself: it is away, busy, or its disk is full."""
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return True
    passing = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError, sqlite3.OperationalError)
    return isinstance(error, passing) and not any(sign in reason(error) for sign in _LASTING)


def reason(error: Exception) -> str:
    """Return what the database said, on one line."""
    return " ".join(str(getattr(error, "orig", None) or error).split())


def sqlite_engine(path: Path) -> Engine:
    """Return an engine on an SQLite file: a log written ahead, synced commits, and our own `BEGIN`."""

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    engine = sqlalchemy.create_engine("sqlite://", creator=connect, poolclass=sqlalchemy.pool.QueuePool)
    event.listen(engine, "begin", lambda c: c.exec_driver_sql(c.info.get("begin", "BEGIN IMMEDIATE")))
    return engine


def postgres_engine(url: sqlalchemy.URL) -> Engine:
    """Return an engine on a PostgreSQL server, where no process that froze can keep others waiting."""
    timeouts = f"lock_timeout={LOCK_SECONDS}s", "idle_in_transaction_session_timeout=10s"
    options = " ".join(f"-c {timeout}" for timeout in timeouts)
    settings = {"connect_timeout": 10, "keepalives_idle": 30, "tcp_user_timeout": 60_000, "options": options}
    return sqlalchemy.create_engine(
        url.set(drivername="postgresql+psycopg"), pool_pre_ping=True, connect_args=settings
    )
