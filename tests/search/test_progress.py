"""Progress: everything on a terminal, two plain lines elsewhere."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from rich.console import Console

from archscape.search.progress import Progress, ProgressState
from archscape.search.pruners import Pruner
from archscape.search.study.owner import Owner
from archscape.search.study.spool import Result
from archscape.search.study.study import Study
from archscape.search.study.trial import Trial
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
def tally() -> ProgressState:
    return ProgressState(trials=8, objectives={"accuracy": "maximize", "macs": "minimize"})


def clock() -> Iterator[int]:
    return count(0, 30)


def test_tally_follows_the_events(tally: ProgressState) -> None:
    for event in EVENTS:
        tally.take(event)
    assert (tally.done, tally.count("failed"), tally.frontier_size()) == (3, 1, 2)
    assert tally.doing == {"w2": "trial 1, epoch 3, accuracy 25.00%"}
    assert tally.line() == "3 of 8 trials, 1 failed, best accuracy 90.00%, frontier of 2"


def test_events_survive_their_line() -> None:
    assert [Event.from_line(event.to_line()) for event in EVENTS] == EVENTS
    assert all(b"\n" not in event.to_line()[:-1] for event in EVENTS)


def test_is_two_plain_lines_where_there_is_no_terminal(tally: ProgressState) -> None:
    file = io.StringIO()
    ticks = clock()
    with Progress(
        tally, title="demo", console=Console(file=file, width=40), clock=lambda: next(ticks)
    ) as view:
        for event in EVENTS:
            view(event)
        view(Event(kind="exhausted", worker="w1", message="nothing left"))
    assert file.getvalue().splitlines() == [
        "demo: 0 of 8 trials, best accuracy –, frontier of 0",
        "nothing left",
        "demo: 3 of 8 trials, 1 failed, best accuracy 90.00%, frontier of 2, 30.0 s",
    ]


def test_terminal_shows_trials_best_time_left_and_every_worker(tally: ProgressState) -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system=None, record=True)
    ticks = clock()
    view = Progress(tally, title="demo", console=console, clock=lambda: next(ticks))
    for event in EVENTS:
        view(event)
    console.print(view.live.get_renderable())
    lines = console.export_text().splitlines()
    assert lines[0].startswith("demo")
    assert lines[0].split()[-4:] == ["3/8", "50.0", "s", "left"]
    assert lines[1].split() == ["best", "accuracy", "90.00%", "frontier", "2", "failed", "1"]
    assert lines[2].strip() == "w2  trial 1, epoch 3, accuracy 25.00%"


def test_shows_what_others_did_in_the_study(
    tally: ProgressState,
    study: Study,
    plan: SearchPlan,
    owner: Owner,
    finished: Callable[..., Result],
    never: Pruner,
) -> None:
    """Their trials come from the study; those of one's own workers from their events, sooner, and once."""
    leases = [study.ask_unique(plan.propose, owner, trials=8) for _ in range(4)]
    one, two, three, four = (lease for lease in leases if lease)
    metrics = {"accuracy": 0.9, "macs": 500}
    tally.take(Event(kind="end", worker="w1", number=0, status="complete", metrics=metrics))
    study.tell(finished(one, metrics=metrics))
    study.tell(finished(two, status="failed"))
    study.report(three, {1: {"accuracy": 0.3}}, pruner=never)
    tally.update(study.trials(since=tally.seen))
    assert tally.line() == "2 of 8 trials, 1 stopped early, 1 failed, best accuracy 90.00%, frontier of 1"
    study.release(three)
    study.next_work(owner, trials=4, pruner=never)
    study.tell(finished(four, 0.95))
    study.next_work(owner, trials=4, pruner=never)
    tally.update(study.trials(since=tally.seen))
    assert tally.line().startswith("4 of 8 trials, 1 stopped early, 1 failed, best accuracy 95.00%")
    assert study.trials(since=tally.seen) == []


def test_view_outlives_a_database_that_is_away(tally: ProgressState) -> None:
    def away() -> list[Trial]:
        raise StudyError("the server is away")

    file = io.StringIO()
    with Progress(tally, title="demo", console=Console(file=file, width=80), changed=away):
        pass
    assert len(file.getvalue().splitlines()) == 2
