"""What a command tells while it takes long: away from a terminal no minute is silent."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator

import pytest

from archscape.waiting import Lines, progress, watch, working


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def lines_of(clock: Clock, written: list[str], *, at_once: bool) -> Lines:
    return Lines(at_once=at_once, clock=clock, write=written.append)


def test_a_task_has_a_line_when_it_begins_and_while_it_gets_on(clock: Clock) -> None:
    written: list[str] = []
    show = lines_of(clock, written, at_once=True)
    for clock.now, done in ((0.0, 0.0), (5.0, 1.0), (10.0, 2.0), (15.0, 3.0), (40.0, 8.0)):
        show("timing operators", done, 10)
    show("timing networks", 0, 3)
    assert written == [
        "timing operators ...",
        "timing operators: 20% after 10.0 s, 40.0 s left",
        "timing operators: 80% after 40.0 s, 10.0 s left",
        "timing networks ...",
    ]


def test_what_takes_a_moment_has_no_line_unless_asked(clock: Clock) -> None:
    written: list[str] = []
    show = lines_of(clock, written, at_once=False)
    show("counting", 0, 100)
    clock.now = 9.9
    show("counting", 99, 100)
    assert written == []
    clock.now = 10
    show("counting", 100, 100)
    assert written == ["counting: 100% after 10.0 s"]


def test_a_minute_without_a_line_has_one_whatever_the_task_does(clock: Clock) -> None:
    written: list[str] = []
    show = lines_of(clock, written, at_once=True)
    show("drawing", 0, 0)
    for clock.now in (59.0, 60.0, 61.0, 119.0, 120.0):
        show.tell(60)
    assert written == ["drawing: 0.0 s so far", "drawing: 1 min 0 s so far", "drawing: 2 min 0 s so far"]


def test_away_from_a_terminal_short_work_leaves_no_trace(capsys: pytest.CaptureFixture[str]) -> None:
    with working("a moment"):
        pass
    assert [*watch(iter(range(3)), 3)] == [0, 1, 2]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("variable", ["TERM", "CI"])
def test_a_log_is_not_redrawn(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def written() -> Iterator[str]:
        monkeypatch.setattr(sys, "stderr", stream := Terminal())
        with progress() as show:
            show("timing", 0, 2)
        yield stream.getvalue()

    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[" in next(written())
    monkeypatch.setenv(variable, "dumb")
    assert next(written()) == "timing ...\n"
