"""WeightRows: the digest of each trial's weights and where they lie, as rows of the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy
from sqlalchemy import Connection, select

from . import optuna_rows
from .schema import trials
from .schema import weights as table
from .spool import is_place


@dataclass(frozen=True, kw_only=True)
class WeightRows:
    """Reads and writes what is known of the weights of one study's trials."""

    connection: Connection
    study_id: int

    def add(self, number: int, digest: str, place: Mapping[str, str]) -> None:
        """Add the weights of a trial, if it left any, in place of what was known of them."""
        self.remove(number)
        if digest or place:
            row = {"digest": digest, "host": place.get("host", ""), "folder": place.get("folder", "")}
            key = {"study_id": self.study_id, "number": number}
            self.connection.execute(table.insert().values(key | row))

    def remove(self, number: int) -> None:
        """Remove what is known of the weights of a trial."""
        self.connection.execute(table.delete().where(self._in_study, table.c.number == number))

    def digest(self, number: int) -> str:
        """Return the SHA-256 of a trial's weights; "" if none is kept."""
        query = select(table.c.digest).where(self._in_study, table.c.number == number)
        return self.connection.execute(query).scalar() or ""

    def places(self) -> dict[int, dict[str, str]]:
        """Return where the weights of trials lie, `host` and `folder`, by number; as far as is known."""
        query = select(table.c.number, table.c.host, table.c.folder).where(self._in_study, table.c.host != "")
        rows = self.connection.execute(query.order_by(table.c.number))
        return {row.number: {"host": row.host, "folder": row.folder} for row in rows}

    @property
    def _in_study(self) -> sqlalchemy.ColumnElement[bool]:
        return table.c.study_id == self.study_id


def has_table(connection: Connection) -> bool:
    """Return whether a database has the table, which earlier versions did not make."""
    return sqlalchemy.inspect(connection).has_table(table.name)


def create_table(connection: Connection) -> None:
    """Create the table in a database that lacks it, with what was kept among Optuna's attributes alone."""
    if has_table(connection):
        return
    table.create(connection)
    for study_id in connection.execute(select(trials.c.study_id).distinct()).scalars().all():
        rows = WeightRows(connection=connection, study_id=study_id)
        digests, places = (
            optuna_rows.facts_of_trials(connection, study_id, key) for key in ("weights", "place")
        )
        for number in digests.keys() | places.keys():
            digest, place = digests.get(number), places.get(number)
            rows.add(number, digest if isinstance(digest, str) else "", place if is_place(place) else {})
