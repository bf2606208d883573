"""RungRows: what trials had come to at the rungs of early stopping, as rows of the database."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import sqlalchemy
from sqlalchemy import Connection, func, or_, select

from ..pruners import RungResult
from .schema import rung_results, trials

WINDOW = 1000
"""How many of the latest trials at a rung a trial is compared with, so that large studies stay fast."""


_columns = rung_results.c
_ABOVE = 2**31 - 1
"""Above every rung."""


class Arrival(NamedTuple):
    """What a trial had come to at a rung.

    Attributes:
        rung: The epoch.
        number: Number of the trial.
        place: Place in the order of arrival at the rung.
        values: One number per objective, in the order of the study.
    """

    rung: int
    number: int
    place: int
    values: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class RungRows:
    """Reads and writes the rung results of one study."""

    connection: Connection
    study_id: int

    def at(self, rung: int, *, limit: int | None = WINDOW) -> list[RungResult]:
        """Return the results of the latest trials at a rung, or of all, in the order of their arrival."""
        columns = (rung_results.c.number, rung_results.c.objectives, trials.c.state, trials.c.rung)
        trial_of_result = (trials.c.study_id == rung_results.c.study_id) & (
            trials.c.number == rung_results.c.number
        )
        query = select(*columns).join(trials, trial_of_result).where(self._rung(rung))
        rows = self.connection.execute(query.order_by(rung_results.c.place.desc()).limit(limit)).all()
        return [
            RungResult(
                number=row.number,
                values=tuple(values),
                violation=violation,
                passed=(row.state, row.rung) != ("paused", rung),  # nobody else waits to be promoted
            )
            for row in reversed(rows)
            for values, violation in (_read(row.objectives),)
        ]

    def arrivals(self, *, since: Mapping[int, int] | None = None, of: Collection[int] = ()) -> list[Arrival]:
        """Return what came to the rungs after a place at each, to other rungs at all, and all of some trials.

        Args:
            since: The place, by rung.
            of: The numbers of those trials.
        """
        # Each term is a range of an index, so what was read before is not read again.
        since = since or {}
        terms = [self._rung(rung) & (_columns.place > place) for rung, place in since.items()]
        terms += [self._rung(rung) & _columns.number.in_(of) for rung in since if of]
        terms += [
            (_columns.study_id == self.study_id) & (_columns.rung > low) & (_columns.rung < high)
            for low, high in pairwise([-1, *sorted(since), _ABOVE])
        ]
        query = select(_columns.rung, _columns.number, _columns.place, _columns.objectives).where(or_(*terms))
        rows = self.connection.execute(query.order_by(_columns.rung, _columns.place))
        return [
            Arrival(row.rung, row.number, row.place, tuple(map(float, _read(row.objectives)[0])))
            for row in rows
        ]

    def find(self, rung: int, number: int) -> bool | None:
        """Return whether a trial passed a rung; None if it was not there."""
        query = select(rung_results.c.passed).where(self._rung(rung), rung_results.c.number == number)
        return self.connection.execute(query).scalar()

    def latest(self, number: int) -> int | None:
        """Return the highest rung that a trial passed; None if it passed none."""
        of_trial = (rung_results.c.study_id == self.study_id) & (rung_results.c.number == number)
        query = select(func.max(rung_results.c.rung)).where(of_trial, rung_results.c.passed)
        return self.connection.execute(query).scalar()

    def add(
        self, rung: int, number: int, values: Sequence[float], *, passed: bool, violation: float = 0.0
    ) -> None:
        """Add a trial's result."""
        last = self.connection.execute(
            select(func.max(rung_results.c.place)).where(self._rung(rung))
        ).scalar()
        statement = rung_results.insert().values(
            study_id=self.study_id,
            rung=rung,
            number=number,
            place=0 if last is None else last + 1,
            objectives=_text(values, violation),
            passed=passed,
        )
        self.connection.execute(statement)

    def set_promoted(self, rung: int, number: int) -> None:
        """Note that a trial continues beyond a rung."""
        update = rung_results.update().where(self._rung(rung), rung_results.c.number == number)
        self.connection.execute(update.values(passed=True))

    def remove(self, number: int) -> None:
        """Remove the results of a trial, which will reach the rungs anew."""
        of_trial = (rung_results.c.study_id == self.study_id) & (rung_results.c.number == number)
        self.connection.execute(rung_results.delete().where(of_trial))

    def _rung(self, rung: int) -> sqlalchemy.ColumnElement[bool]:
        return (rung_results.c.study_id == self.study_id) & (rung_results.c.rung == rung)


def _text(values: Sequence[float], violation: float) -> str:
    """Return the values of a result as JSON, with its violation where it is beyond the limits."""
    return json.dumps({"values": list(values), "violation": violation} if violation else list(values))


def _read(text: str) -> tuple[list[float], float]:
    """Return the values of a result, and its violation."""
    tree = json.loads(text)
    return (tree["values"], tree["violation"]) if isinstance(tree, dict) else (tree, 0.0)
