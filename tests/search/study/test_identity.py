"""A study is itself: whatever deletes, copies or replaces studies, none gets the trials of another."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
import pytest
import sqlalchemy
from optuna.storages import RDBStorage

from archscape.search.study import database_file, identity
from archscape.search.study.owner import Owner
from archscape.search.study.schema import tables, trials
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.study.summary import study_summaries
from archscape.search.workers.trial_source import SearchPlan
from archscape.spaces.errors import StudyError, StudyGone

FACTS: dict[str, Any] = {"objectives": {"accuracy": "maximize", "macs": "minimize"}, "seed": 0}
Finished = Callable[..., Result]


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A storage of several studies, as archscape is given it."""
    if request.param == "sqlite":
        return str(tmp_path / "shared.db")
    return str(request.getfixturevalue("postgres").url("identity"))


@contextmanager
def optunas(storage: str) -> Iterator[RDBStorage]:
    """The same storage as Optuna has it."""
    url = (
        storage.replace("postgresql://", "postgresql+psycopg://")
        if "://" in storage
        else f"sqlite:///{storage}"
    )
    theirs = RDBStorage(url)
    try:
        yield theirs
    finally:
        theirs.remove_session()
        theirs.engine.dispose()


def delete(storage: str, name: str) -> None:
    with optunas(storage) as theirs:
        optuna.delete_study(study_name=name, storage=theirs)


def begin(storage: str, folder: Path, name: str) -> Study:
    return Study.open(folder, name=name, storage=storage, facts=FACTS)


def fill(study: Study, plan: SearchPlan, finished: Finished, *, trials: int) -> None:
    while lease := study.ask_unique(plan.propose, Owner.current(), trials=trials):
        study.tell(finished(lease))


def rows(study: Study) -> int:
    """How many rows have the key of a study in archscape's tables."""
    selects = [table.select().where(table.c.study_id == study.key) for table in tables.sorted_tables]
    return study.database.read(lambda c: sum(len(c.execute(select).all()) for select in selects))


def test_next_study_has_no_trial_of_one_that_optuna_deleted(
    shared: str, tmp_path: Path, plan: SearchPlan, finished: Finished
) -> None:
    with begin(shared, tmp_path / "a", "dead") as study:
        fill(study, plan, finished, trials=2)
    delete(shared, "dead")
    with begin(shared, tmp_path / "b", "next") as study:
        assert (study.counts(), study.epochs(), rows(study)) == ({}, [], 0)
        fill(study, plan, finished, trials=1)
        assert [trial.number for trial in study.trials()] == [0]


def test_whoever_works_on_a_deleted_study_writes_nothing_to_the_one_in_its_place(
    shared: str, tmp_path: Path, plan: SearchPlan, finished: Finished
) -> None:
    """Of another name or the same one, even where it has the key of the dead one."""
    dead = begin(shared, tmp_path / "a", "name")
    lease = dead.ask_unique(plan.propose, Owner.current(), trials=2)
    assert lease is not None
    delete(shared, "name")
    with begin(shared, tmp_path / "b", "name") as study:
        fill(study, plan, finished, trials=1)
        for step in (
            lambda: dead.tell(finished(lease, accuracy=1.0)),
            lambda: dead.beat(lease),
            lambda: dead.report(lease, {1: {"accuracy": 1.0}}),
            lambda: dead.ask_unique(plan.propose, Owner.current(), trials=9),
            lambda: dead.next_work(Owner.current(), trials=9),
            lambda: dead.changes(since=-1),
            lambda: dead.pin("device", "cpu"),
            dead.stop,
            dead.delete,
        ):
            with pytest.raises(StudyGone, match="'name' is gone: it was deleted"):
                step()
        assert [trial.metrics["accuracy"] for trial in study.trials()] == [0.5]
    dead.close()


def test_study_that_gets_its_first_trial_while_it_is_looked_for_is_no_copy(
    shared: str, tmp_path: Path, plan: SearchPlan
) -> None:
    """PostgreSQL shows each statement what was written before it, so the trial comes between two."""
    with begin(shared, tmp_path / "a", "young") as study, begin(shared, tmp_path / "b", "other") as other:

        def add_trial(_: object, __: object, statement: str, *___: object) -> None:
            if "trials" in statement and not study.trials():
                assert study.ask_unique(plan.propose, Owner.current(), trials=1)

        sqlalchemy.event.listen(other.database.engine, "after_cursor_execute", add_trial)
        assert "young" in other.database.read(identity.find_studies)
        assert len(study.trials()) == 1


def test_copy_made_by_optuna_is_no_study_of_archscape(
    shared: str, tmp_path: Path, plan: SearchPlan, finished: Finished
) -> None:
    """Optuna copies the attributes, so the copy looks like a study without a trial."""
    with begin(shared, tmp_path / "a", "original") as study:
        fill(study, plan, finished, trials=2)
    with optunas(shared) as theirs:
        optuna.copy_study(
            from_study_name="original", from_storage=theirs, to_storage=theirs, to_study_name="copy"
        )
        optuna.create_study(study_name="foreign", storage=theirs)
    for name in ("copy", "foreign"):
        with pytest.raises(StudyError, match=f"study '{name}' of this storage was made by Optuna"):
            begin(shared, tmp_path / "b", name)
    names = {summary.name for summary in study_summaries(shared)}
    assert ("original" in names, names & {"copy", "foreign"}) == (True, set())


def test_trials_that_optuna_has_lost_still_end(
    shared: str, tmp_path: Path, plan: SearchPlan, finished: Finished
) -> None:
    with begin(shared, tmp_path / "a", tmp_path.name) as study:
        lease = study.ask_unique(plan.propose, Owner.current(), trials=2)
        assert lease is not None
        (trial,) = study.trials()
        for table in ("trial_params", "trial_user_attributes", "trials"):
            statement = f"DELETE FROM {table} WHERE trial_id = {trial.trial_id}"
            study.database.write(lambda c, statement=statement: c.exec_driver_sql(statement))
        assert study.tell(finished(lease))
        assert study.counts() == {"complete": 1}


@pytest.mark.parametrize("lost", [0, 2])
def test_study_that_lost_rows_of_ours_goes_on(
    shared: str, tmp_path: Path, plan: SearchPlan, finished: Finished, lost: int
) -> None:
    with begin(shared, tmp_path / "a", tmp_path.name) as study:
        fill(study, plan, finished, trials=3)
        study.database.write(lambda c: c.execute(trials.delete().where(trials.c.number == lost)))
        fill(study, plan, finished, trials=4)
        assert [trial.number for trial in study.trials()][-1] == 3


def test_study_whose_file_is_away_for_a_moment_goes_on(
    tmp_path: Path, plan: SearchPlan, finished: Finished
) -> None:
    with begin("", tmp_path, "a") as study:
        file = tmp_path / "study.db"
        file.rename(tmp_path / "aside")
        waits: list[float] = []

        def wait(seconds: float) -> None:
            waits.append(seconds)
            (tmp_path / "aside").rename(file)

        study.database.wait = wait
        fill(study, plan, finished, trials=1)
        assert len(waits) == 1
        assert study.counts() == {"complete": 1}


@pytest.mark.parametrize("fault", ["deleted", "replaced", "emptied", "malformed"])
def test_study_whose_file_is_gone_is_told_with_what_is_left(
    tmp_path: Path, plan: SearchPlan, finished: Finished, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_file, "GONE_SECONDS", 0.0)
    with begin("", tmp_path, "a") as study:
        fill(study, plan, finished, trials=1)
        lease = study.ask_unique(plan.propose, Owner.current(), trials=2)
        assert lease is not None
        study.spool(finished(lease))
        file = tmp_path / "study.db"
        if fault == "deleted":
            file.unlink()
        elif fault == "replaced":
            shutil.copy(file, tmp_path / "other")
            (tmp_path / "other").replace(file)
        elif fault == "emptied":
            file.write_bytes(b"")
        else:
            study.close()
            file.write_bytes(b"\0" * file.stat().st_size)
        with pytest.raises(StudyGone, match=f"study 'a' is gone: .*{tmp_path}") as caught:
            study.tell(finished(lease))
        assert "with 1 result in spool/" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert study.gone is caught.value
        if fault == "deleted":
            assert not file.exists()
