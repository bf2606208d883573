"""A watchdog for trials that hang: no check within a training ends a call that never returns."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf

from ..file_faults import is_waiting
from ..shutdown import never

PATIENCE = 1.5
"""By how much a trial may exceed its time limit before it counts as hung: the loop ends most by itself."""

EXTRA_SECONDS = 30.0
"""On top of that, for data, building and the last evaluation."""

CUT_SECONDS = 12.0
"""How long after the budget of a search a training may take to leave, with its checkpoint written."""


@dataclass(frozen=True, kw_only=True)
class Watchdog:
    """Ends the process of a trial that hangs.

    Attributes:
        seconds: Time limit of a trial; None for no limit, where nothing is watched.
        kill: Ends the process; whoever started it starts another.
    """

    seconds: float | None = None
    kill: Callable[[], object] = never

    @contextmanager
    def watching(self, give_up: Callable[[str], None], *, deadline: float = inf) -> Iterator[None]:
        """Watch over the block; a thread calls `give_up` with a sentence on why before the process ends.

        A block that waits for its files when its time is over gets as much again.

        Args:
            give_up: Takes the sentence.
            deadline: When the budget of the search is over, by `time.monotonic`; the block has to end soon
                after, whatever it waits for.
        """
        limit = inf if self.seconds is None else self.seconds * PATIENCE + EXTRA_SECONDS
        if limit == deadline == inf or self.kill is never:
            yield
            return
        thread, ended = threading.get_ident(), threading.Event()

        def watch() -> None:
            end = time.monotonic() + limit
            while not ended.wait(min(end, deadline + CUT_SECONDS) - time.monotonic()):
                if time.monotonic() >= deadline + CUT_SECONDS:
                    give_up(f"no end {CUT_SECONDS:g} s after the budget of the search")
                elif is_waiting(thread):
                    end = time.monotonic() + limit
                    continue
                else:
                    give_up(f"hung: no end {limit:g} s after its start, with a limit of {self.seconds:g} s")
                self.kill()
                return

        threading.Thread(target=watch, daemon=True, name="watchdog").start()
        try:
            yield
        finally:
            ended.set()
