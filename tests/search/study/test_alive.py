"""For how long a search was alive: the union of what its drivers saw."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from archscape.search.study.alive import alive_seconds, note_alive
from archscape.search.study.study import Study

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def note(study: Study, moment: float, elapsed: float) -> float:
    """Note a driver at so many seconds after noon; return for how long the search was alive."""

    def step(connection: Any) -> float:
        note_alive(connection, study.key, NOON + timedelta(seconds=moment), elapsed)
        return alive_seconds(connection, study.key)

    return study.database.write(step, line=study.key)


def test_time_in_which_several_drivers_live_counts_once(stored: Study) -> None:
    assert note(stored, 0, 2) == 2  # the first had been there for two seconds
    assert note(stored, 5, 5) == 7
    assert note(stored, 6, 1) == 8  # a second began at 5
    assert note(stored, 10, 5) == 12  # the first again: four seconds are new
    assert note(stored, 11, 5) == 13
    assert note(stored, 1000, 3) == 16  # nobody was there for long


def test_time_counts_on_until_now_where_the_driver_lives(stored: Study) -> None:
    stored.note_alive(10.0)
    assert stored.spent(is_alive=False).seconds == pytest.approx(10.0)
    assert 10.0 <= stored.spent().seconds < 20.0
