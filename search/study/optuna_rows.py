"""Optuna's rows of a trial, so that Optuna and its dashboard read an archscape study as one of their own.

They are written in the transactions that write archscape's own row, in a few statements for a whole trial:
one `suggest` after the other costs many times as much.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any

import optuna
import sqlalchemy
from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.study import StudyDirection
from sqlalchemy import Connection

from archscape.analysis.results import TrialState
from archscape.spaces.errors import StudyError
from archscape.spaces.values import LogOptions

from .history import distribution, parameter

SCHEMA_VERSION = 12
"""The version of Optuna's tables that is written here."""

WORKING_OPTUNA = "5.0"
"""The oldest Optuna that is known to have these tables."""


def load_models() -> ModuleType:
    """Return Optuna's private module of its tables; nothing else imports it.

    Raises:
        StudyError: If the installed Optuna has other tables than those that are written here.
    """
    try:
        models = import_module("optuna.storages._rdb.models")
        version = models.SCHEMA_VERSION
    except (ImportError, AttributeError):
        version = "unknown"
    if version != SCHEMA_VERSION:
        raise StudyError(
            f"Optuna {optuna.__version__} has tables of version {version}, but a study needs version "
            f"{SCHEMA_VERSION}; install Optuna {WORKING_OPTUNA}, or a later one with these tables"
        )
    return models


_models = load_models()
_studies = _models.StudyModel.__table__
_directions = _models.StudyDirectionModel.__table__
_study_facts = _models.StudyUserAttributeModel.__table__
_system_study_facts = _models.StudySystemAttributeModel.__table__
_trials = _models.TrialModel.__table__
_params = _models.TrialParamModel.__table__
_values = _models.TrialValueModel.__table__
_facts = _models.TrialUserAttributeModel.__table__
_system_facts = _models.TrialSystemAttributeModel.__table__
_steps = _models.TrialIntermediateValueModel.__table__
_FINITE = _models.TrialValueModel.TrialValueType.FINITE
_FINITE_STEP = _models.TrialIntermediateValueModel.TrialIntermediateValueType.FINITE

STATES = {state.value: optuna.trial.TrialState[state.optuna] for state in TrialState}
"""Optuna's word for each state of a trial."""


def has_known_tables(connection: Connection) -> bool:
    """Return whether a database's tables of Optuna are of the version that is written here."""
    query = sqlalchemy.select(_models.VersionInfoModel.schema_version)
    return connection.execute(query).scalar() == SCHEMA_VERSION


def add_study(connection: Connection, name: str, objectives: Mapping[str, str]) -> int:
    """Add a study with its objectives (name to direction), which Optuna calls metrics; return its key."""
    key = _key(connection.execute(_studies.insert().values(study_name=name)))
    rows = [
        {"study_id": key, "objective": i, "direction": StudyDirection[direction.upper()]}
        for i, direction in enumerate(objectives.values())
    ]
    connection.execute(_directions.insert(), rows)
    names = {"study_id": key, "key": "study:metric_names", "value_json": json.dumps(list(objectives))}
    connection.execute(_system_study_facts.insert().values(names))
    return key


def find_studies(connection: Connection) -> dict[str, int]:
    """Return the keys of all studies of the database by name."""
    query = sqlalchemy.select(_studies.c.study_name, _studies.c.study_id).order_by(_studies.c.study_id)
    return {row.study_name: row.study_id for row in connection.execute(query)}


def study_facts(connection: Connection, study_id: int) -> dict[str, object]:
    """Return the attributes of a study."""
    columns = _study_facts.c
    query = sqlalchemy.select(columns.key, columns.value_json).where(columns.study_id == study_id)
    return {key: json.loads(text) for key, text in connection.execute(query)}


def attribute(connection: Connection, study_id: int, key: str) -> object:
    """Return one attribute of a study; None if it has none of this key."""
    query = sqlalchemy.select(_study_facts.c.value_json).where(
        _study_facts.c.study_id == study_id, _study_facts.c.key == key
    )
    text = connection.execute(query).scalar()
    return None if text is None else json.loads(text)


def attribute_of_all(connection: Connection, key: str) -> dict[int, object]:
    """Return an attribute of all studies that have it, by their keys."""
    columns = _study_facts.c
    query = sqlalchemy.select(columns.study_id, columns.value_json).where(columns.key == key)
    return {study_id: json.loads(text) for study_id, text in connection.execute(query)}


def has_trials(connection: Connection, study_id: int, trial_id: int | None = None) -> bool:
    """Return whether a study has trials in Optuna's tables; or whether it has the one of this key."""
    query = sqlalchemy.select(_trials.c.trial_id).where(_trials.c.study_id == study_id).limit(1)
    if trial_id is not None:
        query = query.where(_trials.c.trial_id == trial_id)
    return connection.execute(query).first() is not None


def set_study_facts(connection: Connection, study_id: int, **facts: object) -> None:
    """Set attributes of a study; None takes one away."""
    columns = _study_facts.c
    connection.execute(_study_facts.delete().where(columns.study_id == study_id, columns.key.in_(facts)))
    for key, value in facts.items():
        if value is not None:
            row = {"study_id": study_id, "key": key, "value_json": json.dumps(value)}
            connection.execute(_study_facts.insert().values(row))


def add_trial(
    connection: Connection,
    study_id: int,
    number: int,
    decisions: Mapping[str, int | str],
    options: Mapping[str, Sequence[int | str]],
    facts: Mapping[str, object],
    constraints: Sequence[float] = (),
) -> int:
    """Add a running trial with its parameters and attributes; return its key.

    Its constraints, none above 0 if it is feasible, go where Optuna 5 and the dashboards of all its versions
    read them: what `set_constraint` of Optuna 5 writes has another key, which no dashboard knows yet.
    """
    row = {"study_id": study_id, "number": number, "state": STATES["running"], "datetime_start": _now()}
    key = _key(connection.execute(_trials.insert().values(row)))
    params = [_param(path, option, _hashable(options[path])) for path, option in decisions.items()]
    _add(connection, _params, key, params)
    _add(connection, _facts, key, _attributes(facts))
    if constraints:
        _add(connection, _system_facts, key, _attributes({"constraints": list(constraints)}))
    return key


def add_constraints(connection: Connection, trial_id: int, constraints: Sequence[float]) -> None:
    """Add to the constraints of a trial those that only its training could tell."""
    row = (_system_facts.c.trial_id == trial_id) & (_system_facts.c.key == "constraints")
    text = connection.execute(sqlalchemy.select(_system_facts.c.value_json).where(row)).scalar()
    connection.execute(_system_facts.delete().where(row))
    known = json.loads(text) if text else []
    _add(connection, _system_facts, trial_id, _attributes({"constraints": [*known, *constraints]}))


def add_steps(connection: Connection, trial_id: int, values: Mapping[int, float]) -> None:
    """Add the values of a trial after some of its epochs, finite ones, for Optuna's learning curves."""
    steps = [{"step": epoch, "intermediate_value": value} for epoch, value in values.items()]
    _add(connection, _steps, trial_id, [step | {"intermediate_value_type": _FINITE_STEP} for step in steps])


def set_state(connection: Connection, trial_id: int, state: str) -> None:
    """Set the state of a trial that has not ended."""
    update = _trials.update().where(_trials.c.trial_id == trial_id)
    connection.execute(update.values(state=STATES[state]))


def end_trial(
    connection: Connection, trial_id: int, state: str, values: Sequence[float], facts: Mapping[str, object]
) -> None:
    """Write the final state of a trial, with its values if it is complete."""
    update = _trials.update().where(_trials.c.trial_id == trial_id)
    connection.execute(update.values(state=STATES[state], datetime_complete=_now()))
    rows = [{"objective": i, "value": value, "value_type": _FINITE} for i, value in enumerate(values)]
    _add(connection, _values, trial_id, rows)
    _add(connection, _facts, trial_id, _attributes(facts))


def reopen_trial(
    connection: Connection, trial_id: int, facts: Collection[str], *, keep_steps: bool = False
) -> None:
    """Let a trial that has ended wait again, without these attributes of its end, or its curve."""
    update = _trials.update().where(_trials.c.trial_id == trial_id)
    connection.execute(update.values(state=STATES["waiting"], datetime_complete=None))
    for table in (_values,) if keep_steps else (_values, _steps):
        connection.execute(table.delete().where(table.c.trial_id == trial_id))
    connection.execute(_facts.delete().where(_facts.c.trial_id == trial_id, _facts.c.key.in_(facts)))


def facts_of_trials(connection: Connection, study_id: int, key: str) -> dict[int, object]:
    """Return an attribute of all trials of a study that have it, by their numbers."""
    query = sqlalchemy.select(_trials.c.number, _facts.c.value_json).join(
        _trials, _trials.c.trial_id == _facts.c.trial_id
    )
    rows = connection.execute(query.where(_trials.c.study_id == study_id, _facts.c.key == key))
    return {number: json.loads(text) for number, text in rows}


def rows_of_trials(connection: Connection, study_id: int) -> dict[str, list[dict[str, Any]]]:
    """Return all that Optuna's tables hold of the trials of a study, row by row, by the name of the table."""
    trial_ids = sqlalchemy.select(_trials.c.trial_id).where(_trials.c.study_id == study_id)
    return {
        table.name: [
            dict(row._mapping)
            for row in connection.execute(table.select().where(table.c.trial_id.in_(trial_ids)))
        ]
        for table in _tables_of_trials()
    }


def add_rows_of_trials(
    connection: Connection, study_id: int, rows: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[int, int]:
    """Add the trials of another study to one; return the keys that they have now, by those they had."""
    keys: dict[int, int] = {}
    for row in sorted(rows[_trials.name], key=lambda row: row["number"]):
        new = {name: value for name, value in row.items() if name != "trial_id"} | {"study_id": study_id}
        keys[row["trial_id"]] = _key(connection.execute(_trials.insert().values(new)))
    for table in _tables_of_trials():
        own = {column.name for column in table.primary_key}
        copies = [
            {name: value for name, value in row.items() if name not in own}
            | {"trial_id": keys[row["trial_id"]]}
            for row in rows[table.name]
        ]
        if table is not _trials and copies:
            connection.execute(table.insert(), copies)
    return keys


def _tables_of_trials() -> list[sqlalchemy.Table]:
    return [table for table in _models.BaseModel.metadata.sorted_tables if "trial_id" in table.c]


def remove_study(connection: Connection, study_id: int) -> None:
    """Remove a study with all its trials."""
    trial_ids = sqlalchemy.select(_trials.c.trial_id).where(_trials.c.study_id == study_id)
    for model in _models.BaseModel.metadata.sorted_tables[::-1]:
        if "study_id" in model.c:
            connection.execute(model.delete().where(model.c.study_id == study_id))
        elif "trial_id" in model.c:
            connection.execute(model.delete().where(model.c.trial_id.in_(trial_ids)))


def _add(
    connection: Connection, table: sqlalchemy.Table, trial_id: int, rows: Sequence[Mapping[str, object]]
) -> None:
    """Add rows of a trial to a table, if there are any."""
    if rows:
        connection.execute(table.insert(), [{"trial_id": trial_id, **row} for row in rows])


def _attributes(facts: Mapping[str, object]) -> list[dict[str, object]]:
    return [{"key": key, "value_json": json.dumps(value)} for key, value in facts.items()]


def _param(path: str, option: int | str, options: tuple[int | str, ...]) -> dict[str, object]:
    span, text = _distribution(options)
    value = span.to_internal_repr(parameter(option, span))
    return {"param_name": path, "param_value": value, "distribution_json": text}


def _hashable(options: Sequence[int | str]) -> tuple[int | str, ...]:
    return options if isinstance(options, LogOptions) else tuple(options)


@lru_cache(maxsize=4096, typed=True)
def _distribution(options: tuple[int | str, ...]) -> tuple[BaseDistribution, str]:
    span = distribution(options)
    return span, distribution_to_json(span)


def _key(result: sqlalchemy.CursorResult[tuple[object, ...]]) -> int:
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])


def _now() -> datetime:
    """Return the time as Optuna's tables hold it: UTC, without a time zone."""
    return datetime.now(UTC).replace(tzinfo=None)
