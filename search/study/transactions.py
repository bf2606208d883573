"""StudyTransaction: the steps of a study that change its trials, each inside one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from archscape.analysis.metrics import Objectives

from . import optuna_rows
from .lease import Lease
from .owner import Owner
from .rung_rows import RungRows
from .schema import tables
from .spool import Result
from .trial import TrialRecord
from .trial_rows import TrialRows

if TYPE_CHECKING:
    from archscape.spaces import Sample

    from ..pruners import Decision, Pruner

MAX_ATTEMPTS = 3
"""How often a trial is tried before the worker it loses counts as its own fault."""


@dataclass(frozen=True)
class StudyTransaction:
    """Changes the trials of one study through the connection of a transaction."""

    connection: Connection
    study_id: int
    objectives: Objectives

    @cached_property
    def trial_rows(self) -> TrialRows:
        """The rows of the trials."""
        return TrialRows(connection=self.connection, study_id=self.study_id, objectives=self.objectives)

    @cached_property
    def rung_rows(self) -> RungRows:
        """What trials left at the rungs of early stopping."""
        return RungRows(connection=self.connection, study_id=self.study_id)

    def submit(self, lease: Lease, sample: Sample) -> bool:
        """Create a trial and its lease; False if another process has taken the number.

        Raises:
            sqlalchemy.exc.IntegrityError: If the study has the hash.
        """
        if self.trial_rows.next_number() != lease.number:
            record = self.trial_rows.find(lease.number)
            return record is not None and (record.hash, record.owner) == (lease.hash, lease.owner)
        facts = {"hash": lease.hash, "seed": lease.seed, "costs": dict(lease.costs)}
        options = sample.space.paths
        limits = sample.space.within
        excess = [value for name, limit in limits.items() for value in limit.excess(int(lease.costs[name]))]
        key = optuna_rows.add_trial(
            *(self.connection, self.study_id, lease.number),
            *(sample.decisions, options, facts),
            constraints=excess,
        )
        self.trial_rows.add(lease, decisions=sample.decisions, trial_id=key)
        return True

    def promote(self, owner: Owner, pruner: Pruner, *, kept: Collection[int]) -> TrialRecord | None:
        """Give a trial that was stopped early and is promoted now to a process, from the highest rung down.

        Those that are kept do not count: their owners have not left them yet.
        """
        for rung in reversed(pruner.rungs):
            number = pruner.promotable(rung, self.rung_rows.at(rung))
            record = None if number is None else self.trial_rows.find(number)
            if record and record.number not in kept:
                self.rung_rows.set_promoted(rung, record.number)
                self.trial_rows.take(record, owner, attempts=record.attempts)
                return record
        return None

    def judge(
        self, record: TrialRecord, rung: int, metrics: Mapping[str, float], pruner: Pruner
    ) -> Decision | None:
        """Compare a trial with those that reached the rung before, and pause it if it is not promoted.

        Returns:
            The decision; None if there is nothing to decide: the trial was promoted here before and lost its
            process, or has no value for an objective.
        """
        from ..pruners import RungResult

        passed = self.rung_rows.find(rung, record.number)
        if passed or not all(name in metrics for name in self.objectives):
            return None
        values = tuple(float(metrics[name]) for name in self.objectives)
        if passed is None:
            self.rung_rows.add(rung, record.number, values, passed=False)
        result = RungResult(number=record.number, values=values, passed=False)
        decision = pruner.decide(rung, result, self.rung_rows.at(rung))
        if decision.promote:
            self.rung_rows.set_promoted(rung, record.number)
        else:
            self.trial_rows.pause(
                record, rung=rung, metrics=metrics, cause=pruner.name, message=decision.reason
            )
        return decision

    def close(self) -> list[Result]:
        """End the trials that were stopped early, and return how."""
        ended = []
        for trial in self.trial_rows.paused():
            result = Result(
                number=trial.number,
                hash=trial.hash,
                status="pruned",
                cause=trial.cause,
                message=trial.message,
                metrics=dict(trial.metrics),
                worker=trial.worker,
            )
            self.trial_rows.end(trial, result)
            ended.append(result)
        return ended

    def remove(self) -> None:
        """Remove the study with all its trials."""
        for table in tables.sorted_tables:
            self.connection.execute(table.delete().where(table.c.study_id == self.study_id))
        optuna_rows.remove_study(self.connection, self.study_id)


def lost_too_often(record: TrialRecord) -> Result | None:
    """Return the failure of a trial that lost its process too often; None if it may be tried again."""
    if record.attempts < MAX_ATTEMPTS or record.owner is None:
        return None
    message = f"{record.attempts} workers were lost on it"
    return Result(
        number=record.number, hash=record.hash, status="failed", cause="lost_worker", message=message
    )
