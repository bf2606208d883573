"""The storage: transactions over Optuna's tables and ours, a file that is whole or absent, clear errors."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial

from archscape.search import storage as module
from archscape.search.storage import Storage, open_storage
from archscape.spaces.errors import StudyError

tables = sqlalchemy.MetaData()
notes = sqlalchemy.Table("notes", tables, sqlalchemy.Column("word", sqlalchemy.String, primary_key=True))

OPEN = """
import sys, sqlalchemy
from pathlib import Path
from archscape.search.storage import open_storage
sys.stdin.read()
open_storage(Path(sys.argv[1]), tables=sqlalchemy.MetaData()).get_all_studies()
"""


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return open_storage(tmp_path / "study.db", tables=tables)


def words(storage: Storage) -> list[str]:
    with storage.transaction() as connection:
        return list(connection.execute(sqlalchemy.select(notes.c.word)).scalars())


def test_transaction_joins_the_operations_of_both(storage: Storage) -> None:
    with storage.transaction() as connection:
        study = storage.create_new_study([StudyDirection.MAXIMIZE], "a")
        storage.create_new_trial(study, create_trial(state=TrialState.WAITING))
        connection.execute(notes.insert().values(word="hello"))
    assert words(storage) == ["hello"]
    assert len(storage.get_all_trials(study)) == 1


def test_transaction_that_fails_leaves_no_trace(storage: Storage) -> None:
    study = storage.create_new_study([StudyDirection.MAXIMIZE], "a")

    def fail_half_way() -> None:
        with storage.transaction() as connection:
            key = storage.create_new_trial(study, create_trial(state=TrialState.WAITING))
            storage.set_trial_state_values(key, TrialState.RUNNING)
            connection.execute(notes.insert().values(word="hello"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert words(storage) == []
    assert storage.get_all_trials(study) == []


def test_broken_uniqueness_undoes_what_optuna_wrote(storage: Storage) -> None:
    study = storage.create_new_study([StudyDirection.MAXIMIZE], "a")
    for _ in range(2):
        try:
            with storage.transaction() as connection:
                storage.create_new_trial(study, create_trial(state=TrialState.WAITING))
                connection.execute(notes.insert().values(word="hello"))
        except sqlalchemy.exc.IntegrityError:
            pass
    assert len(storage.get_all_trials(study)) == 1


def test_file_is_in_the_hardened_mode(storage: Storage) -> None:
    with storage.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_many_processes_create_the_same_file(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN, str(tmp_path / "study.db")]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    for process in processes:
        assert process.stderr is not None
        with process.stderr as errors:
            assert errors.read() == b""
        assert process.wait(60) == 0
    assert {path.name for path in tmp_path.iterdir()} <= {"study.db", "study.db-wal", "study.db-shm"}


@pytest.mark.parametrize("name", ["{SCHEMA_VERSION}.db", "a?b=c.db", "100%.db", "ü ö.db"])
def test_any_path_will_do(tmp_path: Path, name: str) -> None:
    open_storage(tmp_path / name, tables=tables).engine.dispose()
    assert (tmp_path / name).exists()


def test_file_that_is_no_database_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    path.write_text("this is a text" * 100)
    with pytest.raises(StudyError, match=r"study\.db: cannot be used as a study database: .*not a database"):
        open_storage(path, tables=tables)


def test_file_locked_too_long_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.01)
    storage = open_storage(tmp_path / "study.db", tables=tables)
    other = sqlite3.connect(tmp_path / "study.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StudyError, match="locked by another process for more than"), storage.transaction():
        pass
    other.close()
    with storage.transaction():
        pass
