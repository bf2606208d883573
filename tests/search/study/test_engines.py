"""Finding and making databases: whole or absent, never on a network, never with a password in a message."""

from __future__ import annotations

import doctest
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from helpers.postgres import Cluster

from archscape.search.study import engines as module
from archscape.search.study.engines import FORMS, NETWORK_SYSTEMS, file_system, open_database, presentable
from archscape.spaces.errors import JobError, StudyError

OPEN = """
import sys
from archscape.search.study.engines import open_database
sys.stdin.read()
open_database(sys.argv[1]).close()
"""

MOUNTS = r"""
/dev/sda1 / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
server:/export /home nfs4 rw,vers=4.2 0 0
tmpfs /home/a/local tmpfs rw 0 0
//nas/work /mnt/our\040work cifs rw 0 0
"""


def sql(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(statement).fetchall()


def open_at_once(address: str | Path, processes: int = 4) -> None:
    """Let many processes open the database of an address, and check that none complains."""
    command = [sys.executable, "-c", OPEN, str(address)]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(processes)
    ]
    for process in running:
        assert process.stdin is not None
        process.stdin.close()
    for process in running:
        assert process.stderr is not None
        with process.stderr as errors:
            assert errors.read() == b""
        assert process.wait(60) == 0


@pytest.mark.slow
def test_many_processes_create_the_same_file(tmp_path: Path) -> None:
    open_at_once(tmp_path / "study.db")
    assert {path.name for path in tmp_path.iterdir()} <= {"study.db", "study.db-wal", "study.db-shm"}


def test_many_processes_create_the_same_tables(postgres: Cluster) -> None:
    open_at_once(postgres.url("fresh"))
    storage = open_database(postgres.url("fresh"))
    storage.close()


@pytest.mark.parametrize("name", ["{SCHEMA_VERSION}.db", "a?b=c.db", "100%.db", "ü ö.db"])
def test_any_path_will_do(tmp_path: Path, name: str) -> None:
    open_database(tmp_path / name).close()
    assert (tmp_path / name).exists()


def test_address_of_a_file_may_be_a_url(tmp_path: Path) -> None:
    open_database(f"sqlite:///{tmp_path}/a.db").close()
    open_database(str(tmp_path / "a.db"), create=False).close()
    assert (
        presentable(f"sqlite:///{tmp_path}/a.db") == presentable(tmp_path / "a.db") == str(tmp_path / "a.db")
    )


def test_file_that_is_not_there_is_not_made_by_who_only_looks(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"none\.db: no such file"):
        open_database(tmp_path / "none.db", create=False)
    assert list(tmp_path.iterdir()) == []


def test_file_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"no/study\.db: cannot be created: unable to open database file"):
        open_database(tmp_path / "no" / "study.db")


def test_file_that_is_no_database_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    path.write_text("this is a text" * 100)
    with pytest.raises(StudyError, match=r"study\.db: cannot be used as a study database: .*not a database"):
        open_database(path)


def test_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    sql(path, "CREATE TABLE mine (x)")
    with pytest.raises(StudyError, match="holds no study of this version of archscape; keep it, and begin"):
        open_database(path)
    assert sql(path, "SELECT name FROM sqlite_master") == [("mine",)]


def test_database_of_another_optuna_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    open_database(path).close()
    sql(path, "UPDATE version_info SET schema_version = 999")
    with pytest.raises(StudyError, match="was made by another version of Optuna; keep it"):
        open_database(path)


# Addresses.


@pytest.mark.parametrize(
    "address",
    [
        "mysql://a@b/c",
        "postgresql://host",
        "redis://x/0",
        "://",
        "http://a.b/c",
        "postgresql://me@host:port/db",
    ],
)
def test_address_of_an_unknown_form_says_which_there_are(address: str) -> None:
    with pytest.raises(JobError) as caught:
        open_database(address)
    assert address in str(caught.value)
    assert FORMS in str(caught.value)


def test_password_is_never_shown(postgres: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OPEN_SECONDS", 0.1)
    assert presentable("postgresql://me:secret@host:1/db") == "postgresql://me@host:1/db"
    for address in (
        "postgresql://me:secret@127.0.0.1:1/db",
        "mysql://me:secret@host/db",
        "postgresql://me:secret@host:port/db",
        "postgresql://me:secret@host",
    ):
        with pytest.raises((JobError, StudyError)) as caught:
            open_database(address)
        assert "secret" not in str(caught.value)
        assert "host" in str(caught.value) or "127.0.0.1" in str(caught.value)


def test_server_that_is_away_is_told_soon(postgres: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OPEN_SECONDS", 0.1)
    port = postgres.port
    with pytest.raises(StudyError, match="Connection refused"):
        open_database(f"postgresql://archscape@127.0.0.1:{1 if port != 1 else 2}/x")


def test_database_that_the_server_does_not_have_is_told_at_once(postgres: Cluster) -> None:
    address = postgres.url("studies").replace("/studies", "/nowhere")
    with pytest.raises(StudyError, match='database "nowhere" does not exist'):
        open_database(address)


def test_password_with_special_characters_reaches_the_server(postgres: Cluster) -> None:
    """Its server trusts everybody, so a role with such a password can only be seen to be asked for."""
    address = postgres.url("studies").replace("archscape@", "archscape:p%40ss%2Fw%3Ard@")
    open_database(address).close()
    assert psycopg.conninfo.conninfo_to_dict(address)["password"] == "p@ss/w:rd"


# Network file systems.


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/runs", "ext4"),
        ("/home/a/runs/x", "nfs4"),
        ("/homes/a", "ext4"),
        ("/home/a/local/runs", "tmpfs"),
        ("/mnt/our work/runs", "cifs"),
    ],
)
def test_file_system_is_that_of_the_longest_mount(path: str, kind: str) -> None:
    assert file_system(Path(path), MOUNTS.strip()) == kind


def test_file_system_mounted_over_another_counts() -> None:
    assert file_system(Path("/a/b"), "x / ext4 rw\ny /a ext4 rw\nz /a nfs rw\n") == "nfs"
    assert file_system(Path("/a"), "") == ""


@pytest.mark.parametrize("kind", NETWORK_SYSTEMS)
def test_study_on_a_network_file_system_is_refused(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "file_system", lambda path, mounts: kind)
    with pytest.raises(StudyError) as caught:
        open_database(tmp_path / "study.db")
    for words in (str(tmp_path), f"network file system ({kind})", "--out", "--storage postgresql://"):
        assert words in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_worked_examples_hold() -> None:
    assert doctest.testmod(module) == (0, 1)
