"""Progress of a search: a live view on a terminal, two lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from archscape.analysis.reports.format import plain_span, value
from archscape.analysis.results import STOPPED_EARLY

from .study.poller import Poller
from .workers.events import Event

if TYPE_CHECKING:
    from .job import Job
    from .study.study import Study

BAR_WIDTH = 40


class Progress:
    """Shows a search on a console while it runs; a context manager.

    On a terminal the view is redrawn in place. Elsewhere only a line at the start and one at the end are
    written, with no control codes.

    Attributes:
        state: What is known: from the study, and sooner from the events of one's own workers.
        doing: What each worker does.
    """

    def __init__(
        self,
        poller: Poller,
        *,
        title: str,
        console: Console,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare the view.

        Args:
            poller: Keeps the state up to date while the view is open: others may work on the study too.
            title: Name of the search.
            console: Where it is shown.
            clock: Seconds that only rise.
        """
        self.poller = poller
        self.state = poller.state
        self.done_before = self.state.ended
        self.doing: dict[str, str] = {}
        self.title = title
        self.console = console
        self.clock = clock
        self.started = clock()
        self.notes: set[str] = set()
        self.live = Live(get_renderable=self._view, console=console, refresh_per_second=4, transient=True)
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._opened.callback(self.poller.close)
            self._opened.enter_context(self.poller.watching())
            self._opened.enter_context(self.live)
        else:
            self._print(f"{self.title}: {self.line()}")
        return self

    def __exit__(self, *error: object) -> None:
        self._opened.close()
        self.poller.catch_up()
        self._print(f"{self.title}: {self.line()}, {plain_span(self.clock() - self.started)}")

    def __call__(self, event: Event) -> None:
        """Take in what happened."""
        with self.poller.condition:
            if event.kind == "start":
                self.doing[event.worker] = f"trial {event.number}"
            elif event.kind == "epoch":
                accuracy = event.metrics.get("accuracy")
                score = "" if accuracy is None else f", accuracy {value('accuracy', accuracy)}"
                self.doing[event.worker] = f"trial {event.number}, epoch {event.epoch}{score}"
            elif event.kind == "end":
                self.doing.pop(event.worker, None)
                status = "paused" if event.status == "pruned" else event.status
                self.state.end(event.number, status, event.metrics)
        if event.kind in ("exhausted", "note") and event.message not in self.notes:
            self.notes.add(event.message)
            self._print(event.message)

    def line(self) -> str:
        """Return the state of the search in one line."""
        with self.poller.condition:
            counts = [f"{count} {what}" for what, count in self._setbacks().items()]
            ended = f"{self.state.ended} of {self.state.trials} trials"
            return ", ".join([ended, *counts, self._best(), f"frontier of {len(self.state.frontier.front)}"])

    def _view(self) -> RenderableType:
        with self.poller.condition:
            ended, trials = self.state.ended, self.state.trials
            counts = {"frontier": len(self.state.frontier.front), **self._setbacks()}
            numbers = [self._best(), *(f"{what} {count}" for what, count in counts.items())]
            workers = [f"  {name}  {text}" for name, text in sorted(self.doing.items())]
            head = Table.grid(padding=(0, 2))
            bar = ProgressBar(total=max(trials, 1), completed=ended, width=BAR_WIDTH)
            head.add_row(self.title, bar, f"{ended}/{trials}", self._left())
            return Group(head, f"  {'   '.join(numbers)}", *workers)

    def _setbacks(self) -> dict[str, int]:
        """Return how many trials did not come to a good end, by what it is called; no zeros."""
        counts = {"stopped early": self.state.count(*STOPPED_EARLY), "failed": self.state.count("failed")}
        return {what: count for what, count in counts.items() if count}

    def _best(self) -> str:
        name = next(iter(self.state.objectives))
        best = self.state.best.get(name)
        return f"best {name} {value(name, best.values[name]) if best else '–'}"

    def _left(self) -> str:
        fresh = self.state.ended - self.done_before
        if not fresh:
            return ""
        seconds = (self.clock() - self.started) / fresh * (self.state.trials - self.state.ended)
        return f"{plain_span(seconds)} left"

    def _print(self, line: str) -> None:
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)


def following(study: Study, job: Job, console: Console | None) -> Progress:
    """Return the view of a study that a job is worked on in, by default on standard error."""
    poller = Poller(study)
    poller.catch_up()
    poller.state.trials = job.trials
    return Progress(poller, title=job.search, console=console or Console(stderr=True))
