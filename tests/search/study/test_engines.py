"""Finding and making databases: whole or absent, never on a network, never with a password in a message."""

from __future__ import annotations

import doctest
import logging
import os
import resource
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from helpers.postgres import Cluster
from helpers.processes import popen

from archscape.search.file_faults import FileFault
from archscape.search.study import engines as module
from archscape.search.study.claim import Claim
from archscape.search.study.engines import NETWORK_SYSTEMS, file_system, open_database
from archscape.search.study.storage import FORMS, presentable
from archscape.search.study.study import Study
from archscape.spaces.errors import InputError, JobError, StorageError, StudyError

NOBODY = 65534

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
    running = [popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(processes)]
    for process in running:
        assert process.stdin is not None
        process.stdin.close()
    for process in running:
        assert process.stderr is not None
        with process.stderr as errors:
            assert errors.read() == b""
        assert process.wait() == 0


@pytest.mark.slow
def test_many_processes_create_the_same_file(tmp_path: Path) -> None:
    open_at_once(tmp_path / "study.db")
    assert {path.name for path in tmp_path.iterdir()} <= {"study.db", "study.db-wal", "study.db-shm"}


def test_file_under_way_of_another_machine_is_left_alone(tmp_path: Path) -> None:
    """Its process may have the number of this one."""
    other = tmp_path / f".a.db.{os.getpid()}.part"
    other.write_text("tables of another")
    open_database(tmp_path / "a.db").close()
    assert other.read_text() == "tables of another"
    assert sorted(os.listdir(tmp_path)) == [other.name, "a.db"]


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


NO_FILES = {
    "no/study.db": "cannot be created: its folder no is not there",
    "text/study.db": "cannot be created: its folder text is a file",
    "/proc/study.db": "cannot be created: unable to open database file",
    "folder": "is a folder; give the path of a file in it, as folder/study.db",
    "/dev/null": "is no file",
    "a" * 300: "File name too long",
}


@pytest.mark.parametrize("path", NO_FILES)
def test_path_that_can_be_no_file_is_one_clear_error(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("text").write_text("a text")
    with pytest.raises(StorageError) as caught:
        open_database(path)
    assert str(caught.value) == f"{path}: {NO_FILES[path]}"
    assert isinstance(caught.value, InputError)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "text"]


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """Let the file system of this process be full for a file of this size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_disk_that_is_full_at_any_point_of_the_creation_is_one_clear_error(tmp_path: Path) -> None:
    """Before Optuna's tables, within them, at its own version, and before archscape's."""
    open_database(tmp_path / "whole.db").close()
    size = (tmp_path / "whole.db").stat().st_size
    (tmp_path / "whole.db").unlink()
    for limit in range(0, size, 8 * 4096):
        with (
            no_file_larger_than(limit),
            pytest.raises(StorageError, match=r"study\.db: cannot be created: .*disk"),
        ):
            open_database(tmp_path / "study.db")
        assert list(tmp_path.iterdir()) == []
    open_database(tmp_path / "study.db").close()


@pytest.fixture
def folder_of_a_user() -> Iterator[Path]:
    """A folder with a study.db, in which this process is no super-user, who may read and write everything."""
    with TemporaryDirectory(dir="/tmp") as name:  # which the user may enter
        folder, user = Path(name), os.geteuid() or NOBODY
        open_database(folder / "study.db").close()  # with all that is loaded for it
        for path in (folder, *folder.iterdir()):
            os.chown(path, user, -1)
        os.seteuid(user)
        try:
            yield folder
        finally:
            os.seteuid(os.getuid())


@pytest.mark.parametrize(("name", "mode"), [("study.db", 0o000), ("study.db", 0o400), (".", 0o500)])
def test_file_that_may_not_be_used_is_one_clear_error(name: str, mode: int, folder_of_a_user: Path) -> None:
    (folder_of_a_user / name).chmod(mode)
    with pytest.raises(StorageError, match=r"study\.db: may not be (read|written) by this user"):
        open_database(folder_of_a_user / "study.db")
    folder_of_a_user.chmod(0o500)
    with pytest.raises(StorageError, match=r"other\.db: cannot be created: its folder .* may not be"):
        open_database(folder_of_a_user / "other.db")
    folder_of_a_user.chmod(0o700)


@pytest.mark.parametrize(("name", "mode"), [("study.db", 0o000), ("study.db", 0o400), (".", 0o500)])
def test_file_that_is_known_and_may_not_be_used_now_is_no_wrong_input(
    name: str, mode: int, folder_of_a_user: Path
) -> None:
    """Its file system is read-only for a while, under a worker that starts meanwhile."""
    file = folder_of_a_user / "study.db"
    (folder_of_a_user / name).chmod(mode)
    with pytest.raises(FileFault, match=r"may not be (read|written) by this user"):
        open_database(file, create=False, known=True)
    folder_of_a_user.chmod(0o700)
    file.rename(folder_of_a_user / "away.db")
    with pytest.raises(FileFault, match="no such file"):
        open_database(file, create=False, known=True)


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
    with pytest.raises(StorageError, match="Connection refused"):
        open_database(f"postgresql://archscape@127.0.0.1:{1 if port != 1 else 2}/x")


def test_server_that_a_folder_knows_is_away_and_not_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """So that a worker which a scheduler starts again during a restart of the server is not given up."""
    monkeypatch.setattr(module, "OPEN_SECONDS", 0.1)
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.1)
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        storage = f"postgresql://me@127.0.0.1:{unheard.getsockname()[1]}/db"
        Claim(storage=storage, study="a").keep(tmp_path)
        with pytest.raises(StorageError, match="Connection refused"):
            Study.open(tmp_path, storage=storage)
        for given in (storage, ""):
            with pytest.raises(StudyError, match="Connection refused") as caught:
                Study.open(tmp_path, storage=given, patient=True)
            assert not isinstance(caught.value, InputError)
    assert len(caplog.records) == 2
    with pytest.raises(StorageError):
        Study.open(tmp_path / "new", storage=storage, patient=True)


def test_database_that_the_server_does_not_have_is_told_at_once(postgres: Cluster) -> None:
    address = postgres.url("studies").replace("/studies", "/nowhere")
    with pytest.raises(StudyError, match='database "nowhere" does not exist'):
        open_database(address)


def role(postgres: Cluster, name: str, settings: str) -> str:
    """Give a role of the server settings; return the address of its own database."""
    with psycopg.connect(postgres.url(name), autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone() is None:
            connection.execute(f"CREATE ROLE {name}")
        connection.execute(f"ALTER ROLE {name} {settings}")
        connection.execute(f"ALTER DATABASE {name} OWNER TO {name}")
    return postgres.url(name).replace("archscape@", f"{name}:Zebra@")


def test_server_that_is_busy_is_waited_for_and_that_is_said_once(postgres: Cluster) -> None:
    address = role(postgres, "crowded", "LOGIN CONNECTION LIMIT 0")
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())
            role(postgres, "crowded", "CONNECTION LIMIT -1")

    logger, listener = logging.getLogger("archscape"), Listener()
    logger.addHandler(listener)
    try:
        open_database(address).close()
    finally:
        logger.removeHandler(listener)
    [line] = said
    assert 'too many connections for role "crowded"; trying again for 15 minutes' in line
    assert "Zebra" not in line


def test_server_that_has_one_connection_less_than_tables_need_is_waited_for(
    postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Optuna makes its tables through a connection of its own, and hides what the server says of it."""
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.1)
    with pytest.raises(StudyError, match='too many connections for role "single"') as caught:
        open_database(role(postgres, "single", "LOGIN CONNECTION LIMIT 1"))
    assert not isinstance(caught.value, InputError)  # the same command may do later


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nologin:Zebra@", 'role "nologin" is not permitted to log in'),
        ("nobody:Zebra@", 'role "nobody" does not exist'),
        ("nologin@host.invalid/nologin?password=Zebra#", "Name or service not known"),
    ],
)
def test_address_that_will_not_do_is_told_at_once(
    given: str, said: str, postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OPEN_SECONDS", 0.1)
    role(postgres, "nologin", "NOLOGIN")
    address = postgres.url("nologin").replace("archscape@", given)
    with pytest.raises(StorageError) as caught:
        open_database(address)
    assert said in str(caught.value)
    assert "Zebra" not in str(caught.value)


def test_options_of_an_address_reach_the_server_beside_our_own(postgres: Cluster) -> None:
    database = open_database(f"{postgres.url('studies')}?options=-cstatement_timeout%3D12345")
    shown = [
        database.read(lambda connection, name=name: connection.exec_driver_sql(f"SHOW {name}").scalar())
        for name in ("statement_timeout", "lock_timeout")
    ]
    database.close()
    assert shown == ["12345ms", "1min"]


def test_description_of_an_engine_holds_no_password(postgres: Cluster) -> None:
    database = open_database(postgres.url("studies").replace("archscape@", "archscape:Zebra@"))
    database.close()
    assert "Zebra" not in f"{vars(database)} {database.engine.url!r} {database.engine.url.password}"


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
