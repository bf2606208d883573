"""How long others are silent: one's own clock, and only what could be heard."""

from __future__ import annotations

import pytest

from archscape.search.study.liveness import LivenessMonitor


@pytest.fixture
def now() -> list[float]:
    return [100.0]


@pytest.fixture
def watch(now: list[float]) -> LivenessMonitor:
    return LivenessMonitor(clock=lambda: now[0])


def test_silence_begins_when_a_sign_is_first_seen(watch: LivenessMonitor, now: list[float]) -> None:
    assert watch.silent_seconds(0, "a") == 0
    now[0] += 7
    assert watch.silent_seconds(0, "a") == 7
    now[0] += 1000
    assert watch.silent_seconds(0, "b") == 0
    assert watch.silent_seconds(1, "b") == 0


def test_time_in_which_nobody_could_give_a_sign_does_not_count(
    watch: LivenessMonitor, now: list[float]
) -> None:
    watch.silent_seconds(0, "a")
    now[0] = 500.0
    assert watch.silent_seconds(0, "a", since=490.0) == 10
    assert watch.silent_seconds(0, "a") == 400
    assert watch.silent_seconds(0, "a", since=50.0) == 400


def test_forgets_who_is_not_waited_for(watch: LivenessMonitor, now: list[float]) -> None:
    watch.silent_seconds(0, "a")
    watch.silent_seconds(1, "a")
    watch.keep({1})
    now[0] += 5
    assert [watch.silent_seconds(n, "a") for n in (0, 1)] == [0, 5]
