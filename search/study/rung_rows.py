"""The marks that trials left at the rungs of early stopping, through the connection of a transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, func, select

from archscape.analysis.results import FINAL

from ..pruners import RungResult
from .schema import marks, trials

WINDOW = 1000
"""How many of the latest trials at a rung a trial is compared with, so that large studies stay fast."""


@dataclass(frozen=True, kw_only=True)
class RungRows:
    """Reads and writes the marks of one study."""

    connection: Connection
    study_id: int

    def at(self, rung: int) -> list[RungResult]:
        """Return the marks of the latest trials at a rung, in the order of their arrival."""
        columns = (marks.c.number, marks.c.objectives, marks.c.passed, trials.c.state)
        same = (trials.c.study_id == marks.c.study_id) & (trials.c.number == marks.c.number)
        query = select(*columns).join(trials, same).where(self._rung(rung))
        found = self.connection.execute(query.order_by(marks.c.place.desc()).limit(WINDOW)).all()[::-1]
        return [
            RungResult(
                number=row.number, values=tuple(json.loads(row.objectives)), passed=row.passed or _over(row)
            )
            for row in found
        ]

    def find(self, rung: int, number: int) -> bool | None:
        """Return whether a trial passed a rung; None if it was not there."""
        query = select(marks.c.passed).where(self._rung(rung), marks.c.number == number)
        return self.connection.execute(query).scalar()

    def add(self, rung: int, number: int, values: Sequence[float], *, passed: bool) -> None:
        """Add a trial's mark."""
        place = self.connection.execute(select(func.max(marks.c.place)).where(self._rung(rung))).scalar()
        statement = marks.insert().values(
            study_id=self.study_id,
            rung=rung,
            number=number,
            place=0 if place is None else place + 1,
            objectives=json.dumps(list(values)),
            passed=passed,
        )
        self.connection.execute(statement)

    def set_promoted(self, rung: int, number: int) -> None:
        """Note that a trial goes on beyond a rung."""
        mine = (self._rung(rung)) & (marks.c.number == number)
        self.connection.execute(marks.update().where(mine).values(passed=True))

    def _rung(self, rung: int) -> sqlalchemy.ColumnElement[bool]:
        return (marks.c.study_id == self.study_id) & (marks.c.rung == rung)


def _over(row: sqlalchemy.Row[*tuple[Any, ...]]) -> bool:
    """Whether a trial has ended, and so does not wait at its rung any more."""
    return row.state in FINAL
