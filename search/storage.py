"""Optuna's relational storage, hardened: a file born whole, and transactions that several operations share.

As Optuna opens SQLite, processes that ask at the same moment get the same trial. Here every transaction takes
the write lock before it reads (`BEGIN IMMEDIATE`), a log written ahead makes the file whole after a crash,
and whoever finds it locked waits.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy import event
from sqlalchemy.orm import Session

from archscape.spaces.errors import StudyError

BUSY_SECONDS = 60
"""How long a transaction waits for the lock before it gives up."""


class Storage(RDBStorage):
    """Optuna's storage in an SQLite file, whose operations can be joined into one transaction."""

    def __init__(self, path: Path) -> None:
        self.path = path
        settings = {"creator": lambda: _connect(path)}  # a URL could not hold every path
        super().__init__("sqlite:///study.db", engine_kwargs=settings, skip_table_creation=True)
        event.listen(self.engine, "begin", _begin)

    @contextmanager
    def transaction(self) -> Iterator[sqlalchemy.Connection]:
        """Run a block as one transaction: everything in it happens, or nothing.

        Operations of this storage inside the block become savepoints of the transaction, so a process killed
        between two of them leaves no trace of either.

        Yields:
            The connection, for statements on archscape's own tables.

        Raises:
            StudyError: If the database cannot be used; the message holds its reason.
            sqlalchemy.exc.IntegrityError: If a statement broke a uniqueness rule of the tables.
        """
        with explained(self.path), self.engine.begin() as connection:
            session = Session(bind=connection, join_transaction_mode="create_savepoint")
            self.scoped_session.registry.set(session)
            try:
                yield connection
            finally:
                session.close()
                self.scoped_session.registry.clear()


def open_storage(path: Path, *, tables: sqlalchemy.MetaData) -> Storage:
    """Open the study file at a path on a local disk; create it, with the given tables, if there is none.

    Raises:
        StudyError: If the file is no study database, or was written by an incompatible version of Optuna.
    """
    with explained(path):
        if not path.exists():
            _create(path, tables)
        return Storage(path)


def _create(path: Path, tables: sqlalchemy.MetaData) -> None:
    """Create the tables in a file of another name, which takes its own name when it is complete.

    Of two processes that create one study, the second finds the name taken and uses the first one's file.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    draft.unlink(missing_ok=True)
    storage = RDBStorage("sqlite:///study.db", engine_kwargs={"creator": lambda: sqlite3.connect(draft)})
    tables.create_all(storage.engine)
    storage.engine.dispose()
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _begin(connection: sqlalchemy.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what goes wrong in the database at a path into one clear StudyError."""
    try:
        yield
    except sqlalchemy.exc.IntegrityError:
        raise  # a rule of the tables said no; its owner knows what that means
    except (sqlalchemy.exc.SQLAlchemyError, sqlite3.Error, StorageInternalError) as error:
        cause = error.__cause__ if isinstance(error, StorageInternalError) else error
        reason = str(getattr(cause, "orig", None) or cause or error)
        if "locked" in reason:
            raise StudyError(f"{path}: locked by another process for more than {BUSY_SECONDS} s") from error
        raise StudyError(f"{path}: cannot be used as a study database: {reason}") from error
    except RuntimeError as error:
        if "optuna version" not in str(error):
            raise
        raise StudyError(f"{path}: {error}") from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Optuna's log from telling of the studies that archscape makes for itself."""
    logger = logging.getLogger("optuna")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
