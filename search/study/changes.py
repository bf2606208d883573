"""StudyChanges: what changed in a study since it was read last, for those who show it while it runs.

However many trials have ended, this reads the trials that changed and the latest epoch of each running one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import attrgetter

from sqlalchemy import Connection, select

from . import optuna_rows
from .proposal import Prediction
from .proposal_rows import read_predictions
from .schema import epochs, proposals
from .schema import trials as table
from .trial import owner_of
from .trial_rows import TrialRows

BATCH = 5000
"""How many changes are read at once at most; those of a large study come in several batches."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangedTrial:
    """A `Trial` without its network, since there may be a hundred thousand of them.

    Attributes:
        values: Its costs and what training gave, by name.
        decisions: The choices that made its network by path, as JSON, which takes a tenth of their memory.
        worker: The process that ended it or holds its lease.
    """

    number: int
    changed: int
    state: str
    values: Mapping[str, float]
    rung: int | None = None
    cause: str = ""
    worker: str = ""
    started: str = ""
    finished: str = ""
    decisions: str = "{}"


@dataclass(frozen=True, kw_only=True)
class RunningTrial:
    """How far a trial is that a process works on.

    Attributes:
        number: Number of the trial.
        epoch: The latest epoch that the study knows; 0 before the first.
        metrics: What that epoch gave.
        expected: What its sampler expected of it, by metric; empty where it has no model.
    """

    number: int
    epoch: int
    metrics: Mapping[str, float]
    expected: Mapping[str, Prediction] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StudyChanges:
    """What is read of a study at once.

    Attributes:
        changed: Trials that changed, in the order of changes; at most `BATCH`.
        trials: How many trials the study was asked to hold; 0 if it does not say.
        should_stop: Whether the workers were asked to stop.
    """

    changed: tuple[ChangedTrial, ...]
    running: tuple[RunningTrial, ...]
    trials: int
    should_stop: bool

    @property
    def is_cut(self) -> bool:
        """Whether there may be more changes than were read."""
        return len(self.changed) == BATCH


def read_changes(connection: Connection, study_id: int, *, since: int) -> StudyChanges:
    """Return what changed in a study since a place in the order of changes."""
    facts = optuna_rows.study_facts(connection, study_id)
    settings = facts.get("settings")
    return StudyChanges(
        changed=_changed(connection, study_id, since),
        running=_running(connection, study_id),
        trials=int(settings.get("trials", 0)) if isinstance(settings, dict) else 0,
        should_stop="stop" in facts,
    )


def _changed(connection: Connection, study_id: int, since: int) -> tuple[ChangedTrial, ...]:
    trial_rows = TrialRows(connection=connection, study_id=study_id)
    names = ("number", "changed", "state", "rung", "cause", "started", "finished", "decisions")
    return tuple(
        ChangedTrial(
            **{name: getattr(row, name) for name in names},
            worker=row.worker or (owner.text if (owner := owner_of(row)) else ""),
            values={**json.loads(row.costs), **json.loads(row.metrics)},
        )
        for row in trial_rows.changes(since=since, limit=BATCH)
    )


def _running(connection: Connection, study_id: int) -> tuple[RunningTrial, ...]:
    """Return the running trials, each with its latest epoch: one step down an index for each.

    They are sorted here, since SQLite would read all trials to find the running ones in order.
    """
    same_trial = (epochs.c.study_id == table.c.study_id) & (epochs.c.number == table.c.number)
    latest = [
        select(column)
        .where(same_trial)
        .order_by(epochs.c.epoch.desc())
        .limit(1)
        .scalar_subquery()
        .label(name)
        for column, name in ((epochs.c.epoch, "epoch"), (epochs.c.metrics, "latest"))
    ]
    proposed = (proposals.c.study_id == table.c.study_id) & (proposals.c.number == table.c.number)
    expected = select(proposals.c.predictions).where(proposed).scalar_subquery().label("expected")
    running = (table.c.study_id == study_id) & (table.c.state == "running")
    rows = connection.execute(select(table.c.number, *latest, expected).where(running))
    return tuple(
        RunningTrial(
            number=row.number,
            epoch=row.epoch or 0,
            metrics=json.loads(row.latest or "{}"),
            expected=read_predictions(row.expected or "{}"),
        )
        for row in sorted(rows, key=attrgetter("number"))
    )
