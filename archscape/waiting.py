"""What a command shows while it takes long: bars on a terminal, lines elsewhere, each at once."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

from .output import log

T = TypeVar("T")
Show: TypeAlias = Callable[[str, float, float], None]
"""Takes a task's name, how much of it is done, and of how much; 0 where that is not known."""
EVERY = 10.0
"""Seconds between two lines while a task gets on."""
FLASH = 1.0
"""Seconds that a task takes at least before a bar is drawn, unless it is known to take long."""
SILENCE = 60.0
"""Seconds after which a line is written although it does not."""


@contextmanager
def progress(*, at_once: bool = True) -> Iterator[Show]:
    """Yield a function that shows how far a task is.

    Args:
        at_once: Whether a task has a line when it begins; else only if it takes longer than `EVERY`.
    """
    with _bars(at_once=at_once) if is_redrawn() else Lines(at_once=at_once).ticking() as show:
        yield show


@contextmanager
def working(words: str) -> Iterator[None]:
    """Show what runs, if it takes long, where nobody knows how far it is."""
    with progress(at_once=False) as show:
        show(words, 0, 0)
        yield


def watch(items: Iterator[T], total: int) -> Iterator[T]:
    """Yield items, and show how many there are still to come, if it takes long."""
    with progress(at_once=False) as show:
        for done, item in enumerate(items):
            show("counting", done, total)
            yield item


def is_redrawn() -> bool:
    """Tell whether standard error is a terminal that somebody looks at; CI keeps what is drawn as a log."""
    is_log = os.environ.get("TERM") in ("dumb", "unknown") or bool(os.environ.get("CI"))
    return sys.stderr.isatty() and not is_log


class Lines:
    """Writes how far a task is: a line when it begins, while it gets on, and after a minute without one."""

    def __init__(
        self,
        *,
        at_once: bool,
        clock: Callable[[], float] = time.monotonic,
        write: Callable[[str], None] = log,
    ) -> None:
        self.at_once = at_once
        self.clock = clock
        self.write = write
        self.tasks: dict[str, tuple[float, float, float]] = {}
        self.written = clock()
        self.lock = threading.Lock()

    def __call__(self, words: str, done: float, total: float) -> None:
        """Take in how far a task is."""
        with self.lock:
            is_new = words not in self.tasks
            began = self.clock() if is_new else self.tasks.pop(words)[0]
            self.tasks[words] = (began, done, total)
        self.tell(0.0 if is_new and self.at_once else EVERY)

    def tell(self, after: float) -> None:
        """Write how far the latest task is, if there was no line for so many seconds."""
        with self.lock:
            now = self.clock()
            if not self.tasks or now - self.written < after:
                return
            self.written = now
            words, (began, done, total) = [*self.tasks.items()][-1]
            self.write(_line(words, done, total, now - began))

    @contextmanager
    def ticking(self) -> Iterator[Lines]:
        """Have a minute without a line told from a thread for as long as the block runs."""
        ended = threading.Event()

        def tick() -> None:
            while not ended.wait(1.0):
                self.tell(EVERY if not self.at_once and self.written == began else SILENCE)

        began = self.written
        thread = threading.Thread(target=tick, name="tell-progress", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            ended.set()
            thread.join()


def _line(words: str, done: float, total: float, passed: float) -> str:
    """Return how far a task is, in a line."""
    from .analysis.reports.format import plain_span

    if not total:
        return f"{words}: {plain_span(passed)} so far"
    if not done:
        return f"{words} ..." if passed < EVERY else f"{words}: nothing yet after {plain_span(passed)}"
    left = f", {plain_span(passed / done * (total - done))} left" if done < total else ""
    return f"{words}: {done / total:.0%} after {plain_span(passed)}{left}"


@contextmanager
def _bars(*, at_once: bool) -> Iterator[Show]:
    from rich.console import Console
    from rich.progress import Progress

    bars = Progress(console=Console(stderr=True), transient=True)
    tasks: dict[str, Any] = {}

    def draw(words: str, done: float, total: float) -> None:
        if words not in tasks:
            tasks[words] = bars.add_task(words, total=total or None)
        bars.update(tasks[words], completed=done)

    later = threading.Timer(FLASH, bars.start)
    (bars if at_once else later).start()
    try:
        yield draw
    finally:
        if not at_once:
            later.cancel()
            later.join()
        bars.stop()
