"""The state of a study as the page shows it."""

from __future__ import annotations

from datetime import datetime

import pytest
from helpers.dashboard import AIMS

from archscape.search.dashboard.tiles import tiles
from archscape.search.study.changes import ChangedTrial, RunningTrial, StudyChanges
from archscape.search.study.live_state import StudyState


def changed(number: int, state: str, changed: int, **values: float) -> ChangedTrial:
    ends = {"started": f"2026-01-01T10:{number:02}:00+00:00", "finished": ""}
    if state in ("complete", "failed", "pruned"):
        ends["finished"] = f"2026-01-01T10:{number + 1:02}:00+00:00"
    cause = {"failed": "out_of_memory", "pruned": "halving"}.get(state, "")
    return ChangedTrial(
        number=number, changed=changed, state=state, rung=None, cause=cause, worker="w", values=values, **ends
    )


def state_of(*rows: ChangedTrial, trials: int = 10) -> StudyState:
    state = StudyState(objectives=AIMS)
    latest = {row.number: row.state for row in rows}
    working = tuple(
        RunningTrial(number=number, epoch=0, metrics={})
        for number, state in latest.items()
        if state == "running"
    )
    state.update(StudyChanges(changed=rows, running=working, trials=trials, should_stop=False))
    return state


def test_state_counts_a_trial_once_whatever_it_went_through() -> None:
    state = state_of(
        changed(0, "running", 0),
        changed(0, "paused", 1),
        changed(1, "failed", 2),
        changed(0, "complete", 3, accuracy=0.5),
    )
    shown = {name: (number, about) for name, number, about in tiles(state, 0)}
    assert shown["Trials ended"] == ("2", "of 10, 1 complete, nobody works on it now")
    assert shown["Stopped early"] == ("0", "")
    assert shown["Running"] == ("0", "")
    assert shown["Failed"] == ("1", "1 out of memory")
    assert [row.number for row in state.since(1)] == [1, 0]
    assert state.latest_change == 3


def test_best_is_the_cheapest_of_equals() -> None:
    rows = [changed(i, "complete", i, accuracy=0.5, macs=macs) for i, macs in enumerate([30, 10, 20])]
    assert ("Best validation accuracy", "50.00%", "trial 1") in tiles(state_of(*rows), 0)


def test_speed_is_that_of_the_latest_trials_while_somebody_works() -> None:
    ended = [changed(i, "complete", i, accuracy=0.5, macs=1) for i in range(6)]
    now = stream_time("2026-01-01T10:06:00+00:00")
    assert state_of(*ended).per_hour(now) == 0.0
    state = state_of(*ended, changed(6, "running", 6))
    assert state.per_hour(now) == pytest.approx(60.0)
    assert ("Time left", "4\xa0min\xa00\xa0s", "at this speed") in tiles(state, now)
    assert state.per_hour(now + 360) == pytest.approx(30.0)


def stream_time(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
