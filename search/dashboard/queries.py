"""What the page needs of a study: queries whose rows are what changed since the last poll.

However many trials have ended, a poll reads the trials that changed since the last one and the latest epoch
of each running one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, select

from ..study import optuna_rows
from ..study.owner import Owner
from ..study.schema import epochs, trials
from ..study.trial import Trial, trial_of
from ..study.trial_rows import TrialRows

BATCH = 5000
"""How many changes one poll reads at most; a large study comes in several."""

_OWNER = (trials.c.machine, trials.c.pid, trials.c.born)
_COLUMNS = (
    *(trials.c.number, trials.c.changed, trials.c.state, trials.c.rung, trials.c.cause, trials.c.worker),
    *(trials.c.costs, trials.c.metrics),
    *(*_OWNER, trials.c.started, trials.c.finished),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangedTrial:
    """A trial as the page lists it.

    Attributes:
        number: Number of the trial.
        changed: Place of its latest change of state in the order of all changes.
        state: Its state.
        rung: Epoch at which it was stopped early.
        cause: Why it failed or was stopped, in one word; or empty.
        worker: The process that ended it or holds its lease.
        values: Its costs and what training gave, by name.
        started: When it was submitted, ISO 8601.
        finished: When it ended, or empty.
    """

    number: int
    changed: int
    state: str
    rung: int | None
    cause: str
    worker: str
    values: Mapping[str, float]
    started: str
    finished: str


@dataclass(frozen=True, kw_only=True)
class RunningTrial:
    """A trial that a process works on.

    Attributes:
        number: Number of the trial.
        worker: The process: host name and process number.
        started: When the trial was submitted, ISO 8601.
        epoch: The latest epoch that the study knows; 0 before the first.
        metrics: What that epoch gave.
    """

    number: int
    worker: str
    started: str
    epoch: int
    metrics: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class StudyChanges:
    """What one poll of a study reads.

    Attributes:
        changed: Trials that changed, in the order of changes; at most `BATCH`.
        running: Running trials, by number.
        trials: How many trials the study was asked to hold; 0 if it does not say.
        should_stop: Whether the workers were asked to stop.
        exists: Whether the study is there at all.
    """

    changed: tuple[ChangedTrial, ...]
    running: tuple[RunningTrial, ...]
    trials: int
    should_stop: bool
    exists: bool


def read_changes(connection: Connection, study_id: int, *, since: int) -> StudyChanges:
    """Return what changed in a study since a place in the order of changes."""
    facts = optuna_rows.study_facts(connection, study_id)
    settings = facts.get("settings")
    planned = settings.get("trials", 0) if isinstance(settings, dict) else 0
    return StudyChanges(
        changed=_changed(connection, study_id, since),
        running=_running(connection, study_id),
        trials=int(planned),
        should_stop="stop" in facts,
        exists=bool(facts),
    )


def read_trial(
    connection: Connection, study_id: int, number: int
) -> tuple[Trial, list[dict[str, float]]] | None:
    """Return a trial and its epochs; None if there is none of this number."""
    query = select(trials).where(trials.c.study_id == study_id, trials.c.number == number)
    record = connection.execute(query).one_or_none()
    if record is None:
        return None
    return trial_of(record), TrialRows(connection=connection, study_id=study_id).epochs(number)


def _changed(connection: Connection, study_id: int, since: int) -> tuple[ChangedTrial, ...]:
    query = select(*_COLUMNS).where(trials.c.study_id == study_id, trials.c.changed > since)
    rows = connection.execute(query.order_by(trials.c.changed).limit(BATCH))
    return tuple(
        ChangedTrial(
            **{name: getattr(row, name) for name in ("number", "changed", "state", "rung", "cause")},
            worker=row.worker or _holder(row),
            values={**json.loads(row.costs), **json.loads(row.metrics)},
            started=row.started,
            finished=row.finished,
        )
        for row in rows
    )


def _running(connection: Connection, study_id: int) -> tuple[RunningTrial, ...]:
    """Return the running trials, each with its latest epoch: one step down an index for each.

    They are sorted here, since SQLite would read all trials to find the running ones in order.
    """
    same_trial = (epochs.c.study_id == trials.c.study_id) & (epochs.c.number == trials.c.number)
    latest = [
        select(column)
        .where(same_trial)
        .order_by(epochs.c.epoch.desc())
        .limit(1)
        .scalar_subquery()
        .label(name)
        for column, name in ((epochs.c.epoch, "epoch"), (epochs.c.metrics, "latest"))
    ]
    query = select(trials.c.number, *_OWNER, trials.c.started, *latest)
    running = query.where(trials.c.study_id == study_id, trials.c.state == "running")
    return tuple(
        RunningTrial(
            number=row.number,
            worker=_holder(row),
            started=row.started,
            epoch=row.epoch or 0,
            metrics=json.loads(row.latest or "{}"),
        )
        for row in sorted(connection.execute(running), key=attrgetter("number"))
    )


def _holder(row: Row[*tuple[Any, ...]]) -> str:
    if row.machine is None:
        return ""
    return Owner(machine=row.machine, pid=row.pid, born=row.born).text
