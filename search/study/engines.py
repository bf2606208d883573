"""Opening the database that an address names, or creating it."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import suppress
from pathlib import Path

import sqlalchemy
from optuna.storages import RDBStorage

from archscape.spaces.errors import JobError, StudyError

from . import optuna_rows
from .database import Database, postgres_engine, sqlite_engine
from .schema import tables

OPEN_SECONDS = 10.0
"""How long a server may be away when a study is opened: a wrong address should be reported soon."""

FORMS = "postgresql://USER@HOST/DATABASE, or sqlite:///PATH for a file on a local disk"

NETWORK_SYSTEMS = (
    *("nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "gpfs", "beegfs", "ceph", "glusterfs", "afs", "9p"),
    *("fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.gcsfuse", "fuse.juicefs"),
)


def open_database(address: str | Path, *, create: bool = True) -> Database:
    """Open the database at an address; make its tables if it has none.

    Args:
        address: Path of an SQLite file, or a URL.
        create: Whether a file that does not exist is made.

    Raises:
        JobError: If the address is in no known form.
        StudyError: If the database cannot be used, or is that of an incompatible version.
    """
    url = _url(address)
    is_server = url.get_backend_name() == "postgresql"
    path = Path(url.database or "")
    if not is_server and not path.exists():
        if not create:
            raise StudyError(f"{path}: no such file")
        _check_local(path)
        _create_file(path)
    engine = postgres_engine(url) if is_server else sqlite_engine(path)
    database = Database(engine, presentable(address))
    try:
        if is_server:
            database.write(_create_tables, line=0, patience=OPEN_SECONDS)
        _check_version(database)
    except BaseException:
        database.close()
        raise
    return database


def presentable(address: str | Path) -> str:
    """Return an address as it may be printed and kept: without its password."""
    url = _url(address)
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url._replace(password=None).render_as_string()  # `set` takes None for no change


def _url(address: str | Path) -> sqlalchemy.URL:
    if isinstance(address, Path) or "://" not in address:
        return sqlalchemy.URL.create("sqlite", database=str(address))
    try:
        url = sqlalchemy.make_url(address)
        backend = url.get_backend_name()
    except (sqlalchemy.exc.ArgumentError, ValueError):  # a port that is no number is a ValueError
        shown = re.sub(r"(://[^:@/]*):.*@", r"\1:***@", str(address))  # a password is never shown
        raise JobError(f"storage '{shown}' is no URL; give {FORMS}") from None
    if backend not in ("sqlite", "postgresql") or not url.database:
        raise JobError(f"storage '{url.render_as_string()}' is of an unknown form; give {FORMS}")
    return url


def _create_tables(connection: sqlalchemy.Connection) -> None:
    """Create the tables in the database of a server that has none."""
    if not sqlalchemy.inspect(connection).has_table("archscape_trials"):
        RDBStorage(connection.engine.url.render_as_string(hide_password=False)).engine.dispose()
        tables.create_all(connection)


def _create_file(path: Path) -> None:
    """Create the tables in a file of another name, which takes its own name when it is complete.

    Of two processes that create one study, the second finds the name taken and uses the first one's file.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    draft.unlink(missing_ok=True)
    try:
        made = RDBStorage("sqlite:///study.db", engine_kwargs={"creator": lambda: sqlite3.connect(draft)})
    except sqlalchemy.exc.OperationalError as error:
        raise StudyError(f"{path}: cannot be created: {error.orig}") from None
    tables.create_all(made.engine)
    made.engine.dispose()
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def _check_version(database: Database) -> None:
    """Check that the tables are those that this version of archscape and Optuna write."""

    def problem(connection: sqlalchemy.Connection) -> str:
        if not sqlalchemy.inspect(connection).has_table("archscape_trials"):
            return "holds no study of this version of archscape"
        return "" if optuna_rows.has_known_tables(connection) else "was made by another version of Optuna"

    message = database.read(problem, patience=OPEN_SECONDS)
    if message:
        raise StudyError(f"{database.label}: {message}; keep it, and begin the search in another folder")


def _check_local(path: Path) -> None:
    """Refuse a folder on a network file system, whose locks SQLite cannot trust."""
    mounts = Path("/proc/mounts")
    kind = file_system(path.resolve(), mounts.read_text() if mounts.exists() else "")
    if kind in NETWORK_SYSTEMS:
        raise StudyError(
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
