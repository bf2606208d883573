"""Progress of a search: a live view on a terminal, two lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from archscape.analysis.metrics import Objectives
from archscape.analysis.reports.format import span, value
from archscape.analysis.results import FINAL, STOPPED_EARLY
from archscape.analysis.statistics.frontier import frontier
from archscape.spaces.errors import StudyError

from .study.trial import Trial
from .workers.events import Event

if TYPE_CHECKING:
    from .job import Job
    from .study.study import Study

BAR_WIDTH = 40
REFRESH_SECONDS = 2.0


@dataclass(kw_only=True)
class ProgressState:
    """What is known of a search: from its study, and sooner from the events of one's own workers.

    Attributes:
        trials: How many trials it will hold.
        objectives: What counts, and in which direction.
        states: State of each trial by number.
        complete: Metrics of the complete ones by number.
        doing: What each worker does.
        seen: Place of the latest change of the study that is in here.
    """

    trials: int
    objectives: Objectives
    states: dict[int, str] = field(default_factory=dict)
    complete: dict[int, Mapping[str, float]] = field(default_factory=dict)
    doing: dict[str, str] = field(default_factory=dict)
    seen: int = -1

    def update(self, changed: Iterable[Trial]) -> None:
        """Take in the trials that changed in the study."""
        for trial in changed:
            self.seen = max(self.seen, trial.changed)
            self.states[trial.number] = trial.state
            if trial.state == "complete":
                self.complete[trial.number] = trial.metrics

    def take(self, event: Event) -> None:
        """Take in what happened."""
        if event.kind == "start":
            self._does(event.worker, f"trial {event.number}")
        elif event.kind == "epoch":
            score = (
                f", accuracy {value('accuracy', event.metrics['accuracy'])}"
                if "accuracy" in event.metrics
                else ""
            )
            self._does(event.worker, f"trial {event.number}, epoch {event.epoch}{score}")
        elif event.kind == "end":
            self._does(event.worker, "")
            self.states[event.number] = "paused" if event.status == "pruned" else event.status
            if event.status == "complete":
                self.complete[event.number] = event.metrics

    def _does(self, worker: str, what: str) -> None:
        """Note what a worker does, in a new dict: the view may be reading the old one in its thread."""
        others = {name: text for name, text in self.doing.items() if name != worker}
        self.doing = others | ({worker: what} if what else {})

    @property
    def done(self) -> int:
        """How many trials have ended."""
        return self.count(*FINAL)

    def count(self, *states: str) -> int:
        """Return how many trials are in these states."""
        return sum(state in states for state in tuple(self.states.values()))

    @property
    def rows(self) -> Sequence[Mapping[str, float]]:
        """Metrics of the complete trials."""
        return tuple(self.complete.values())

    def best(self) -> str:
        """Return the best value of the first objective, in words."""
        name, direction = next(iter(self.objectives.items()))
        values = [row[name] for row in self.rows]
        if not values:
            return f"best {name} –"
        best = max(values) if direction == "maximize" else min(values)
        return f"best {name} {value(name, best)}"

    def frontier_size(self) -> int:
        """Return how many networks no other beats."""
        if not self.rows:
            return 0
        columns = {name: [row[name] for row in self.rows] for name in self.objectives}
        return int(frontier(columns, self.objectives).sum())

    def line(self) -> str:
        """Return the state of the search in one line."""
        parts = [f"{self.done} of {self.trials} trials"]
        parts += [f"{count} stopped early" for count in [self.count(*STOPPED_EARLY)] if count]
        parts += [f"{count} failed" for count in [self.count("failed")] if count]
        return ", ".join([*parts, self.best(), f"frontier of {self.frontier_size()}"])


class Progress:
    """Shows a search on a console while it runs; a context manager.

    On a terminal the view is redrawn in place. Elsewhere only a line at the start and one at the end are
    written, with no control codes.
    """

    def __init__(
        self,
        state: ProgressState,
        *,
        title: str,
        console: Console,
        changed: Callable[[], Iterable[Trial]] = tuple,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare the view.

        Args:
            state: What is known, kept up to date.
            title: Name of the search.
            console: Where it is shown.
            changed: Returns what changed in the study since the state was brought up to date, asked every
                few seconds: others may work on it too.
            clock: Seconds that only rise.
        """
        self.state = state
        self.changed = changed
        self.closed = threading.Event()
        self.done_before = state.done
        self.title = title
        self.console = console
        self.clock = clock
        self.started = clock()
        self.notes: list[str] = []
        self.live = Live(get_renderable=self._view, console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            threading.Thread(target=self._follow, daemon=True, name="follow-study").start()
            self.live.start()
        else:
            self._print(f"{self.title}: {self.state.line()}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed.set()
        if self.console.is_terminal:
            self.live.stop()
        self._refresh()
        self._print(f"{self.title}: {self.state.line()}, {_span(self.clock() - self.started)}")

    def __call__(self, event: Event) -> None:
        """Take in what happened."""
        self.state.take(event)
        if event.kind in ("exhausted", "note"):
            self._note(event.message)

    def _note(self, message: str) -> None:
        if message not in self.notes:
            self.notes.append(message)
            self._print(message)

    def _follow(self) -> None:
        while not self.closed.wait(REFRESH_SECONDS):
            self._refresh()

    def _refresh(self) -> None:
        with suppress(StudyError):  # the database is away; the next look shows more
            self.state.update(self.changed())

    def _print(self, line: str) -> None:
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _view(self) -> RenderableType:
        state = self.state
        head = Table.grid(padding=(0, 2))
        bar = ProgressBar(total=max(state.trials, 1), completed=state.done, width=BAR_WIDTH)
        head.add_row(self.title, bar, f"{state.done}/{state.trials}", self._left())
        counts = {"stopped early": state.count(*STOPPED_EARLY), "failed": state.count("failed")}
        counts = {"frontier": state.frontier_size()} | {
            what: count for what, count in counts.items() if count
        }
        summary = "   ".join([state.best(), *(f"{what} {count}" for what, count in counts.items())])
        workers = [f"  {name}  {text}" for name, text in sorted(state.doing.items())]
        return Group(head, f"  {summary}", *workers)

    def _left(self) -> str:
        state = self.state
        fresh = state.done - self.done_before
        if not fresh:
            return ""
        seconds = (self.clock() - self.started) / fresh * (state.trials - state.done)
        return f"{_span(seconds)} left"


def following(study: Study, job: Job, console: Console | None) -> Progress:
    """Return the view of a study that a job is worked on in, by default on standard error."""
    console = console or Console(stderr=True)
    state = ProgressState(trials=job.trials, objectives=study.objectives)
    state.update(study.trials())
    return Progress(state, title=job.search, console=console, changed=lambda: study.trials(since=state.seen))


def _span(seconds: float) -> str:
    """Return a span of time with plain spaces: not every terminal has another."""
    return span(seconds).replace("\N{NO-BREAK SPACE}", " ")
