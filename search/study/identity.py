"""Identity of a study: which one it is, of all that ever had its name or its key in a database.

Names and keys are used again: SQLite gives the next study the key of one that was deleted, and Optuna deletes
studies without knowing of archscape's tables. So each study has an id that no other ever has, which stands
among its attributes with the key it was created with. Every transaction checks it, so no process works on
another study than the one it opened; and whoever creates a study first removes the rows that dead ones left.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

from sqlalchemy import Connection, select

from archscape.spaces.errors import StudyError, StudyGone

from . import optuna_rows
from .schema import tables, trials

KEY = "identity"


def find_studies(connection: Connection) -> dict[str, int]:
    """Return the keys of the studies of archscape by name: neither Optuna's own, nor copies made by it."""
    facts = optuna_rows.attribute_of_all(connection, "archscape")
    identities = optuna_rows.attribute_of_all(connection, KEY)
    return {
        name: key
        for name, key in optuna_rows.find_studies(connection).items()
        if key in facts and not _is_copy(connection, key, identities.get(key))
    }


def check_name(connection: Connection, name: str) -> None:
    """Check that a name is not that of a study without archscape's rows.

    Raises:
        StudyError: If it is.
    """
    if name in optuna_rows.find_studies(connection):
        raise StudyError(
            f"study '{name}' of this storage was made by Optuna, as a copy or anew, and has no trials of "
            f"archscape; give the search another name, or delete it with Optuna"
        )


def create(connection: Connection, name: str, objectives: Mapping[str, str]) -> int:
    """Create a study, with an id of its own and no rows of dead ones; return its key."""
    key = optuna_rows.add_study(connection, name, objectives)
    remove_orphans(connection)
    optuna_rows.set_study_facts(connection, key, **{KEY: _new(key)})
    return key


def settle(connection: Connection, key: int) -> str:
    """Return the id of a study; one of an earlier version gets it now."""
    known = optuna_rows.study_facts(connection, key).get(KEY)
    if not isinstance(known, dict):
        known = _new(key)
        optuna_rows.set_study_facts(connection, key, **{KEY: known})
    return str(known["id"])


def require(connection: Connection, key: int, identity: str) -> None:
    """Check that a key still is that of the study with this id.

    Raises:
        StudyGone: If it is not.
    """
    known = optuna_rows.attribute(connection, key, KEY)
    if not isinstance(known, dict) or known.get("id") != identity:
        raise StudyGone(
            "it was deleted from its database" + (", and another took its place" if known else "")
        )


def remove_orphans(connection: Connection) -> None:
    """Remove the rows of studies that are no longer there."""
    living = list(find_studies(connection).values())
    for table in tables.sorted_tables:
        connection.execute(table.delete().where(table.c.study_id.not_in(living)))


def _is_copy(connection: Connection, key: int, identity: object) -> bool:
    """Return whether Optuna copied a study: it copies attributes and its own trials, but not our rows."""
    if isinstance(identity, dict) and identity.get("key") != key:
        return True
    # In this order: a worker that adds the first trial between the two statements has written both rows.
    if not optuna_rows.has_trials(connection, key):
        return False
    return (
        connection.execute(select(trials.c.number).where(trials.c.study_id == key).limit(1)).first() is None
    )


def _new(key: int) -> dict[str, object]:
    return {"id": uuid4().hex, "key": key}
