"""The rows of a study: every change in its order, and steps whose work does not grow with the study."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from archscape.search.pruners import Pruner
from archscape.search.pruners.halving import Halving
from archscape.search.study.lease import Lease
from archscape.search.study.owner import Owner
from archscape.search.study.schema import epochs, rung_results, trials
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.workers.trial_source import SearchPlan

FACTS: dict[str, Any] = {"objectives": {"accuracy": "maximize", "macs": "minimize"}, "seed": 0}
PRUNER: Pruner = Halving().pruner(FACTS["objectives"], 9)


def fill(study: Study, lease: Lease, size: int) -> None:
    """Add so many trials that are like one: a third of them complete, the others paused at the first rung."""

    def step(connection: Connection) -> None:
        [row] = connection.execute(trials.select()).mappings()
        nobody = {"machine": None, "pid": None, "born": None, "beat": None}
        metrics = json.dumps({"accuracy": 0.5, **lease.costs})
        rows: list[dict[str, Any]] = []
        for number in range(1, size):
            state = "paused" if number % 3 else "complete"
            facts = {"number": number, "hash": f"{number:016x}", "state": state, "changed": number}
            rows.append({**row, **nobody, **facts, "rung": 1, "metrics": metrics})
        connection.execute(trials.insert(), rows)
        key = {"study_id": row["study_id"]}
        connection.execute(
            epochs.insert(), [{**key, "number": n, "epoch": 1, "metrics": "{}"} for n in range(1, size)]
        )
        connection.execute(
            rung_results.insert(),
            [
                {**key, "rung": 1, "number": n, "place": n, "passed": n % 3 == 0}
                | {"objectives": json.dumps([1 / n, 1000.0])}
                for n in range(1, size)
            ],
        )

    study.database.write(step)


@dataclass
class Work:
    """What the database did: statements, and instructions of its machine."""

    statements: int = 0
    instructions: int = 0


@contextmanager
def counted(study: Study) -> Iterator[Work]:
    work = Work()

    def count_statement(*arguments: object) -> None:
        work.statements += 1

    def count_instructions() -> int:
        work.instructions += 1
        return 0

    with study.database.engine.connect() as connection:
        raw: Any = connection.connection.dbapi_connection
    raw.set_progress_handler(count_instructions, 1)
    event.listen(study.database.engine, "before_cursor_execute", count_statement)
    yield work
    raw.set_progress_handler(None, 0)
    event.remove(study.database.engine, "before_cursor_execute", count_statement)


def work_of_a_trial(
    folder: Path,
    plan: SearchPlan,
    owner: Owner,
    finished: Callable[..., Result],
    *,
    size: int,
    pruner: Pruner | None,
) -> Work:
    """Return what the life of one trial costs in a study of so many, from the look for work to its end."""
    folder.mkdir()
    with Study.open(folder, name="large", facts=FACTS) as study:
        first = study.ask_unique(plan.propose, owner, trials=size + 9)
        assert first is not None
        fill(study, first, size)
        study.tell(finished(first))
        study.history()
        with counted(study) as work:
            study.next_work(owner, trials=size + 9)
            lease = study.ask_unique(plan.propose, owner, trials=size + 9)
            assert lease is not None
            study.beat(lease)
            study.report(lease, {1: {"accuracy": 0.9}}, pruner=pruner)
            study.history()
            study.tell(finished(lease))
            study.history()
            if pruner:
                study.next_work(owner, trials=size + 9, pruner=pruner)
    return work


@pytest.mark.slow
@pytest.mark.parametrize(("sizes", "pruner"), [((100, 10_000), None), ((2_000, 10_000), PRUNER)])
def test_a_trial_costs_the_same_in_a_study_of_any_size(
    tmp_path: Path,
    plan: SearchPlan,
    owner: Owner,
    finished: Callable[..., Result],
    sizes: tuple[int, int],
    pruner: Pruner | None,
) -> None:
    """Of many trials at a rung, a pruner sees the latest thousand."""
    small, large = (
        work_of_a_trial(tmp_path / str(size), plan, owner, finished, size=size, pruner=pruner)
        for size in sizes
    )
    assert large.statements == small.statements
    assert large.instructions <= 1.05 * small.instructions


def test_changes_are_numbered_in_the_order_in_which_they_happened(
    study: Study, plan: SearchPlan, owner: Owner, finished: Callable[..., Result]
) -> None:
    leases = [study.ask_unique(plan.propose, owner, trials=3) for _ in range(3)]
    first, second, three = (lease for lease in leases if lease)
    study.release(second)
    study.tell(finished(three))
    study.report(first, {1: {"accuracy": 0.5}})  # no change of state
    study.tell(finished(first, status="failed"))
    changes = sorted((trial.changed, trial.number) for trial in study.trials())
    assert changes == [(3, 1), (4, 2), (5, 0)]


def test_text_that_no_database_takes_is_escaped(
    study: Study, plan: SearchPlan, owner: Owner, finished: Callable[..., Result]
) -> None:
    """What a network's code raises may hold anything."""
    lease = study.ask_unique(plan.propose, owner, trials=1)
    assert lease is not None
    assert study.tell(finished(lease, status="failed", cause="error", message="\ud800 and \0", metrics={}))
    assert study.trials()[0].message == "\\ud800 and \\0"


def test_latest_is_when_a_trial_came_or_ended_last(
    study: Study, plan: SearchPlan, owner: Owner, finished: Callable[..., Result]
) -> None:
    trial_rows = study._read
    assert trial_rows(lambda rows: rows.latest()) == ""
    lease = study.ask_unique(plan.propose, owner, trials=1)
    assert lease is not None
    started = trial_rows(lambda rows: rows.latest())
    study.tell(finished(lease))
    [trial] = study.trials()
    assert (started, trial_rows(lambda rows: rows.latest())) == (trial.started, trial.finished)
