"""Progress: everything on a terminal, two plain lines elsewhere."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from rich.console import Console

from archscape.search.progress import Progress
from archscape.search.pruners import Pruner
from archscape.search.study.changes import StudyChanges
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
    assert view.doing == {"w2": "trial 1, epoch 3, accuracy 25.00%"}
    assert view.line() == "3 of 8 trials, 1 failed, best accuracy 90.00%, frontier of 2"


def test_events_survive_their_line() -> None:
    assert [Event.from_json(event.to_json()) for event in EVENTS] == EVENTS
    assert all("\n" not in event.to_json() for event in EVENTS)


def test_is_two_plain_lines_where_there_is_no_terminal(poller: Poller) -> None:
    file = io.StringIO()
    ticks = clock()
    with Progress(
        poller, title="demo", console=Console(file=file, width=40), clock=lambda: next(ticks)
    ) as view:
        for event in EVENTS:
            view(event)
        view(Event(kind="exhausted", worker="w1", message="nothing left"))
    assert file.getvalue().splitlines() == [
        "demo: 0 of 8 trials, best accuracy –, frontier of 0",
        "nothing left",
        "demo: 3 of 8 trials, 1 failed, best accuracy 90.00%, frontier of 2, 30.0 s",
    ]


def test_terminal_shows_trials_best_time_left_and_every_worker(poller: Poller) -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None, record=True)
    ticks = clock()
    view = Progress(poller, title="demo", console=console, clock=lambda: next(ticks))
    for event in EVENTS:
        view(event)
    console.print(view.live.get_renderable())
    lines = console.export_text().splitlines()
    assert lines[0].startswith("demo")
    assert lines[0].split()[-4:] == ["3/8", "50.0", "s", "left"]
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


def test_view_outlives_a_database_that_is_away(
    poller: Poller, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*, since: int) -> StudyChanges:
        raise StudyError("the server is away")

    monkeypatch.setattr(study, "changes", away)
    file = io.StringIO()
    with view_of(poller, file):
        pass
    assert len(file.getvalue().splitlines()) == 2
