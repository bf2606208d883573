"""StudyTransaction: the steps of a study that change its trials, each inside one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from archscape.analysis.limits import Limits, violation
from archscape.analysis.metrics import Objectives

from . import optuna_rows
from .budget import BUDGET, CUT
from .lease import Lease
from .owner import Owner
from .proposal import Proposal
from .proposal_rows import ProposalRecord
from .rung_rows import RungRows
from .schema import tables
from .spool import Result
from .trial import TrialRecord
from .trial_rows import TrialRows

if TYPE_CHECKING:
    from ..pruners import Decision, Pruner, RungResult

MAX_ATTEMPTS = 3
"""How often a trial is tried before the worker it loses counts as its own fault."""


@dataclass(frozen=True)
class StudyTransaction:
    """Changes the trials of one study through the connection of a transaction."""

    connection: Connection
    study_id: int
    objectives: Objectives
    limits: Limits = field(default_factory=dict)

    @cached_property
    def trial_rows(self) -> TrialRows:
        """The rows of the trials."""
        return TrialRows(
            connection=self.connection,
            study_id=self.study_id,
            objectives=self.objectives,
            limits=self.limits,
        )

    @cached_property
    def rung_rows(self) -> RungRows:
        """What trials left at the rungs of early stopping."""
        return RungRows(connection=self.connection, study_id=self.study_id)

    def submit(self, lease: Lease, proposal: Proposal) -> bool:
        """Create a trial as it was proposed, and its lease; False if another process has taken the number.

        Raises:
            sqlalchemy.exc.IntegrityError: If the study has the hash.
        """
        if self.trial_rows.next_number() != lease.number:
            record = self.trial_rows.find(lease.number)
            return record is not None and (record.hash, record.owner) == (lease.hash, lease.owner)
        sample, proposed = proposal.sample, ProposalRecord.of(proposal)
        facts = {"hash": lease.hash, "seed": lease.seed, "costs": dict(lease.costs)}
        facts |= {"proposal": proposed.facts()}
        options = sample.space.paths
        limits = sample.space.within
        excess = [value for name, limit in limits.items() for value in limit.excess(int(lease.costs[name]))]
        key = optuna_rows.add_trial(
            *(self.connection, self.study_id, lease.number),
            *(sample.decisions, options, facts),
            constraints=excess,
        )
        self.trial_rows.add(lease, decisions=sample.decisions, trial_id=key)
        self.trial_rows.proposals.add(lease.number, proposed)
        return True

    def promote(
        self,
        owner: Owner,
        pruner: Pruner,
        *,
        kept: Collection[int],
        in_turn: Collection[TrialRecord] | None = None,
    ) -> TrialRecord | None:
        """Give a trial that was stopped early and is promoted now to a process, from the highest rung down.

        Those that are kept do not count: their owners have not left them yet.

        Args:
            owner: The process.
            pruner: Decides.
            kept: Numbers of trials.
            in_turn: In a deterministic study, the trials that have not ended. Then promotion begins at the
                lowest rung, and at each one only when all that will reach it have, so that no timing decides.
        """
        for rung in reversed(pruner.rungs) if in_turn is None else pruner.rungs:
            if in_turn and any(record.rung is None or record.rung < rung for record in in_turn):
                return None
            number = pruner.promotable(rung, self._results(rung, every=in_turn is not None))
            record = None if number is None else self.trial_rows.find(number)
            if record and record.number not in kept:
                self.rung_rows.set_promoted(rung, record.number)
                self.trial_rows.take(record, owner, attempts=record.attempts)
                return record
            if record and in_turn is not None:
                return None
        return None

    def judge(
        self,
        record: TrialRecord,
        rung: int,
        metrics: Mapping[str, float],
        pruner: Pruner,
        *,
        lag: int | None = None,
    ) -> Decision | None:
        """Compare a trial with those that reached the rung before, and pause it if it is not promoted.

        In a deterministic study, with a lag, it is compared with those that its proposal saw; one that was
        promoted from a lower rung waits here until all have come.

        Returns:
            The decision; None if there is nothing to decide: the trial was promoted here before and lost its
            process, or has no value for an objective.
        """
        from ..pruners import Decision, RungResult

        passed = self.rung_rows.find(rung, record.number)
        if passed or not all(name in metrics for name in self.objectives):
            return None
        values = tuple(float(metrics[name]) for name in self.objectives)
        known = {name: limit for name, limit in self.limits.items() if name in metrics}
        beyond = violation(known, metrics)
        if passed is None:
            self.rung_rows.add(rung, record.number, values, passed=False, violation=beyond)
        result = RungResult(number=record.number, values=values, passed=False, violation=beyond)
        if lag is not None and record.rung is not None:
            decision = Decision(
                promote=False, reason=f"waits at epoch {rung} until all others have come; the best go on"
            )
        else:
            decision = pruner.decide(rung, result, self._results(rung, seen_by=record.number, lag=lag))
        if decision.promote:
            self.rung_rows.set_promoted(rung, record.number)
        else:
            self.trial_rows.pause(
                record, rung=rung, metrics=metrics, cause=pruner.name, message=decision.reason
            )
        return decision

    def _results(
        self, rung: int, *, every: bool = False, seen_by: int = 0, lag: int | None = None
    ) -> list[RungResult]:
        """Return the results at a rung: of all trials, or of those that a trial may be compared with."""
        if not every and lag is None:
            return self.rung_rows.at(rung)
        results = sorted(self.rung_rows.at(rung, limit=None), key=attrgetter("number"))
        if every or lag is None:
            return results
        return [result for result in results if result.number == seen_by or result.number <= seen_by - lag]

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

    def at_last_epoch(self, record: TrialRecord, result: Result) -> Result:
        """Return the result of a trial that the budget cut, with its values after its last epoch, if any."""
        trial, row = self.trial_rows.trial(record.number), self.trial_rows.epochs.latest(record.number)
        if trial is None or not row or result.metrics.get("epoch", 0) >= row["epoch"]:
            return result
        return replace(result, metrics={**row, **trial.costs})

    def resume_cut(self) -> list[TrialRecord]:
        """Let the trials that the budget cut wait again, to go on from their checkpoints; return them."""
        cut = self.trial_rows.ended_by(BUDGET)
        for trial in cut:
            self.trial_rows.reopen(trial, rung=self.rung_rows.latest(trial.number), keep_epochs=True)
        return cut

    def drop(self, number: int) -> str:
        """Let a trial count for nothing, if nobody works on it; return its state, "" if there is none."""
        record = self.trial_rows.find(number)
        if record is not None and record.state not in ("running", "dropped"):
            self.trial_rows.drop(record)
            self.rung_rows.remove(number)
        return record.state if record else ""

    def retry(self, numbers: Collection[int], cause: str = "") -> list[TrialRecord]:
        """Let trials that failed wait again, of these numbers or all, for a cause or any; return which do."""
        failed = self.trial_rows.ended_by(cause, state="failed")
        chosen = [record for record in failed if not numbers or record.number in numbers]
        for record in chosen:
            self.trial_rows.reopen(record)
            self.rung_rows.remove(record.number)
        return chosen

    def remove(self) -> None:
        """Remove the study with all its trials."""
        for table in tables.sorted_tables:
            self.connection.execute(table.delete().where(table.c.study_id == self.study_id))
        optuna_rows.remove_study(self.connection, self.study_id)

    def remove_unused(self, *, begun: bool = False) -> bool:
        """Remove the study if it has no trial, with `begun` none but waiting ones; return whether it did."""
        waiting = len(self.trial_rows.in_states("waiting")) if begun else 0
        unused = self.trial_rows.next_number() == waiting
        if unused:
            self.remove()
        return unused


def is_overtaken(record: TrialRecord, result: Result) -> bool:
    """Return whether a result is a failure from before the trial was given to another process, or retried."""
    if result.status != "failed":
        return False
    return record.owner is None or result.owner not in ("", record.owner.key)


def cut_by_budget(record: TrialRecord) -> Result:
    """Return the result of a trial that nobody works on when the budget of the search is spent."""
    return Result(number=record.number, hash=record.hash, status="pruned", cause=BUDGET, message=CUT)


def lost_too_often(record: TrialRecord) -> Result | None:
    """Return the failure of a trial that lost its process too often; None if it may be tried again."""
    if record.attempts < MAX_ATTEMPTS or record.owner is None:
        return None
    message = f"{record.attempts} workers were lost on it"
    return Result(
        number=record.number, hash=record.hash, status="failed", cause="lost_worker", message=message
    )
