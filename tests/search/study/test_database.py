"""The storage: steps that are whole or absent, tried again while the database is away, in line per study."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from helpers.postgres import Cluster
from helpers.processes import popen
from sqlalchemy import Connection, exc

from archscape.search.study import database as module
from archscape.search.study.database import Database
from archscape.search.study.engines import open_database
from archscape.spaces.errors import StudyError

notes = sqlalchemy.Table(
    "notes", sqlalchemy.MetaData(), sqlalchemy.Column("word", sqlalchemy.String, primary_key=True)
)


def prepared(storage: Database) -> Database:
    def make(connection: Connection) -> None:
        notes.drop(connection, checkfirst=True)
        notes.create(connection)

    storage.write(make)
    return storage


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    server = request.param == "postgresql"
    address = request.getfixturevalue("postgres").url("storage") if server else tmp_path / "study.db"
    storage = prepared(open_database(address))
    yield storage
    storage.close()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A storage that does not wait in SQLite's own queue."""
    monkeypatch.setattr(module, "LOCK_SECONDS", 0.01)
    storage = prepared(open_database(tmp_path / "study.db"))
    yield storage
    storage.close()


def write(connection: Connection, word: str = "hello") -> None:
    connection.execute(notes.insert().values(word=word))


def words(storage: Database) -> list[str]:
    query = sqlalchemy.select(notes.c.word).order_by(notes.c.word)
    return storage.read(lambda connection: list(connection.execute(query).scalars()))


def test_step_that_fails_leaves_no_trace(storage: Database) -> None:
    def fail_half_way(connection: Connection) -> None:
        write(connection)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        storage.write(fail_half_way)
    assert words(storage) == []


def test_broken_uniqueness_undoes_the_whole_step(storage: Database) -> None:
    def twice(connection: Connection) -> None:
        write(connection)
        write(connection)

    with pytest.raises(exc.IntegrityError):
        storage.write(twice)
    assert words(storage) == []


def test_writers_of_a_study_stand_in_line(storage: Database) -> None:
    """A writer that has read may write by what it read: nobody writes in between."""

    def next_word(connection: Connection) -> None:
        known = connection.execute(sqlalchemy.select(sqlalchemy.func.count()).select_from(notes)).scalar()
        write(connection, f"{known:03d}")

    def work() -> None:
        for _ in range(10):
            storage.write(next_word, line=1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert words(storage) == [f"{n:03d}" for n in range(40)]


def test_reader_waits_for_no_writer(storage: Database) -> None:
    def look_meanwhile(connection: Connection) -> list[str]:
        write(connection)
        return words(storage)

    assert storage.write(look_meanwhile, line=1) == []
    assert words(storage) == ["hello"]


def test_file_is_in_the_hardened_mode(file: Database) -> None:
    with file.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


def test_step_waits_for_a_file_that_another_process_has_locked(file: Database, tmp_path: Path) -> None:
    """The pauses grow, and end soon after the lock does."""
    command = [sys.executable, "-c", LOCK, str(tmp_path / "study.db")]
    other = popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout is not None
    assert other.stdout.readline() == b"locked\n"
    pauses: list[float] = []

    def wait(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 5:
            other.communicate()

    file.wait = wait
    file.write(write)
    assert words(file) == ["hello"]
    assert len(pauses) == 5
    assert all(0.5 <= pause / (0.05 * 2**n) <= 1.5 for n, pause in enumerate(pauses))


def test_pauses_end_at_ten_seconds(file: Database, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "study.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    pauses: list[float] = []

    def wait(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 20:
            other.close()

    file.wait = wait
    file.write(write)
    assert 5.0 <= min(pauses[10:]) <= max(pauses) <= 15.0


def test_file_locked_for_longer_than_the_patience_is_one_clear_error(file: Database, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "study.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(
        StudyError, match=r"study\.db: cannot be used as a study database: database is locked$"
    ):
        file.write(write, patience=0.1)
    other.close()
    file.write(write)


def test_says_since_when_the_database_is_back(file: Database, tmp_path: Path) -> None:
    assert file.back_since == float("-inf")
    other = sqlite3.connect(tmp_path / "study.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StudyError):
        file.write(write, patience=0)
    other.close()
    assert file.back_since == float("-inf")
    file.write(write)
    assert file.back_since > float("-inf")


def test_what_does_not_pass_by_itself_is_told_at_once(storage: Database) -> None:
    def wrong(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT * FROM nothing_of_this_name")

    def wait(seconds: float) -> None:
        raise AssertionError("it was tried again")

    storage.wait = wait
    with pytest.raises(StudyError, match="nothing_of_this_name"):
        storage.write(wrong)


def test_step_outlives_a_crash_of_the_server_in_its_middle(postgres: Cluster) -> None:
    storage = prepared(open_database(postgres.url("storage")))
    tries = []

    def step(connection: Connection) -> str:
        tries.append(1)
        write(connection)
        if len(tries) == 1:
            postgres.restart("immediate")
        connection.exec_driver_sql("SELECT 1")
        return "answer"

    assert storage.write(step, line=1) == "answer"
    assert words(storage) == ["hello"]
    assert len(tries) == 2
    storage.close()


def test_step_waits_for_a_server_that_is_stopped(postgres: Cluster) -> None:
    storage = prepared(open_database(postgres.url("storage")))
    postgres.stop()
    pauses: list[float] = []

    def wait(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 4:
            postgres.start()

    storage.wait = wait
    storage.write(write, line=1)
    assert words(storage) == ["hello"]
    assert len(pauses) == 4
    storage.close()


def test_step_waits_for_a_standby_to_be_promoted(postgres: Cluster) -> None:
    """A server that takes over from another refuses writes until then."""
    storage = prepared(open_database(postgres.url("storage")))

    def set_read_only(value: str) -> None:
        with storage.engine.begin() as connection:
            connection.execute(sqlalchemy.text(f"SET SESSION default_transaction_read_only = {value}"))

    storage.wait = lambda seconds: set_read_only("off")
    set_read_only("on")
    storage.write(write)
    assert words(storage) == ["hello"]
    storage.close()


FROZEN = """
import os, signal, sys
from archscape.search.study.engines import open_database
def step(connection):
    print("in line", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
open_database(sys.argv[1]).write(step, line=1)
"""


@pytest.mark.slow
def test_process_that_froze_in_a_step_cannot_keep_the_others_waiting(postgres: Cluster) -> None:
    """The server ends its transaction after ten seconds of silence."""
    url = postgres.url("storage")
    storage = prepared(open_database(url))
    frozen = popen([sys.executable, "-c", FROZEN, url], stdout=subprocess.PIPE)
    assert frozen.stdout is not None
    assert frozen.stdout.readline() == b"in line\n"
    storage.write(write, line=1, patience=30)
    assert words(storage) == ["hello"]
    frozen.kill()
    frozen.communicate()
    storage.close()


def test_full_disk_is_waited_for(tmp_path: Path) -> None:
    """SQLite says `database or disk is full` when a file may not grow."""
    storage = prepared(open_database(tmp_path / "study.db"))
    pages = storage.read(lambda connection: connection.exec_driver_sql("PRAGMA page_count").scalar())
    with storage.engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
    raw.execute(f"PRAGMA max_page_count = {pages}")
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        raw.execute("PRAGMA max_page_count = 1000000")

    storage.wait = wait
    storage.write(lambda connection: write(connection, "x" * 100_000))
    assert len(waited) == 1
    assert len(words(storage)) == 1
    storage.close()


def test_password_is_in_no_message(postgres: Cluster) -> None:
    url = postgres.url("storage").replace("archscape@", "archscape:secret@")
    storage = open_database(url)
    assert "archscape@" in storage.label
    postgres.stop()
    try:
        with pytest.raises(StudyError) as caught:
            storage.read(write, patience=0)
    finally:
        postgres.start()
        storage.close()
    assert "secret" not in str(caught.value)
    assert os.linesep not in str(caught.value)
