"""The time left: of what ended and the clock alone, falling while one waits, right where trials are alike."""

from __future__ import annotations

import heapq
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscape.search.study.time_left import Spell, seconds_left

WORKERS = st.integers(1, 6)
DURATIONS = st.lists(st.floats(0.5, 500), min_size=1, max_size=40)


def schedule(durations: list[float], workers: int) -> list[Spell]:
    """Return the work of a search whose workers take the next trial as soon as they are free."""
    free = [0.0] * workers
    spells = []
    for duration in durations:
        began = heapq.heappop(free)
        spells.append(Spell(began, began + duration))
        heapq.heappush(free, began + duration)
    return spells


def told(spells: list[Spell], now: float) -> float | None:
    """Return what is told at a time, of which only the past is known."""
    return seconds_left(
        sorted((spell for spell in spells if spell.ended <= now), key=lambda spell: spell.ended),
        [spell.began for spell in spells if spell.began <= now < spell.ended],
        waiting=sum(spell.began > now for spell in spells),
        now=now,
    )


@given(DURATIONS, WORKERS, st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_it_never_rises_while_the_last_trials_run(
    durations: list[float], workers: int, shares: list[float]
) -> None:
    spells = schedule(durations, workers)
    start, end = max(spell.began for spell in spells), max(spell.ended for spell in spells)
    moments = sorted([start, *(start + share * (end - start) for share in shares)])
    moments += [spell.ended for spell in spells if spell.ended > start]
    known = [left for now in sorted(moments) if (left := told(spells, now)) is not None]
    assert known == sorted(known, reverse=True)


@given(DURATIONS, WORKERS, st.floats(0, 1))
def test_between_two_ends_it_falls_no_faster_than_the_clock(
    durations: list[float], workers: int, share: float
) -> None:
    spells = schedule(durations, workers)
    moments = sorted({moment for spell in spells for moment in spell})
    for before, after in pairwise(moments):
        later = before + share * (after - before)
        first, second = told(spells, before), told(spells, later) if later < after else None
        if first is not None and second is not None:
            assert first - (later - before) - 1e-6 <= second <= first + 1e-6


@given(st.integers(1, 40), st.floats(0.5, 500), WORKERS, st.floats(0, 1))
def test_it_is_right_where_all_trials_take_the_same(
    trials: int, each: float, workers: int, share: float
) -> None:
    spells = schedule([each] * trials, workers)
    end = max(spell.ended for spell in spells)
    now = each + share * (end - each)
    left = told(spells, now)
    assert left is None or left == pytest.approx(end - now, abs=each * 1e-6)
    assert left is not None or end - now < each * 1e-6 or trials <= workers


@given(DURATIONS, WORKERS, st.floats(0, 1e6))
def test_nothing_is_told_before_a_trial_ended_or_when_all_are_late(
    durations: list[float], workers: int, late: float
) -> None:
    assert seconds_left([], [0.0], waiting=3, now=late) is None
    assert seconds_left([Spell(0, 10)], [], waiting=0, now=late + 10) is None
    assert seconds_left([Spell(0, 10)], [0.0, 5.0], waiting=0, now=15 + late) is None


def test_a_worker_that_takes_the_next_trial_at_once_is_no_worker_less() -> None:
    between = seconds_left([Spell(0, 60)], [60.0], waiting=4, idle=1, now=60)
    assert between == seconds_left([Spell(0, 60)], [60.0, 60.0], waiting=3, now=60) == 180


def test_trials_that_are_paused_early_count_for_what_they_took() -> None:
    assert seconds_left([Spell(0, 10), Spell(10, 20)], [20.0], waiting=8, now=20) == 90
