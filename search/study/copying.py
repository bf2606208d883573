"""Copying a study: its trials with their epochs, rungs and weights, under another name, in any storage."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

import yaml
from sqlalchemy import Connection, select

from archscape.spaces.errors import InputError

from . import identity, optuna_rows
from .alive import ALIVE
from .artifacts import Artifacts
from .engines import open_database
from .reader import ORIGINS, TRACKED, StudyReader
from .schema import tables
from .storage import presentable

Rows = dict[str, list[dict[str, Any]]]

LEFT = (identity.KEY, "stop", ALIVE, TRACKED)
"""Attributes of a study that are its own."""

_NOBODY = dict.fromkeys(("machine", "pid", "born", "beat"))


@dataclass(frozen=True, kw_only=True)
class _Content:
    """All that a study holds, as it was at one moment."""

    facts: dict[str, Any]
    ours: Rows
    optunas: Rows


def copy_study(study: StudyReader, name: str, *, storage: str = "") -> int:
    """Copy a study; return how many trials it has.

    What a process works on waits in the copy, with no attempt counted; weights stay where they are, and the
    copy knows where, in artifacts too. The time in which the study was alive is not the copy's.

    Args:
        study: The study.
        name: Of the copy, and of the search that works on it.
        storage: URL or path of a database; "" for that of the study.

    Raises:
        InputError: If there is a study of the name.
        StudyError: If a database cannot be used.
    """
    content = study.read_rows(_read)
    if origins := [asdict(artifacts) for artifacts in Artifacts.all_of(study)]:
        content.facts[ORIGINS] = origins
    address = storage or str(study.address.target)

    def step(connection: Connection) -> None:
        if name in optuna_rows.find_studies(connection):
            raise InputError(f"{presentable(address)} has a study '{name}'; choose another name")
        _write(connection, name, content)

    with closing(open_database(address)) as database:
        database.write(step, line=0)
    return len(content.ours["archscape_trials"])


def _read(connection: Connection, study_id: int) -> _Content:
    attributes = optuna_rows.study_facts(connection, study_id)
    return _Content(
        facts={key: value for key, value in attributes.items() if key not in LEFT},
        ours={
            table.name: [
                dict(row._mapping)
                for row in connection.execute(select(table).where(table.c.study_id == study_id))
            ]
            for table in tables.sorted_tables
        },
        optunas=optuna_rows.rows_of_trials(connection, study_id),
    )


def _write(connection: Connection, name: str, content: _Content) -> None:
    facts = dict(content.facts)
    if job := facts.get("settings", {}).get("job"):
        facts["settings"] = facts["settings"] | {"job": _renamed(job, name)}
    key = identity.create(connection, name, facts["archscape"]["objectives"])
    optuna_rows.set_study_facts(connection, key, **facts)
    keys = optuna_rows.add_rows_of_trials(connection, key, content.optunas)
    for table in tables.sorted_tables:
        rows = [{**row, "study_id": key} for row in content.ours[table.name]]
        if table.name == "archscape_trials":
            rows = [_waiting(row) | {"trial_id": keys.get(row["trial_id"], -1)} for row in rows]
        if rows:
            connection.execute(table.insert(), rows)
    for row in content.ours["archscape_trials"]:
        if row["state"] == "running" and row["trial_id"] in keys:
            optuna_rows.set_state(connection, keys[row["trial_id"]], "waiting")


def _waiting(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of a trial as nobody works on it."""
    if row["state"] == "running":
        return {**row, **_NOBODY, "state": "waiting", "attempts": 0}
    return {**row, **_NOBODY} if row["state"] == "paused" else dict(row)


def _renamed(job: str, name: str) -> str:
    """Return a job under another name."""
    settings = {**yaml.safe_load(job), "search": name}
    return yaml.safe_dump(settings, sort_keys=False, default_flow_style=None, width=100)
