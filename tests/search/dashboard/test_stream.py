"""The stream of events, and the thread that polls the study for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from helpers.dashboard import Event, parsed, submit, submit_proposed, until

from archscape.search.dashboard import stream
from archscape.search.dashboard.stream import Stream
from archscape.search.study import changes
from archscape.search.study.poller import Poller
from archscape.search.study.proposal import Prediction
from archscape.search.study.study import Study
from archscape.search.workers.trial_source import SearchPlan


@pytest.fixture
def poller(study: Study, monkeypatch: pytest.MonkeyPatch) -> Iterator[Poller]:
    monkeypatch.setattr("archscape.search.study.poller.POLL_SECONDS", 0.02)
    poller = Poller(study)
    yield poller
    poller.close()


def test_stream_tells_what_changed_and_no_more(
    poller: Poller, study: Study, plan: SearchPlan, finished: Callable[..., Any]
) -> None:
    expected = {"accuracy": Prediction(mean=0.7512345678, deviation=0.125, incumbent=0.5)}
    first = submit_proposed(study, plan, predicted=expected)
    second = submit(study, plan)
    events = iter(Stream(poller=poller, token="t"))
    assert parsed(next(events))[0].data["study"] == "tiny"
    start = until(events, "trials")
    assert [row[:2] for row in start.data] == [[0, "running"], [1, "running"]]
    assert start.id == "t.1"
    study.tell(finished(second, accuracy=0.75))
    event = until(events, "trials")
    assert [row[:2] for row in event.data] == [[1, "complete"]]
    assert event.id == "t.2"
    study.report(first, {1: {"loss": 1.5, "accuracy": 0.25}})
    working = until(events, "running", lambda rows: rows[0][3] == 1)
    assert working.data[0][4:] == [{"loss": 1.5, "accuracy": 0.25}, {"accuracy": [0.751235, 0.125]}]


def test_stream_tells_the_decisions_before_the_trials_that_made_them(
    poller: Poller, study: Study, plan: SearchPlan
) -> None:
    submit(study, plan)
    events: list[Event] = []
    stream = iter(Stream(poller=poller, token="t"))
    while not any(event.kind == "trials" for event in events):
        events += parsed(next(stream))
    kinds = [event.kind for event in events]
    assert kinds.index("decisions") < kinds.index("trials")
    (paths,) = [event.data for event in events if event.kind == "decisions"]
    ((row,),) = [event.data for event in events if event.kind == "trials"]
    trial = study.trials()[0]
    assert dict(zip(paths, row[-len(paths) :], strict=True)) == dict(trial.decisions)


def test_stream_goes_on_from_the_last_event(poller: Poller, study: Study, plan: SearchPlan) -> None:
    for _ in range(3):
        submit(study, plan)
    known = until(iter(Stream.resumed(poller, "t", "t.1")), "trials")
    assert [row[0] for row in known.data] == [2]
    for last in ("", "other.1", "t.x", "1"):
        assert Stream.resumed(poller, "t", last).latest_change == -1


def test_a_large_study_comes_in_pieces(
    poller: Poller, study: Study, plan: SearchPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(7):
        submit(study, plan)
    monkeypatch.setattr(stream, "CHUNK", 2)
    monkeypatch.setattr(changes, "BATCH", 3)
    seen: list[int] = []
    for text in Stream(poller=poller, token="t"):
        pieces = [event.data for event in parsed(text) if event.kind == "trials"]
        assert all(len(rows) <= 2 for rows in pieces)
        seen += [row[0] for rows in pieces for row in rows]
        if len(seen) == 7:
            break
    assert seen == list(range(7))


def test_stream_shows_that_it_lives(poller: Poller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.1)
    assert any(text.startswith(b":") for text in Stream(poller=poller, token="t"))


def test_nothing_is_read_while_no_page_is_open(poller: Poller) -> None:
    events = iter(Stream(poller=poller, token="t"))
    until(events, "summary")
    events.close()  # type: ignore[attr-defined]
    poller.wait(poller.polls, seconds=0.2)  # a poll may have been under way
    polls = poller.polls
    assert poller.wait(polls, seconds=0.3) == polls


@pytest.mark.slow
def test_a_database_that_is_away_is_told_and_found_again(
    poller: Poller, study: Study, plan: SearchPlan
) -> None:
    submit(study, plan)
    events = iter(Stream(poller=poller, token="t"))
    until(events, "trials")
    with closing(sqlite3.connect(study.address.target)) as connection:
        connection.execute("ALTER TABLE archscape_trials RENAME TO gone")
        assert "no such table" in until(events, "trouble").data
        connection.execute("ALTER TABLE gone RENAME TO archscape_trials")
    assert until(events, "trouble", lambda text: text == "").data == ""
