"""Progress of a search: a live view on a terminal; elsewhere a line a trial, and at least one a minute."""

from __future__ import annotations

import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from archscape.analysis.reports.format import plain_size, plain_span, short_label, value
from archscape.analysis.results import FINAL, OPEN, STOPPED_EARLY
from archscape.spaces.display import NAME, cut, places, wrap

from .folder import RunFolder
from .study.budget import Budget
from .study.changes import ChangedTrial
from .study.kept_weights import ALL, weights_bytes
from .study.poller import Poller
from .study.time_left import Spell, seconds_left
from .workers.events import Event

if TYPE_CHECKING:
    from .job import Job
    from .study.study import Study

BAR_WIDTH = 40
SILENCE = 60.0
"""Seconds after which a line is written although no trial has ended."""
POLL_SECONDS = 1.0
GAP = 2
ERRORS = 3
"""Different errors of trainings that are written; the logs have all."""

NAMED = 3
"""Workers that such a line names."""


@dataclass
class Doing:
    """What a worker does: the trial it is at, since when, and how far it is."""

    number: int
    began: float
    text: str


class Progress:
    """Shows a search on a console while it runs; a context manager.

    On a terminal the view is redrawn in place. Elsewhere, with no control codes, a line is written when the
    first trial starts and at the end, for each trial that ends, and after each minute without one; each at
    once.

    Attributes:
        state: What is known: from the study, and sooner from the events of one's own workers.
        doing: What each worker does.
        told: Trials whose ends were written, and when they ended, where the study has that already: one of
            those that is open again, or ended at another time, was retried, while another's row may only be
            older than its event.
        seen: Place of the latest change of the study whose end would be written.
    """

    def __init__(
        self,
        poller: Poller,
        *,
        title: str,
        console: Console,
        logs: Path | None = None,
        weights: Path | None = None,
        note: str = "",
        clock: Callable[[], float] = time.monotonic,
        budget_left: Callable[[], str] | None = None,
    ) -> None:
        """Prepare the view.

        Args:
            poller: Keeps the state up to date while the view is open: others may work on the study too.
            title: Name of the search.
            console: Where it is shown.
            logs: The folder with a log for each trial.
            weights: The folder of trained weights, whose size is shown; None where that just grows.
            note: What is worth knowing once trials start.
            clock: Seconds that only rise.
            budget_left: Says what is left of the budget of the search, if it has one.
        """
        self.budget_left = budget_left
        self.poller = poller
        self.state = poller.state
        self.doing: dict[str, Doing] = {}
        self.title = title
        self.console = console
        self.is_watched = is_terminal(console)
        self.logs = logs
        self.weights = weights
        self.measured = -math.inf, 0
        self.note = note
        self.has_begun = False
        self.clock = clock
        self.started = self.written = clock()
        self.notes: set[str] = set()
        self.errors: set[str] = set()
        self.is_exhausted = False
        self.workers: set[str] = set()
        self.others: dict[int, float] = {}
        self.spells: deque[Spell] = deque(maxlen=1000)
        self.told = {row.number: row.finished for row in self.state.rows.values() if row.state in FINAL}
        self.seen = self.state.latest_change
        self.live = Live(get_renderable=self._view, console=console, refresh_per_second=4, transient=True)
        self._opened = ExitStack()
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        self._opened.callback(self.poller.close)
        self._opened.enter_context(self.poller.watching())
        if self.is_watched:
            self._opened.enter_context(self.live)
        else:
            thread = threading.Thread(target=self._write_lines, name="write-progress", daemon=True)
            thread.start()
            self._opened.callback(thread.join)
            self._opened.callback(self._closed.set)
        return self

    def __exit__(self, *error: object) -> None:
        self._opened.close()
        if error[0] is not None and not self.has_begun:
            return  # the error says it all
        self.poller.catch_up()
        self.measured = -math.inf, 0
        if not self.is_watched:
            self._tell_ends()
        self._print(f"{self.title}: {self.line()}, {plain_span(self.clock() - self.started)}")

    def __call__(self, event: Event) -> None:
        """Take in what happened."""
        with self.poller.condition:
            if event.kind == "start":
                self._start(event)
            elif event.kind == "epoch" and event.worker in self.doing:
                name = self.state.score if self.state.score in event.metrics else "accuracy"
                known = event.metrics.get(name)
                score = "" if known is None else f", {name} {value(name, known)}"
                self.doing[event.worker].text = f"trial {event.number}, epoch {event.epoch}{score}"
            elif event.kind == "end":
                self._end(event)
            elif event.kind == "exhausted":
                self.is_exhausted = True
        if event.kind in ("exhausted", "note") and event.message not in self.notes:
            self.notes.add(event.message)
            self._print(event.message)
        if event.status == "failed" and event.message.startswith("error: "):
            self._tell_error(event)

    def _tell_error(self, event: Event) -> None:
        """Write what a training raised, with its place; the like of it once, and not of every trial."""
        message = event.message.removeprefix("error: ")
        if message not in self.errors and len(self.errors) < ERRORS:
            self.errors.add(message)
            self._print(f"trial {event.number}: {message}")

    def _start(self, event: Event) -> None:
        """Take in that a worker is at a trial, which another may have lost."""
        self._begin()
        self.workers.add(event.worker)
        lost = [worker for worker, doing in self.doing.items() if doing.number == event.number]
        for worker in lost:
            del self.doing[worker]
        self.doing[event.worker] = Doing(event.number, self.clock(), f"trial {event.number}")

    def _begin(self) -> None:
        """Write how far the search is, once: nothing is begun before the data and the device are checked."""
        if self.has_begun:
            return
        self.has_begun = True
        if not self.is_watched:
            logs = f"; a log for each trial is in {self.logs}" if self.logs else ""
            self._print(f"{self.title}: {self.line()}{logs}")
        if self.note:
            self._print(self.note)

    def _end(self, event: Event) -> None:
        """Take in that a trial came to its end, or is paused."""
        if doing := self.doing.pop(event.worker, None):
            self.spells.append(Spell(doing.began, self.clock()))
        status = "paused" if event.status == "pruned" else event.status
        self.state.end(event.number, status, event.metrics)
        if not self.is_watched:
            self._tell_ends()
            self._tell(self.state.rows[event.number])

    def line(self) -> str:
        """Return the state of the search in one line."""
        with self.poller.condition:
            counts = [f"{count} {what}" for what, count in self._setbacks().items()]
            of = f" of {self.state.planned}" if self.state.trials else ""
            ended = f"{self.state.ended}{of} trials"
            front = f"frontier of {len(self.state.frontier.front)}"
            return ", ".join([ended, *counts, self._best(), front, *self._weights()])

    def _write_lines(self) -> None:
        while not self._closed.wait(POLL_SECONDS):
            self.write_lines()

    def write_lines(self) -> None:
        """Write a line for each trial that ended, in whatever process, and one after a minute of silence."""
        with self.poller.condition:
            self._tell_ends()
            if self.clock() - self.written >= SILENCE:
                running = [doing.text for doing in self.doing.values()]
                more = [f"{len(running) - NAMED} more"] if len(running) > NAMED else []
                at = "; ".join([*running[:NAMED], *more])
                self._print(f"{self.title}: {self.line()}{self._left(', ')}{at and '; '}{at}")

    def _tell_ends(self) -> None:
        """Write a line for each trial that has ended since, however many had ended before."""
        with self.poller.condition:
            changed, self.seen = self.state.since(self.seen), self.state.latest_change
            for row in changed:
                self._tell(row)

    def _tell(self, row: ChangedTrial) -> None:
        """Write a line if a trial has ended, for the first time or after it was retried."""
        known = self.told.get(row.number)
        if row.state in OPEN and known:
            del self.told[row.number]
        if row.state in FINAL:
            is_new = known is None or (known and row.finished and known != row.finished)
            self.told[row.number] = row.finished or known or ""
            if is_new:
                ended = self._of(len(self.told))
                self._print(f"trial {row.number} {self._outcome(row)}; {ended}{self._left(', ')}")

    def _outcome(self, row: ChangedTrial) -> str:
        """Return how a trial ended: its state, its objectives and the time of its training."""
        shown = [*dict.fromkeys((*self.state.objectives, self.state.score, "seconds"))]
        known = [name for name in shown if row.values.get(name) is not None]
        values = [
            plain_span(row.values[name])
            if name == "seconds"
            else f"{short_label(name)} {value(name, row.values[name])}"
            for name in known
        ]
        reason = "beyond the limits" if row.number in self.state.infeasible else row.cause.replace("_", " ")
        cause = f" ({reason})" if reason else ""
        return f"{row.state}{cause}{': ' if values else ''}{', '.join(values)}"

    def _view(self) -> RenderableType:
        with self.poller.condition:
            ended, trials = self.state.ended, self.state.planned
            counts = {"frontier": len(self.state.frontier.front), **self._setbacks()}
            numbers = [self._best(), *(f"{what} {count}" for what, count in counts.items()), *self._weights()]
            workers = [f"  {name}  {doing.text}" for name, doing in sorted(self.doing.items())]
            ends = [f"{ended}/{trials}" if self.state.trials else f"{ended}", self._left()]
            rest = self.console.width - 2 * GAP - sum(map(len, ends))
            title = cut(self.title, max(rest - GAP - BAR_WIDTH // 2, NAME))
            bar = min(BAR_WIDTH, rest - GAP - places(title))
            head = Table.grid(padding=(0, GAP))
            bars = [ProgressBar(total=max(trials, 1), completed=ended, width=bar)] if bar > 0 else []
            head.add_row(title, *bars, *ends)
            return Group(head, f"  {'   '.join(numbers)}", *workers)

    def _of(self, ended: int) -> str:
        """Return how many trials have ended, and of how many if that is known."""
        return f"{ended} of {self.state.planned}" if self.state.trials else f"{ended} ended"

    def _setbacks(self) -> dict[str, int]:
        """Return how many trials did not come to a good end, by what it is called; no zeros."""
        counts = {
            "beyond the limits": len(self.state.infeasible),
            "stopped early": self.state.count(*STOPPED_EARLY),
            "failed": self.state.count("failed"),
        }
        return {what: count for what, count in counts.items() if count}

    def _weights(self) -> list[str]:
        """Return what the weights that are kept take of the disk."""
        if self.weights is None:
            return []
        if self.clock() - self.measured[0] >= POLL_SECONDS:
            self.measured = self.clock(), weights_bytes(self.weights)
        return [f"weights {plain_size(self.measured[1])}"]

    def _best(self) -> str:
        name = next(iter(self.state.objectives))
        best = self.state.best.get(name)
        return f"best {short_label(name)} {value(name, best.values[name]) if best else '–'}"

    def _left(self, before: str = "") -> str:
        """Return how long the search still takes, after some text; "" where nothing can be told."""
        now, own = self.clock(), {doing.number for doing in self.doing.values()}
        others = self.state.at_work - own
        self.others = {number: self.others.get(number, now) for number in others}
        handled = self.state.count(*FINAL, "paused") + len(own) + len(others)
        seconds = seconds_left(
            self.spells,
            [*(doing.began for doing in self.doing.values()), *self.others.values()],
            waiting=0 if self.is_exhausted else max(0, self.state.trials - handled),
            idle=len(self.workers) - len(own),
            now=now,
        )
        parts = [f"{plain_span(seconds)} left"] if self.state.trials and seconds is not None else []
        parts += [self.budget_left()] if self.budget_left is not None else []
        return f"{before}{'; '.join(parts)}" if parts else ""

    def _print(self, line: str) -> None:
        self.written = self.clock()
        if self.is_watched:
            line = wrap(line, self.console.width)
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)
            return
        # Rich ends the program where nobody reads any more; a search goes on.
        with suppress(OSError):
            print(line, file=self.console.file, flush=True)


def following(study: Study, job: Job, console: Console | None, *, note: str = "") -> Progress:
    """Return the view of a study that a job is worked on in, by default on standard error."""
    poller = Poller(study, follows_budget=job.budget is not None)
    poller.catch_up()
    poller.state.trials = job.asked_trials
    folder = RunFolder(study.address.folder)
    return Progress(
        poller,
        title=job.search,
        console=console or Console(stderr=True),
        logs=folder.logs,
        weights=folder.checkpoints if job.keep != ALL else None,
        note=note,
        budget_left=partial(_budget_left, job.budget, poller) if job.budget else None,
    )


def _budget_left(budget: Budget, poller: Poller) -> str:
    return budget.left(poller.spent())


def is_terminal(console: Console) -> bool:
    """Tell whether somebody looks at a terminal that can be redrawn; CI keeps what is drawn as a log."""
    is_log = console.is_dumb_terminal or bool(os.environ.get("CI"))
    return console.file.isatty() and not is_log
