"""EpochRows: what each epoch of a trial gave, as rows of the database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy
from sqlalchemy import Connection, func, select

from .schema import epochs as table


@dataclass(frozen=True, kw_only=True)
class EpochRows:
    """Reads and writes the epochs of one study's trials; their numbers count on over repeats."""

    connection: Connection
    study_id: int

    def add(self, number: int, rows: Mapping[int, Mapping[str, float]]) -> dict[int, Mapping[str, float]]:
        """Add the epochs of a trial that are not there yet; return them."""
        known = set(self.connection.execute(select(table.c.epoch).where(self._of_trial(number))).scalars())
        new = {epoch: row for epoch, row in rows.items() if epoch not in known}
        if new:
            key = {"study_id": self.study_id, "number": number}
            values = [key | {"epoch": epoch, "metrics": json.dumps(dict(row))} for epoch, row in new.items()]
            self.connection.execute(table.insert(), values)
        return new

    def remove(self, number: int) -> None:
        """Remove the epochs of a trial, which is trained anew."""
        self.connection.execute(table.delete().where(self._of_trial(number)))

    def count(self) -> int:
        """Return how many epochs of all trials there are."""
        query = select(func.count()).where(table.c.study_id == self.study_id)
        return int(self.connection.execute(query).scalar_one())

    def latest(self, number: int) -> dict[str, float]:
        """Return the latest epoch of a trial with its metrics; empty if there is none."""
        query = select(table.c.epoch, table.c.metrics).where(self._of_trial(number))
        row = self.connection.execute(query.order_by(table.c.epoch.desc()).limit(1)).first()
        return {} if row is None else {**json.loads(row.metrics), "epoch": row.epoch}

    def records(self, number: int | None = None) -> list[dict[str, float]]:
        """Return one record per epoch of all trials, or of one, with `trial` among its metrics."""
        return [record for _, record in self._read(number)]

    def numbered(self, number: int, *, since: int = -1) -> dict[int, dict[str, float]]:
        """Return the records of a trial after one, by their numbers."""
        return dict(self._read(number, since))

    def _read(self, number: int | None, since: int = -1) -> Iterator[tuple[int, dict[str, float]]]:
        selected = (table.c.study_id == self.study_id) & (table.c.epoch > since)
        if number is not None:
            selected &= table.c.number == number
        query = select(table.c.number, table.c.epoch, table.c.metrics).where(selected)
        rows = self.connection.execute(query.order_by(table.c.number, table.c.epoch))
        for trial, epoch, metrics in rows:
            yield epoch, {"trial": trial, "epoch": epoch, **json.loads(metrics)}

    def _of_trial(self, number: int) -> sqlalchemy.ColumnElement[bool]:
        return (table.c.study_id == self.study_id) & (table.c.number == number)
