"""What a search is doing: a live view on a terminal, two lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from archscape.analysis.frontier import Objectives, frontier
from archscape.analysis.words import span, value

from .events import Event
from .trial import Trial

BAR_WIDTH = 40


@dataclass(kw_only=True)
class Tally:
    """What is known of a search from its events.

    Attributes:
        trials: How many trials it will hold.
        objectives: What counts, and in which direction.
        done: Trials that have ended.
        failed: Those of them that failed.
        stopped: Trials that were stopped early.
        rows: Metrics of the complete ones.
        doing: What each worker does.
        fresh: Trials that ended since this view began, for the time left.
    """

    trials: int
    objectives: Objectives
    done: int = 0
    failed: int = 0
    stopped: int = 0
    rows: Sequence[Mapping[str, float]] = ()
    doing: dict[str, str] = field(default_factory=dict)
    fresh: int = 0

    @classmethod
    def of(cls, trials: Sequence[Trial], *, trials_asked: int, objectives: Objectives) -> Self:
        """Return the tally of a study."""
        return cls(
            trials=trials_asked,
            objectives=objectives,
            done=sum(trial.ended for trial in trials),
            failed=sum(trial.state == "failed" for trial in trials),
            stopped=sum(trial.state in ("pruned", "paused") for trial in trials),
            rows=[trial.metrics for trial in trials if trial.state == "complete"],
        )

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
            self._ended(event)

    def _ended(self, event: Event) -> None:
        if event.status == "pruned":
            self.stopped += 1
            return
        self.done += 1
        self.fresh += 1
        if event.status == "complete":
            self.rows = (*self.rows, event.metrics)
        else:
            self.failed += 1

    def _does(self, worker: str, what: str) -> None:
        """Note what a worker does, in a new dict: the view may be reading the old one in its thread."""
        others = {name: text for name, text in self.doing.items() if name != worker}
        self.doing = others | ({worker: what} if what else {})

    def best(self) -> str:
        """Return the best value of the first objective, in words."""
        name, way = next(iter(self.objectives.items()))
        values = [row[name] for row in self.rows]
        if not values:
            return f"best {name} –"
        best = max(values) if way == "maximize" else min(values)
        return f"best {name} {value(name, best)}"

    def frontier_size(self) -> int:
        """Return how many networks no other beats."""
        if not self.rows:
            return 0
        columns = {name: [row[name] for row in self.rows] for name in self.objectives}
        return int(frontier(columns, self.objectives).sum())

    def line(self) -> str:
        """Return the state of the search in one line."""
        failed = f", {self.failed} failed" if self.failed else ""
        return (
            f"{self.done} of {self.trials} trials{failed}, {self.best()}, frontier of {self.frontier_size()}"
        )


class Progress:
    """Shows a search on a console while it runs; a context manager.

    On a terminal the view is redrawn in place. Elsewhere only a line at the start and one at the end are
    written, with no control codes.
    """

    def __init__(
        self, tally: Tally, *, title: str, console: Console, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.tally = tally
        self.title = title
        self.console = console
        self.clock = clock
        self.began = clock()
        self.notes: list[str] = []
        self.live = Live(get_renderable=self._view, console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self.live.start()
        else:
            self._say(f"{self.title}: {self.tally.line()}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.console.is_terminal:
            self.live.stop()
        for note in dict.fromkeys(self.notes):
            self._say(note)
        self._say(f"{self.title}: {self.tally.line()}, {_span(self.clock() - self.began)}")

    def __call__(self, event: Event) -> None:
        """Take in what happened."""
        self.tally.take(event)
        if event.kind in ("exhausted", "note"):
            self.notes.append(event.message)

    def _say(self, line: str) -> None:
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _view(self) -> RenderableType:
        tally = self.tally
        head = Table.grid(padding=(0, 2))
        bar = ProgressBar(total=max(tally.trials, 1), completed=tally.done, width=BAR_WIDTH)
        head.add_row(self.title, bar, f"{tally.done}/{tally.trials}", self._left())
        summary = f"{tally.best()}   frontier {tally.frontier_size()}   failed {tally.failed}"
        return Group(head, f"  {summary}", *_workers(tally.doing))

    def _left(self) -> str:
        tally = self.tally
        if not tally.fresh:
            return ""
        seconds = (self.clock() - self.began) / tally.fresh * (tally.trials - tally.done)
        return f"{_span(seconds)} left"


def _workers(doing: Mapping[str, str]) -> Sequence[str]:
    return [f"  {name}  {text}" for name, text in sorted(doing.items())]


def _span(seconds: float) -> str:
    """Return a span of time with plain spaces: not every terminal has another."""
    return span(seconds).replace("\N{NO-BREAK SPACE}", " ")
