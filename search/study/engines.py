"""Opening the database that an address names, or creating it."""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy.engine.interfaces import DBAPIConnection

from archscape.spaces.atomic import temporary_name
from archscape.spaces.errors import StorageError, StudyError

from ..file_faults import FileFault
from . import optuna_rows, proposal_rows, weight_rows
from .database import (
    PATIENCE_SECONDS,
    Database,
    is_busy,
    passes,
    postgres_connector,
    postgres_engine,
    reason,
    sqlite_engine,
)
from .database_file import DatabaseFile
from .schema import tables
from .storage import parse_storage, presentable

T = TypeVar("T")

OPEN_SECONDS = 10.0
"""How long a server may be away when a study is opened: a wrong address should be reported soon."""

PASSWORDS = "; no folder keeps a password: give it in --storage, ARCHSCAPE_STORAGE, PGPASSWORD or ~/.pgpass"

NETWORK_SYSTEMS = (
    *("nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "gpfs", "beegfs", "ceph", "glusterfs", "afs", "9p"),
    *("fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.gcsfuse", "fuse.juicefs"),
)


def open_database(address: str | Path, *, create: bool = True, known: bool = False) -> Database:
    """Open the database at an address; make its tables if it has none.

    Args:
        address: Path of an SQLite file, or a URL.
        create: Whether a file that does not exist is made.
        known: Whether a study was found there before, so what cannot be used now is away.

    Raises:
        FileFault: If a file that is known and not to be created cannot be used now.
        JobError: If the address is in no known form.
        StorageError: If it is that of no database, or of one that cannot be used with what was given, or of
            an incompatible version.
        StudyError: If a server stays busy or, if it is known, away.
    """
    url = parse_storage(address)
    is_server = url.get_backend_name() == "postgresql"
    path = Path(url.database or "")
    if is_server:
        connect = postgres_connector(url)
        engine = postgres_engine(connect)
    else:
        _prepare_file(path, create=create, known=known)
        engine = sqlite_engine(path)
    database = Database(engine, presentable(address))
    try:
        if is_server:
            create_tables = partial(_create_tables, connect)
            _contact(lambda patience: database.write(create_tables, line=0, patience=patience), known=known)
        _check_version(database, known=known)
        for rows in (weight_rows, proposal_rows):  # what earlier versions did not make
            if not database.read(rows.has_table):
                database.write(rows.create_table, line=0)
        database.file = None if is_server else DatabaseFile.of(path)
    except BaseException:
        database.close()
        raise
    return database


def _contact(step: Callable[[float], T], *, known: bool) -> T:
    """Run the first step on a database, given its patience: what will not pass is reported at once.

    A server that is there, but busy, is waited for as by any later step, and that is said. One that does not
    answer is given up soon, unless it is known: its address may be wrong.

    Raises:
        StorageError: If the address, or what it names, is wrong.
        StudyError: If the database stays busy.
    """
    for patience in (0.0, OPEN_SECONDS):
        try:
            return step(patience)
        except StudyError as error:
            cause = error.__cause__
            assert isinstance(cause, Exception)
            if is_busy(cause) or (known and passes(cause)):
                minutes = PATIENCE_SECONDS / 60
                logging.getLogger("archscape").warning(f"{error}; trying again for {minutes:.0f} minutes")
                break
            if patience or not passes(cause):
                hint = PASSWORDS if "password" in reason(cause) else ""
                raise StorageError(f"{error}{hint}") from cause
    return step(PATIENCE_SECONDS)


def _create_tables(connect: Callable[[], DBAPIConnection], connection: sqlalchemy.Connection) -> None:
    """Create the tables in the database of a server that has none; Optuna has a connection of its own."""
    if not sqlalchemy.inspect(connection).has_table("archscape_trials"):
        try:
            RDBStorage("postgresql+psycopg://", engine_kwargs={"creator": connect}).engine.dispose()
        except StorageInternalError as error:
            raise error.__cause__ or error from None
        tables.create_all(connection)


def _prepare_file(path: Path, *, create: bool, known: bool) -> None:
    """Check that a file can hold studies; make one that is not there, if asked.

    Raises:
        FileFault: If it is known and not to be created, and cannot now: that may pass.
        StorageError: If it cannot.
    """
    try:
        exists = path.exists()
        problem = _problem_of_file(path) if exists else _problem_of_folder(path.parent)
        if not exists and not create:
            problem = "no such file"
    except OSError as error:  # a name that is too long, a circle of links
        exists, problem = True, str(error.strerror)
    if problem and known and not create:
        raise FileFault(errno.EACCES if exists else errno.ENOENT, problem, str(path))
    if problem:
        raise StorageError(f"{path}: {problem}")
    if not exists:
        _check_local(path)
        _create_file(path)


def _problem_of_file(path: Path) -> str:
    if path.is_dir():
        return f"is a folder; give the path of a file in it, as {path / 'study.db'}"
    if not path.is_file():
        return "is no file"
    if not _may(path, os.R_OK):
        return "may not be read by this user"
    if not (_may(path, os.W_OK) and _may(path.parent, os.W_OK)):
        return "may not be written by this user, or its folder; SQLite writes there even to read"
    return ""


def _problem_of_folder(folder: Path) -> str:
    if not folder.is_dir():
        problem = "is a file" if folder.exists() else "is not there"
    else:
        problem = "" if _may(folder, os.W_OK) else "may not be written by this user"
    return f"cannot be created: its folder {folder} {problem}" if problem else ""


def _may(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=True)


def _create_file(path: Path) -> None:
    """Create the tables in a file of another name, which takes its own name when it is complete.

    Of two processes that create one study, the second finds the name taken and uses the first one's file.

    Raises:
        StorageError: If the file system refuses, as a full disk does; nothing is left of it.
    """
    draft = temporary_name(path)
    try:
        _create_tables_in_file(draft)
        with suppress(FileExistsError):
            os.link(draft, path)
    except (sqlalchemy.exc.SQLAlchemyError, sqlite3.Error, StorageInternalError, OSError) as error:
        raise StorageError(f"{path}: cannot be created: {reason(error.__cause__ or error)}") from None
    finally:
        for file in (draft, draft.with_name(f"{draft.name}-journal")):
            with suppress(OSError):
                file.unlink()


def _create_tables_in_file(file: Path) -> None:
    with closing(sqlite3.connect(file, check_same_thread=False)) as connection:
        settings = {"creator": lambda: connection, "poolclass": sqlalchemy.pool.StaticPool}
        made = RDBStorage("sqlite:///study.db", engine_kwargs=settings)
        tables.create_all(made.engine)
        made.engine.dispose()


def _check_version(database: Database, *, known: bool) -> None:
    """Check that the tables are those that this version of archscape and Optuna write."""

    def problem(connection: sqlalchemy.Connection) -> str:
        if not sqlalchemy.inspect(connection).has_table("archscape_trials"):
            return "holds no study of this version of archscape"
        return "" if optuna_rows.has_known_tables(connection) else "was made by another version of Optuna"

    message = _contact(lambda patience: database.read(problem, patience=patience), known=known)
    if message:
        raise StorageError(f"{database.label}: {message}; keep it, and begin the search in another folder")


def _check_local(path: Path) -> None:
    """Refuse a folder on a network file system, whose locks SQLite cannot trust."""
    mounts = Path("/proc/mounts")
    kind = file_system(path.resolve(), mounts.read_text() if mounts.exists() else "")
    if kind in NETWORK_SYSTEMS:
        raise StorageError(
            f"{path}: lies on a network file system ({kind}), where SQLite loses trials; choose a local "
            f"folder with --out, or a server with --storage postgresql://USER@HOST/DATABASE"
        )


def file_system(path: Path, mounts: str) -> str:
    r"""Return the kind of file system that holds a path, by the text of /proc/mounts.

    >>> file_system(Path("/home/a/runs"), "/dev/sda / ext4 rw\nserver:/x /home nfs4 rw\n")
    'nfs4'
    """
    entries = [line.split() for line in mounts.splitlines()]
    points = {Path(point.replace("\\040", " ")): kind for _, point, kind, *_ in entries}
    holding = [point for point in points if path.is_relative_to(point)]
    return points[max(holding, key=lambda point: len(point.parts))] if holding else ""
