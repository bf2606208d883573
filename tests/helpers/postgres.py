"""A PostgreSQL server of one's own, in a temporary folder: begun, restarted, stopped and swept away.

>>> with Cluster.temporary() as cluster:  # doctest: +SKIP
...     cluster.url("chaos")
...     cluster.restart("immediate")
'postgresql://archscape@127.0.0.1:40123/chaos'
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import SystemRandom
from typing import Literal

import psycopg
from psycopg.sql import SQL, Identifier

HOST = "127.0.0.1"
SHORT = "/tmp"
"""Where folders of sockets lie: a system takes some hundred characters, whatever TMPDIR has."""

USER = "archscape"

Mode = Literal["fast", "immediate"]
"""How a server is stopped: `fast` ends every session in good order, `immediate` is a crash."""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A server with its folder, listening on a port of this machine and on a socket in the folder.

    Attributes:
        folder: Holds the data, the socket and the server's log.
        port: The port of 127.0.0.1.
    """

    folder: Path
    port: int

    @classmethod
    @contextmanager
    def temporary(cls) -> Iterator[Cluster]:
        """Yield a running server; at the end of the block it is gone with all its data.

        Raises:
            RuntimeError: If the server's programs are not on this machine, or fail; it says what they said.
        """
        folder = Path(tempfile.mkdtemp(prefix="postgres-", dir=SHORT))
        cluster = cls(folder=folder, port=free_port())
        try:
            if (user := server_user()) is not None:
                os.chown(folder, user.pw_uid, user.pw_gid)
            cluster._create()
            cluster.start()
            yield cluster
        finally:
            with suppress(RuntimeError):  # it never started, or was stopped in the block
                cluster.stop("immediate")
            shutil.rmtree(folder)

    def url(self, database: str) -> str:
        """Return the URL of a database, which is created if there is none of this name."""
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
            if row is None:
                connection.execute(SQL("CREATE DATABASE {}").format(Identifier(database)))
        return self._address(database)

    def socket_url(self, database: str) -> str:
        """Return the URL of an existing database through the socket in the folder."""
        return f"postgresql://{USER}@/{database}?host={self.folder}&port={self.port}"

    def start(self) -> None:
        """Start the server; it answers when this returns."""
        self._run("pg_ctl", "start", "-w", "-D", "data", "-l", "server.log")

    def stop(self, mode: Mode = "fast") -> None:
        """Stop the server; it is gone when this returns."""
        self._run("pg_ctl", "stop", "-w", "-D", "data", "-m", mode)

    def restart(self, mode: Mode = "fast") -> None:
        """Stop the server, and start it again."""
        self.stop(mode)
        self.start()

    def _address(self, database: str) -> str:
        return f"postgresql://{USER}@{HOST}:{self.port}/{database}"

    def _create(self) -> None:
        self._run("initdb", "-D", "data", "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C")
        with (self.folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write(f"listen_addresses = '{HOST}'\nport = {self.port}\n")
            settings.write(f"unix_socket_directories = '{self.folder}'\n")

    def _run(self, program: str, *arguments: str) -> None:
        """Run a program of the server in its folder, as a user that PostgreSQL accepts."""
        if (bindir := programs()) is None:
            raise RuntimeError(
                "no PostgreSQL server on this machine: neither the folder of `pg_config --bindir` nor any "
                "/usr/lib/postgresql/*/bin holds initdb and pg_ctl; on Debian `make programs` installs one"
            )
        log, user = self.folder / "programs.log", server_user()
        with log.open("ab") as output:
            done = subprocess.run(
                [bindir / program, *arguments],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                extra_groups=[] if user else None,
                check=False,
            )
        if done.returncode:
            raise RuntimeError(f"{program} {' '.join(arguments)} failed:\n{log.read_text(errors='replace')}")


@cache
def programs() -> Path | None:
    """Return the folder of the newest PostgreSQL server's programs; None if there is none."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version)
    if tool := shutil.which("pg_config"):
        answer = subprocess.run([tool, "--bindir"], capture_output=True, text=True, check=True)
        candidates.append(Path(answer.stdout.strip()))
    return next(
        (f for f in reversed(candidates) if (f / "initdb").is_file() and (f / "pg_ctl").is_file()), None
    )


def _version(programs: Path) -> list[int]:
    return [int(part) for part in programs.parent.name.split(".") if part.isdigit()]


def server_user() -> pwd.struct_passwd | None:
    """Return the user to become for the server, which refuses root; None where no other is needed."""
    if os.geteuid():
        return None
    users = {user.pw_name: user for user in pwd.getpwall()}
    return users.get("postgres") or users["nobody"]


def free_port() -> int:
    """Return a port that is free until a server takes it: systems give others to connections."""
    while True:
        port = SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port
