"""For how long a search was alive, where a budget counts that: the union of what its drivers saw.

Each driver notes, every few seconds, how long it has been there since its note before, and what others have
noted already counts once: all in one transaction, by the clock of the database. Between two notes the time
counts on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from math import inf

from sqlalchemy import Connection

from archscape.spaces.errors import StudyError

from . import optuna_rows
from .budget import Budget

ALIVE = "alive"
"""The attribute of a study that holds its `seconds`, and `until`: up to when they were noted."""

NOTE_SECONDS = 5.0
"""How often a driver notes; so much is lost of one that is killed."""


def note_alive(connection: Connection, study_id: int, now: datetime, elapsed: float) -> None:
    """Note that a driver was there for these seconds until now."""
    known, moment = _noted(connection, study_id), _timestamp(now)
    since = moment - known["until"] if known else inf
    seconds = (known["seconds"] if known else 0.0) + max(0.0, min(elapsed, since))
    optuna_rows.set_study_facts(connection, study_id, **{ALIVE: {"seconds": seconds, "until": moment}})


def alive_seconds(connection: Connection, study_id: int, now: datetime | None = None) -> float:
    """Return for how long the search was alive; with the time now, by somebody who knows that it is."""
    known = _noted(connection, study_id)
    if not known:
        return 0.0
    return known["seconds"] + (max(0.0, _timestamp(now) - known["until"]) if now else 0.0)


@contextmanager
def noting_alive(note: Callable[[float], None], *, budget: Budget | None, since: float) -> Iterator[None]:
    """Note while the block runs that the search is alive, if its budget counts that.

    It is noted before the block begins, too, and at its end.

    Args:
        note: Notes so many seconds in the study: `StudyReader.note_alive`.
        budget: What the search may spend.
        since: From when on, by `time.monotonic`: the time before the study was there counts.
    """
    if budget is None or budget.seconds is None:
        yield
        return
    ended, noted = threading.Event(), since

    def note_now() -> None:
        nonlocal noted
        now = time.monotonic()
        with suppress(StudyError):  # the next note makes up for it
            note(now - noted)
            noted = now

    def repeat() -> None:
        while not ended.wait(NOTE_SECONDS):
            note_now()

    note_now()
    thread = threading.Thread(target=repeat, name="note-alive", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        note_now()


def _noted(connection: Connection, study_id: int) -> dict[str, float] | None:
    known = optuna_rows.attribute(connection, study_id, ALIVE)
    return known if isinstance(known, dict) else None


def _timestamp(moment: datetime) -> float:
    """Return seconds since 1970; SQLite's times are in UTC and do not say so."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
