"""What one poll reads of a study."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import sqlalchemy
from helpers.dashboard import submit

from archscape.search.study.owner import Owner
from archscape.search.study.study import Study
from archscape.search.workers.trial_source import SearchPlan


def work_of(study: Study, since: int) -> int:
    """Return how many steps SQLite takes for a poll."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    def listen(connection: sqlite3.Connection, *rest: object) -> None:
        connection.set_progress_handler(count, 1)

    sqlalchemy.event.listen(study.database.engine, "checkout", listen)
    try:
        study.changes(since=since)
    finally:
        sqlalchemy.event.remove(study.database.engine, "checkout", listen)
    return taken


def test_a_poll_takes_as_long_after_many_trials_as_after_few(
    study: Study, plan: SearchPlan, finished: Callable[..., Any]
) -> None:
    work = []
    for ended in (10, 100):
        while study.counts().get("complete", 0) < ended:
            study.tell(finished(submit(study, plan)))
        seen = study.trials()[-1].changed
        work.append(work_of(study, seen))
    assert work_of(study, -1) > 3 * work[1]  # the measure does grow for one who reads everything
    assert work[1] <= 1.2 * work[0]


def test_a_poll_brings_the_latest_epoch_of_each_running_trial(study: Study, plan: SearchPlan) -> None:
    first, second = submit(study, plan), submit(study, plan)
    study.report(first, {1: {"loss": 2.0}, 2: {"loss": 1.0}})
    changes = study.changes(since=0)
    assert [(trial.number, trial.epoch, trial.metrics) for trial in changes.running] == [
        (0, 2, {"loss": 1.0}),
        (1, 0, {}),
    ]
    assert [row.number for row in changes.changed] == [second.number]
    assert changes.changed[0].values == dict(second.costs)
    (row,) = study.changes(since=-1).changed[:1]
    assert (row.number, row.worker) == (0, Owner.current().text)
