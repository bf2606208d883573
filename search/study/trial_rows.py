"""TrialRows: the rows of one study's trials, through the connection of a transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from math import isfinite, nan
from operator import attrgetter
from typing import Any, cast

import sqlalchemy
from sqlalchemy import Connection, func, select, type_coerce

from archscape.analysis.limits import Limits, violation
from archscape.analysis.metrics import Objectives
from archscape.analysis.results import OPEN

from . import optuna_rows
from .budget import BUDGET
from .epoch_rows import EpochRows
from .lease import Lease
from .owner import Owner
from .proposal_rows import ProposalRows
from .schema import storable
from .schema import trials as table
from .spool import Result
from .trial import T, Trial, TrialRecord, read_row
from .weight_rows import WeightRows

_OWNER = ("machine", "pid", "born")
_END_TEXTS = ("cause", "message", "worker")
_NO_OWNER = {"machine": None, "pid": None, "born": None, "beat": None}


@dataclass(frozen=True, kw_only=True)
class TrialRows:
    """Reads and writes the trials of one study; every change of a state is numbered in the order of all.

    Attributes:
        objectives: Direction of each objective; Optuna holds the values after epochs where there is one.
        limits: Those on metrics that only training can tell.
    """

    connection: Connection
    study_id: int
    objectives: Objectives = field(default_factory=dict)
    limits: Limits = field(default_factory=dict)

    @cached_property
    def epochs(self) -> EpochRows:
        """What each epoch gave."""
        return EpochRows(connection=self.connection, study_id=self.study_id)

    @cached_property
    def weights(self) -> WeightRows:
        """What is known of the weights that trials left."""
        return WeightRows(connection=self.connection, study_id=self.study_id)

    @cached_property
    def proposals(self) -> ProposalRows:
        """Who proposed each trial, and why."""
        return ProposalRows(connection=self.connection, study_id=self.study_id)

    def next_number(self) -> int:
        """Return the number of the next trial: how many there are."""
        return self._next(table.c.number)

    def is_stopping(self) -> bool:
        """Return whether everybody was asked to leave the study."""
        return "stop" in optuna_rows.study_facts(self.connection, self.study_id)

    def counts(self) -> dict[str, int]:
        """Return how many trials are in each state."""
        return self._counts(table.c.state)

    def failures(self) -> dict[str, int]:
        """Return how many trials failed, by cause."""
        return self._counts(table.c.cause, table.c.state == "failed")

    def trials(self) -> list[Trial]:
        """Return the trials by number."""
        return self._read(Trial)

    def trial(self, number: int) -> Trial | None:
        """Return a trial; None if there is none of this number."""
        return next(iter(self._read(Trial, table.c.number == number)), None)

    def changes(self, *, since: int, limit: int | None = None) -> list[sqlalchemy.Row[*tuple[Any, ...]]]:
        """Return the rows of the trials that changed, less their networks, in the order of changes."""
        columns = (column for column in table.c if column.name not in ("network", "message"))
        query = select(*columns).where(self._in_study, table.c.changed > since)
        return list(self.connection.execute(query.order_by(table.c.changed).limit(limit)))

    def find(self, number: int) -> TrialRecord | None:
        """Return the record of a trial; None if there is none."""
        return next(iter(self._read(TrialRecord, table.c.number == number)), None)

    def has_hash(self, digest: str) -> bool:
        """Return whether there is a trial of a network."""
        query = select(table.c.number).where(self._in_study, table.c.hash == digest)
        return self.connection.execute(query).first() is not None

    def now(self) -> datetime:
        """Return the time by the clock of the database, as `TrialRecord.beat` has it."""
        query = select(type_coerce(self._moment, table.c.beat.type))
        return cast(datetime, self.connection.execute(query).scalar_one())

    def latest(self) -> str:
        """Return when a trial was submitted or ended last, ISO 8601; "" if there is none."""
        query = select(func.max(table.c.started), func.max(table.c.finished)).where(self._in_study)
        return max(text or "" for text in self.connection.execute(query).one())

    def in_states(self, *states: str) -> list[TrialRecord]:
        """Return the trials in these states, by number."""
        return self._read(TrialRecord, table.c.state.in_(states))

    def pausing(self) -> list[TrialRecord]:
        """Return the trials that were stopped early and whose owners have not left them yet, by number."""
        return self._read(TrialRecord, table.c.state == "paused", table.c.machine.is_not(None))

    def paused(self) -> list[Trial]:
        """Return the trials that were stopped early, by number."""
        return self._read(Trial, table.c.state == "paused")

    def ended_by(self, cause: str, *, state: str = "pruned") -> list[TrialRecord]:
        """Return the trials that ended in a state for a cause, "" for any, by number."""
        conditions = [table.c.cause == cause] if cause else []
        return self._read(TrialRecord, table.c.state == state, *conditions)

    def add(self, lease: Lease, *, decisions: Mapping[str, int | str], trial_id: int) -> None:
        """Add the row of a new trial, held by the owner of its lease.

        Raises:
            sqlalchemy.exc.IntegrityError: If the study has the number or the hash.
        """
        row = {
            "study_id": self.study_id,
            "number": lease.number,
            "hash": lease.hash,
            "trial_id": trial_id,
            "state": "running",
            "changed": self._next(table.c.changed),
            "attempts": 1,
            **self._owned_by(lease.owner),
            "seed": lease.seed,
            "decisions": json.dumps(dict(decisions)),
            "network": lease.network.to_json(),
            "costs": json.dumps(dict(lease.costs)),
            "metrics": "{}",
            **dict.fromkeys(("cause", "message", "worker", "finished"), ""),
            "started": _now(),
        }
        self.connection.execute(table.insert().values(row))

    def take(self, record: TrialRecord, owner: Owner, *, attempts: int) -> None:
        """Give a trial to a process that works on it from now on."""
        self._change(record, "running", attempts=attempts, **self._owned_by(owner))

    def release(self, record: TrialRecord) -> None:
        """Take a running trial from its owner as if the attempt had not been made; a paused one stays so."""
        if record.state == "running":
            self._change(record, "waiting", attempts=record.attempts - 1, **_NO_OWNER)
        elif record.state == "paused":
            self._update(record.number, **_NO_OWNER)

    def pause(
        self, record: TrialRecord, *, rung: int, metrics: Mapping[str, float], cause: str, message: str
    ) -> None:
        """Pause a trial at a rung; its owner keeps it until the checkpoint is written."""
        facts = {"rung": rung, "metrics": json.dumps(dict(metrics)), "cause": cause, "message": message}
        self._change(record, "paused", **facts)

    def beat(self, number: int, owner: Owner) -> bool:
        """Write a heartbeat of the owner; False if the trial is not its own any more."""
        owned = (table.c.machine == owner.machine) & (table.c.pid == owner.pid) & (table.c.born == owner.born)
        statement = table.update().where(
            self._in_study, table.c.number == number, owned, table.c.state.in_(OPEN)
        )
        return self.connection.execute(statement.values(beat=self._moment)).rowcount == 1

    def end(self, record: TrialRecord, result: Result) -> None:
        """Write how a trial ended, with its epochs; its owner stays on record."""
        self.add_epochs(record.number, dict(enumerate(result.history, 1)))
        complete = result.status == "complete"
        values = [float(result.metrics[name]) for name in self.objectives] if complete else ()
        texts = {name: storable(getattr(result, name)) for name in _END_TEXTS}
        self._update(
            record.number,
            state=result.status,
            changed=self._next(table.c.changed),
            metrics=json.dumps(result.metrics),
            finished=_now(),
            **texts,
            **({"rung": int(result.metrics.get("epoch", 0)) or None} if result.cause == BUDGET else {}),
        )
        self.weights.add(record.number, result.weights, result.place)
        parts = {**texts, "weights": result.weights, "place": result.place}
        facts = {key: part for key, part in parts.items() if part} | {"metrics": result.metrics}
        if self._optuna_has(record.trial_id):
            optuna_rows.end_trial(self.connection, record.trial_id, result.status, values, facts)
            if complete and self.limits:
                excess = [
                    each
                    for name, limit in self.limits.items()
                    for each in limit.excess(float(result.metrics[name]))
                ]
                optuna_rows.add_constraints(self.connection, record.trial_id, excess)

    def reopen(self, record: TrialRecord, *, rung: int | None = None, keep_epochs: bool = False) -> None:
        """Let a trial that has ended wait for a process, with no attempt counted.

        Args:
            record: The trial.
            rung: Where it was paused last.
            keep_epochs: Whether it goes on after its epochs, or is as if it had not been tried.
        """
        if not keep_epochs:
            self.epochs.remove(record.number)
        self._update(
            record.number,
            state="waiting",
            changed=self._next(table.c.changed),
            attempts=0,
            rung=rung,
            metrics="{}",
            **dict.fromkeys(_END_TEXTS, ""),
            finished="",
            **_NO_OWNER,
        )
        self.weights.remove(record.number)
        if self._optuna_has(record.trial_id):
            facts = (*_END_TEXTS, "weights", "place", "metrics")
            optuna_rows.reopen_trial(self.connection, record.trial_id, facts, keep_steps=keep_epochs)

    def drop(self, record: TrialRecord) -> None:
        """Let a trial count for nothing; its row keeps what is known of it."""
        trial = self.trial(record.number)
        assert trial is not None
        self._change(record, "dropped", cause=record.state, finished=trial.finished or _now())

    def add_epochs(self, number: int, rows: Mapping[int, Mapping[str, float]]) -> None:
        """Add the epochs of a trial that are not there yet; Optuna has the values of a single objective."""
        new = self.epochs.add(number, rows)
        only = next(iter(self.objectives)) if len(self.objectives) == 1 else ""
        values = {epoch: row[only] for epoch, row in new.items() if isfinite(row.get(only, nan))}
        if values:
            query = select(table.c.trial_id).where(self._in_study, table.c.number == number)
            trial_id = self.connection.execute(query).scalar_one()
            if self._optuna_has(trial_id):
                optuna_rows.add_steps(self.connection, trial_id, values)

    def best_value(self) -> float | None:
        """Return the best first objective of the complete trials within the limits; None if there is none."""
        objective, direction = next(iter(self.objectives.items()))
        query = select(table.c.metrics).where(self._in_study, table.c.state == "complete")
        metrics = map(json.loads, self.connection.execute(query).scalars())
        values = [row[objective] for row in metrics if objective in row and not violation(self.limits, row)]
        return (max if direction == "maximize" else min)(values, default=None)

    def _optuna_has(self, trial_id: int) -> bool:
        """Return whether Optuna's row of a trial is there: others may have deleted it, but not ours."""
        return optuna_rows.has_trials(self.connection, self.study_id, trial_id)

    @property
    def _in_study(self) -> sqlalchemy.ColumnElement[bool]:
        return table.c.study_id == self.study_id

    @property
    def _moment(self) -> sqlalchemy.ColumnElement[Any]:
        """The time by the clock of the database; what SQLite calls `now` is the same for a whole second."""
        precise = self.connection.dialect.name != "sqlite"
        return func.now() if precise else func.strftime("%Y-%m-%d %H:%M:%f", "now")

    def _owned_by(self, owner: Owner) -> dict[str, object]:
        return {"machine": owner.machine, "pid": owner.pid, "born": owner.born, "beat": self._moment}

    def _read(self, kind: type[T], *conditions: sqlalchemy.ColumnElement[bool]) -> list[T]:
        """Return trials by number; sorted here, since SQLite would read all trials to find few in order."""
        columns = [table.c[name] for name in (*kind.__dataclass_fields__, *_OWNER) if name != "owner"]
        rows = self.connection.execute(select(*columns).where(self._in_study, *conditions))
        return sorted((read_row(kind, row) for row in rows), key=attrgetter("number"))

    def _counts(
        self, column: sqlalchemy.Column[Any], *conditions: sqlalchemy.ColumnElement[bool]
    ) -> dict[str, int]:
        query = select(column, func.count()).where(self._in_study, *conditions).group_by(column)
        return dict(map(tuple, self.connection.execute(query)))

    def _next(self, column: sqlalchemy.Column[Any]) -> int:
        highest = self.connection.execute(select(func.max(column)).where(self._in_study)).scalar()
        return 0 if highest is None else int(highest) + 1

    def _change(self, record: TrialRecord, state: str, **values: object) -> None:
        self._update(record.number, state=state, changed=self._next(table.c.changed), **values)
        if self._optuna_has(record.trial_id):
            optuna_rows.set_state(self.connection, record.trial_id, state)

    def _update(self, number: int, **values: object) -> None:
        self.connection.execute(
            table.update().where(self._in_study, table.c.number == number).values(**values)
        )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
