"""Storages: an address of a database as a user writes it, made absolute, and shown without its secrets.

`presentable` is the one way by which an address reaches a file, a page or a message; a text that may hold
one goes through `secrets.hide_secrets`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

import sqlalchemy

from archscape.spaces.errors import JobError, suggest

from .secrets import hide_secrets, is_secret

FORMS = "postgresql://USER@HOST/DATABASE, or sqlite:///PATH for a file on a local disk"

DRIVERS = {"postgresql": ("", "psycopg", "psycopg2"), "sqlite": ("", "pysqlite")}
"""The databases of studies, and what an address may name as its driver; archscape uses its own."""

AMBIGUOUS = "is ambiguous: write `@` in a user or a password as %40, `:` as %3A"

_NO_PATH = re.compile(
    r"(?:file|redis|mongodb|[a-z]*sql[\w+]*|postgre\w*)(?::|//)"  # a scheme that lacks a part of its `://`
    r"|(?:.*//)?[^/]*:.*@"  # USER:PASSWORD@HOST without a scheme, or after what should be one
    # The other form of libpq, or settings of what is no URL:
    r"|(?:.*[?&;])?\s*(?:host|hostaddr|port|user|dbname|(?:ssl)?password|passfile|service|sslmode)\s*=",
    re.IGNORECASE,
)


def parse_storage(address: str | Path) -> sqlalchemy.URL:
    """Return an address as a URL; a path is that of an SQLite file.

    Raises:
        JobError: If it is in no known form; the message holds no secret.
    """
    if isinstance(address, Path):
        return sqlalchemy.URL.create("sqlite", database=str(address))
    shown = hide_secrets(address)
    if "://" not in address:
        if address in ("", ":memory:") or "\0" in address or _NO_PATH.match(address):
            raise JobError(f"storage '{shown}' is no URL and no path of a file; give {FORMS}")
        return sqlalchemy.URL.create("sqlite", database=os.path.expanduser(address))
    try:
        url = sqlalchemy.make_url(address)
    except (sqlalchemy.exc.ArgumentError, ValueError):  # a port that is no number is a ValueError
        raise JobError(f"storage '{shown}' is no URL, by its port or its form; give {FORMS}") from None
    problem = _problem(url) or _ambiguity(url, address)
    if problem:
        raise JobError(f"storage '{shown}' {problem}; give {FORMS}")
    if url.get_backend_name() == "sqlite":
        return sqlalchemy.URL.create("sqlite", database=os.path.expanduser(str(url.database)))
    return url


def absolute_storage(address: str) -> str:
    """Return an address that means the same wherever one stands, with its secrets; "" stays.

    Raises:
        JobError: If it is in no known form.
    """
    if not address:
        return ""
    url = parse_storage(address)
    return os.path.abspath(str(url.database)) if url.get_backend_name() == "sqlite" else address


def presentable(address: str | Path) -> str:
    """Return an address as it may be printed and kept: without its secrets, otherwise as good as before."""
    try:
        url = parse_storage(address)
    except JobError:
        return hide_secrets(str(address))
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    kept = {name: value for name, value in url.query.items() if not is_secret(name, value)}
    return url._replace(password=None).set(query=kept).render_as_string()  # `set` takes None for no change


def _problem(url: sqlalchemy.URL) -> str:
    """Return what is wrong with a URL, or ""."""
    backend = url.get_backend_name()
    if backend not in DRIVERS:
        return f"is of an unknown form{_nearest(backend, DRIVERS)}"
    if url.drivername.partition("+")[2] not in DRIVERS[backend]:
        return "names a driver that archscape does not use"
    return _sqlite_problem(url) if backend == "sqlite" else _server_problem(url)


def _ambiguity(url: sqlalchemy.URL, address: str) -> str:
    """Return that an `@` of a setting was read as the end of a password: the user's name has another one."""
    written = address.partition("://")[2].partition(":")[0].count("%40")
    return AMBIGUOUS if (url.username or "").count("@") > written else ""


def _server_problem(url: sqlalchemy.URL) -> str:
    if "@" in f"{url.host}{url.database}" or ":" in (url.username or ""):
        return AMBIGUOUS
    if url.port is not None and not 0 < url.port < 65536:
        return "has a port that is not from 1 to 65535"
    if not url.database and not {"dbname", "service"} & url.query.keys():
        return "names no database"
    known = _libpq_settings()
    unknown = next((name for name in url.query if name not in known), None)
    if unknown is None:
        return ""
    near = _nearest(unknown, known)
    return f"has an unknown setting '{unknown}'{near}" if near else "has an unknown setting"  # or a password


def _sqlite_problem(url: sqlalchemy.URL) -> str:
    if url.host or url.username or url.password or url.port:
        return "has two slashes where a path has three, and an absolute one four"
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        return "names no file"
    return ""


def _nearest(word: str, known: Iterable[str]) -> str:
    """Return the suggestion of a word that is near; "" if none is."""
    suggestion = suggest(word, known)
    return suggestion if "did you mean" in suggestion else ""


def _libpq_settings() -> list[str]:
    """Return the names of the settings that a URL of PostgreSQL may have."""
    from psycopg import pq

    return [setting.keyword.decode() for setting in pq.Conninfo.get_defaults()]
