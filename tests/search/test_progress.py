"""Progress: everything on a terminal, two plain lines elsewhere."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from archscape.search.progress import Progress
from archscape.search.pruners import Pruner
from archscape.search.study.changes import ChangedTrial, StudyChanges
from archscape.search.study.owner import Owner
from archscape.search.study.poller import Poller
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.workers.events import Event
from archscape.search.workers.trial_source import SearchPlan
from archscape.spaces.errors import StudyError

EVENTS = [
    Event(kind="start", worker="w1", number=0),
    Event(kind="start", worker="w2", number=1),
    Event(kind="epoch", worker="w2", number=1, epoch=3, metrics={"accuracy": 0.25, "loss": 2.0}),
    Event(kind="end", worker="w1", number=0, status="complete", metrics={"accuracy": 0.9, "macs": 500}),
    Event(kind="start", worker="w1", number=2),
    Event(kind="end", worker="w1", number=2, status="complete", metrics={"accuracy": 0.8, "macs": 100}),
    Event(kind="start", worker="w1", number=3),
    Event(kind="end", worker="w1", number=3, status="failed", message="diverged"),
]


@pytest.fixture
def poller(study: Study) -> Poller:
    poller = Poller(study)
    poller.state.trials = 8
    return poller


def view_of(poller: Poller, file: io.StringIO) -> Progress:
    return Progress(poller, title="demo", console=Console(file=file, width=80))


def clock() -> Iterator[int]:
    return count(0, 30)


def test_state_follows_the_events(poller: Poller) -> None:
    view = view_of(poller, io.StringIO())
    for event in EVENTS:
        view(event)
    state = view.state
    assert (state.ended, state.count("failed"), len(state.frontier.front)) == (3, 1, 2)
    assert {worker: doing.text for worker, doing in view.doing.items()} == {
        "w2": "trial 1, epoch 3, accuracy 25.00%"
    }
    assert view.line() == "3 of 8 trials, 1 failed, best accuracy 90.00%, frontier of 2"


def test_events_survive_their_line() -> None:
    assert [Event.from_json(event.to_json()) for event in EVENTS] == EVENTS
    assert all("\n" not in event.to_json() for event in EVENTS)


def test_a_file_has_a_line_for_each_trial_that_ended(poller: Poller) -> None:
    file = io.StringIO()
    now = [0.0]
    console = Console(file=file, width=40)
    with Progress(
        poller, title="demo", console=console, logs=Path("runs/demo/logs"), clock=lambda: now[0]
    ) as view:
        for event in EVENTS:
            now[0] += 30
            view(event)
        view(Event(kind="exhausted", worker="w1", message="nothing left"))
    assert file.getvalue().splitlines() == [
        "demo: 0 of 8 trials, best accuracy –, frontier of 0; a log for each trial is in runs/demo/logs",
        "trial 0 complete: accuracy 90.00%, MACs 500; 1 of 8, 5 min 0 s left",
        "trial 2 complete: accuracy 80.00%, MACs 100; 2 of 8, 3 min 0 s left",
        "trial 3 failed; 3 of 8, 1 min 40 s left",
        "nothing left",
        "demo: 3 of 8 trials, 1 failed, best accuracy 90.00%, frontier of 2, 4 min 0 s",
    ]


def test_what_a_training_raised_is_written_once(poller: Poller) -> None:
    file = io.StringIO()
    errors = ["my.py:3: ValueError: a", "my.py:3: ValueError: a", "my.py:9: KeyError: 'b'"]
    with Progress(poller, title="demo", console=Console(file=file, width=80)) as view:
        for number, error in enumerate(errors):
            view(Event(kind="start", worker="w1", number=number))
            view(Event(kind="end", worker="w1", number=number, status="failed", message=f"error: {error}"))
    lines = file.getvalue().splitlines()
    assert [line for line in lines if "Error" in line] == [f"trial 0: {errors[0]}", f"trial 2: {errors[2]}"]


def test_nothing_is_written_before_the_first_trial_starts(poller: Poller) -> None:
    """What is refused before that is the error alone; a note follows the first line."""
    file = io.StringIO()

    def view() -> Progress:
        return Progress(poller, title="demo", console=Console(file=file), note="note")

    with suppress(StudyError), view():
        raise StudyError("refused")
    assert file.getvalue() == ""
    with suppress(StudyError), view() as begun:
        begun(EVENTS[0])
        begun(EVENTS[1])
        raise StudyError("ended")
    first, note, last = file.getvalue().splitlines()
    assert first == "demo: 0 of 8 trials, best accuracy –, frontier of 0"
    assert (note, last.startswith(first)) == ("note", True)


def test_a_minute_without_a_line_is_told_what_runs(poller: Poller) -> None:
    file = io.StringIO()
    now = [0.0]
    with Progress(poller, title="demo", console=Console(file=file), clock=lambda: now[0]) as view:
        for event in EVENTS[:3]:
            view(event)
        now[0] = 59.9
        view.write_lines()
        assert len(file.getvalue().splitlines()) == 1
        now[0] = 60
        view.write_lines()
        view.write_lines()
    _, told, _ = file.getvalue().splitlines()
    assert told == (
        "demo: 0 of 8 trials, best accuracy –, frontier of 0; trial 0; trial 1, epoch 3, accuracy 25.00%"
    )


def test_a_line_that_nobody_reads_ends_no_search(poller: Poller) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with (
        suppress(BrokenPipeError),  # of the file itself, when it is closed
        os.fdopen(writing, "w") as file,
        Progress(poller, title="demo", console=Console(file=file)) as view,
    ):
        for event in EVENTS:
            view(event)
        assert view.state.ended == 3


@pytest.mark.parametrize(("name", "text"), [("TERM", "dumb"), ("CI", "true"), ("NO_COLOR", "1")])
def test_what_is_kept_as_a_log_is_not_redrawn(
    poller: Poller, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(name, text)
    file = Terminal()
    with Progress(poller, title="demo", console=Console(file=file)) as view:
        view(EVENTS[0])
        view(EVENTS[3])
    written = file.getvalue()
    assert ("\x1b[" in written) == (name == "NO_COLOR")  # redrawn, but without colours
    assert not re.search(r"\x1b\[[\d;]*3\dm", written)
    assert ("trial 0 complete" in written) == (name != "NO_COLOR")


def test_terminal_shows_trials_best_time_left_and_every_worker(poller: Poller) -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None, record=True)
    ticks = clock()
    view = Progress(poller, title="demo", console=console, clock=lambda: next(ticks))
    for event in EVENTS:
        view(event)
    console.print(view.live.get_renderable())
    lines = console.export_text().splitlines()
    assert lines[0].startswith("demo")
    assert lines[0].split()[-5:] == ["1", "min", "20", "s", "left"]
    assert lines[1].split() == ["best", "accuracy", "90.00%", "frontier", "2", "failed", "1"]
    assert lines[2].strip() == "w2  trial 1, epoch 3, accuracy 25.00%"


def test_shows_what_others_did_in_the_study(
    poller: Poller,
    study: Study,
    plan: SearchPlan,
    owner: Owner,
    finished: Callable[..., Result],
    never: Pruner,
) -> None:
    """Their trials come from the study; those of one's own workers from their events, sooner, and once."""
    leases = [study.ask_unique(plan.propose, owner, trials=8) for _ in range(4)]
    first, second, three, four = (lease for lease in leases if lease)
    metrics = {"accuracy": 0.9, "macs": 500}
    view = view_of(poller, io.StringIO())
    view(Event(kind="end", worker="w1", number=0, status="complete", metrics=metrics))
    study.tell(finished(first, metrics=metrics))
    study.tell(finished(second, status="failed"))
    study.report(three, {1: {"accuracy": 0.3}}, pruner=never)
    poller.poll()
    assert view.line() == "2 of 8 trials, 1 stopped early, 1 failed, best accuracy 90.00%, frontier of 1"
    study.release(three)
    study.next_work(owner, trials=4, pruner=never)
    study.tell(finished(four, 0.95))
    study.next_work(owner, trials=4, pruner=never)
    poller.poll()
    assert view.line().startswith("4 of 8 trials, 1 stopped early, 1 failed, best accuracy 95.00%")
    assert study.changes(since=view.state.latest_change).changed == ()


def test_a_trial_that_is_retried_is_told_again(
    poller: Poller, study: Study, plan: SearchPlan, owner: Owner, finished: Callable[..., Result]
) -> None:
    file = io.StringIO()
    view = view_of(poller, file)
    leases = [study.ask_unique(plan.propose, owner, trials=8) for _ in range(2)]
    first, second = (lease for lease in leases if lease)
    study.tell(finished(first, status="failed", metrics={}))
    poller.poll()
    view.write_lines()
    study.retry()
    study.tell(finished(second, metrics={"accuracy": 0.5, "macs": 100}))
    poller.poll()
    view.write_lines()
    view(Event(kind="end", worker="w1", number=0, status="complete", metrics={"accuracy": 0.9, "macs": 500}))
    study.tell(finished(first, metrics={"accuracy": 0.9, "macs": 500}))
    poller.poll()
    view.write_lines()
    assert [re.sub(":.*;|, .* left", ";", line) for line in file.getvalue().splitlines()] == [
        "trial 0 failed; 1 of 8",
        "trial 1 complete; 1 of 8",
        "trial 0 complete; 2 of 8",
    ]


def test_a_trial_that_is_retried_and_ends_between_two_looks_is_told_again(
    poller: Poller, study: Study, plan: SearchPlan, owner: Owner, finished: Callable[..., Result]
) -> None:
    """Be it by a worker of another search, or by one's own, whose event comes before."""
    file = io.StringIO()
    view = view_of(poller, file)
    leases = [study.ask_unique(plan.propose, owner, trials=8) for _ in range(2)]
    first, second = (lease for lease in leases if lease)
    for lease in (first, second):
        study.tell(finished(lease, status="failed", metrics={}))
    poller.poll()
    view.write_lines()
    study.retry()
    metrics = {"accuracy": 0.9, "macs": 500}
    view(Event(kind="end", worker="w1", number=1, status="complete", metrics=metrics))
    for lease in (first, second):
        study.tell(finished(lease, metrics=metrics))
    poller.poll()
    view.write_lines()
    assert [re.findall(r"\w+", line)[1:3] for line in file.getvalue().splitlines()] == [
        ["0", "failed"],
        ["1", "failed"],
        ["0", "complete"],
        ["1", "complete"],
    ]


def test_view_outlives_a_database_that_is_away(
    poller: Poller, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*, since: int) -> StudyChanges:
        raise StudyError("the server is away")

    monkeypatch.setattr(study, "changes", away)
    file = io.StringIO()
    with view_of(poller, file):
        pass
    assert len(file.getvalue().splitlines()) == 1


class CountedRows(dict[int, ChangedTrial]):
    """Rows of trials that count how many are looked at."""

    read = 0

    def values(self) -> Any:
        rows = super().values()

        class View:
            def __iter__(view) -> Iterator[ChangedTrial]:  # noqa: N805
                return self._counted(iter(rows))

            def __reversed__(view) -> Iterator[ChangedTrial]:  # noqa: N805
                return self._counted(reversed(rows))

        return View()

    def _counted(self, rows: Iterator[ChangedTrial]) -> Iterator[ChangedTrial]:
        for row in rows:
            self.read += 1
            yield row


def work_of_an_end(poller: Poller, ended: int) -> int:
    """Return how many rows are looked at for the end of a trial and a second, after so many others."""
    metrics = {"accuracy": 0.5, "macs": 500}
    rows = [
        ChangedTrial(number=n, changed=n, state="complete", values=metrics, finished="2026-01-01")
        for n in range(ended)
    ]
    running = ChangedTrial(number=ended, changed=ended, state="running", values={})
    poller.state.update(
        StudyChanges(changed=(*rows, running), running=(), trials=ended + 9, should_stop=False)
    )
    view = view_of(poller, io.StringIO())
    view(Event(kind="start", worker="w1", number=ended + 1))
    poller.state.rows = rows = CountedRows(poller.state.rows)
    view(Event(kind="end", worker="w1", number=ended + 1, status="complete", metrics=metrics))
    view.write_lines()
    assert f"\ntrial {ended + 1} complete" in view.console.file.getvalue()  # type: ignore[attr-defined]
    return rows.read


def test_an_end_costs_the_same_however_many_trials_ended(study: Study) -> None:
    few, many = (work_of_an_end(Poller(study), ended) for ended in (10, 1000))
    assert few == many
