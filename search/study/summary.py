"""StudySummary: the studies of a database, each in a row."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from archscape.analysis.limits import read_limits
from archscape.analysis.results import FINAL

from . import identity, optuna_rows
from .engines import open_database
from .trial_rows import TrialRows


@dataclass(frozen=True, kw_only=True)
class StudySummary:
    """One study of a storage.

    Attributes:
        name: Its name.
        trials: How many it was asked to hold; "" if that is unknown.
        ended: Trials that came to their end; `running`, `paused` and `failed` are those in that state.
        best: Best value of the first objective so far, with its name; or "".
        latest: When a trial was submitted or ended last.
    """

    name: str
    trials: int | str
    ended: int
    running: int
    paused: int
    failed: int
    best: str
    latest: datetime | None


def study_summaries(address: str | Path) -> list[StudySummary]:
    """Return the studies of a storage by name.

    Raises:
        JobError: If the address is in no known form.
        StudyError: If the database cannot be used.
    """
    with closing(open_database(address, create=False)) as database:
        return database.read(
            lambda connection: [
                _summary(connection, name, key)
                for name, key in sorted(identity.find_studies(connection).items())
            ]
        )


def _summary(connection: Connection, name: str, key: int) -> StudySummary:
    facts: Mapping[str, Any] = optuna_rows.study_facts(connection, key)
    own = facts.get("archscape", {})
    objectives, limits = own.get("objectives", {}), read_limits(own)
    trial_rows = TrialRows(connection=connection, study_id=key, objectives=objectives, limits=limits)
    counts = trial_rows.counts()
    best = trial_rows.best_value() if objectives else None
    latest = trial_rows.latest()
    return StudySummary(
        name=name,
        trials=facts.get("settings", {}).get("trials") or "",
        ended=sum(counts.get(state, 0) for state in FINAL),
        **{state: counts.get(state, 0) for state in ("running", "paused", "failed")},
        best="" if best is None else f"{next(iter(objectives))} {best:.4g}",
        latest=datetime.fromisoformat(latest) if latest else None,
    )
