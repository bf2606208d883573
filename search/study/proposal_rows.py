"""ProposalRows: what each trial was when it was proposed, as rows of the database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, select

from .damaged import report
from .proposal import Prediction, Proposal
from .schema import proposals as table
from .schema import storable


@dataclass(frozen=True, kw_only=True)
class ProposalRecord:
    """What is kept of a proposal.

    Attributes:
        sampler: Name of the sampler; `enqueued` or `added` where none proposed it.
        reason: One sentence on why.
        predicted: What was expected of it, by the name of the objective.
    """

    sampler: str
    reason: str = ""
    predicted: Mapping[str, Prediction] = field(default_factory=dict)

    @classmethod
    def of(cls, proposal: Proposal) -> ProposalRecord:
        """Return what is kept of a proposal: of its predictions those in finite numbers."""
        predicted = {
            name: Prediction(*map(float, prediction)) for name, prediction in proposal.predicted.items()
        }
        return cls(
            sampler=storable(proposal.sampler),
            reason=storable(" ".join(proposal.reason.split())),
            predicted={name: numbers for name, numbers in predicted.items() if all(map(isfinite, numbers))},
        )

    def facts(self) -> dict[str, Any]:
        """Return it in plain types, less what is empty."""
        predicted = {name: prediction._asdict() for name, prediction in self.predicted.items()}
        facts = {"sampler": self.sampler, "reason": self.reason, "predicted": predicted}
        return {name: fact for name, fact in facts.items() if fact}


@dataclass(frozen=True, kw_only=True)
class ProposalRows:
    """Reads and writes the proposals of one study."""

    connection: Connection
    study_id: int

    def add(self, number: int, record: ProposalRecord) -> None:
        """Add the proposal of a trial, in place of one that an earlier version left of a removed study."""
        self.connection.execute(table.delete().where(self._in_study, table.c.number == number))
        row = {
            "study_id": self.study_id,
            "number": number,
            "sampler": record.sampler,
            "reason": record.reason,
            "predictions": json.dumps({name: [*numbers] for name, numbers in record.predicted.items()}),
        }
        self.connection.execute(table.insert().values(row))

    def records(self, number: int | None = None) -> dict[int, ProposalRecord]:
        """Return the proposals of all trials by number, or of one; trials of earlier versions have none."""
        columns = (table.c.number, table.c.sampler, table.c.reason, table.c.predictions)
        query = select(*columns).where(self._in_study)
        if number is not None:
            query = query.where(table.c.number == number)
        return {row.number: _read(row) for row in self.connection.execute(query)}

    @property
    def _in_study(self) -> sqlalchemy.ColumnElement[bool]:
        return table.c.study_id == self.study_id


def has_table(connection: Connection) -> bool:
    """Return whether a database has the table, which earlier versions did not make."""
    return sqlalchemy.inspect(connection).has_table(table.name)


def create_table(connection: Connection) -> None:
    """Create the table in a database that lacks it."""
    table.create(connection, checkfirst=True)


def _read(row: sqlalchemy.Row[*tuple[Any, ...]]) -> ProposalRecord:
    return ProposalRecord(sampler=row.sampler, reason=row.reason, predicted=read_predictions(row.predictions))


def read_predictions(text: str) -> dict[str, Prediction]:
    """Return predictions by objective, from the JSON that the table keeps.

    Damaged ones are reported and left out: they explain a trial, and whoever reads it can do without.
    """
    try:
        return {name: Prediction(*map(float, numbers)) for name, numbers in dict(json.loads(text)).items()}
    except (ValueError, TypeError, RecursionError) as error:
        report(f"the study has damaged predictions, {text[:60]!r}: {error}; they are left out")
        return {}
