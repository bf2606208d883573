"""A watchdog for trials that hang: no check within a training ends a call that never returns."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..shutdown import never

PATIENCE = 1.5
"""By how much a trial may exceed its time limit before it counts as hung: the loop ends most by itself."""

EXTRA_SECONDS = 30.0
"""On top of that, for data, building and the last evaluation."""


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
    def watching(self, give_up: Callable[[str], None]) -> Iterator[None]:
        """Watch over the block; a thread calls `give_up` with a sentence on why before the process ends."""
        if self.seconds is None:
            yield
            return
        limit = self.seconds * PATIENCE + EXTRA_SECONDS

        def end() -> None:
            give_up(f"hung: no end {limit:g} s after its start, with a limit of {self.seconds:g} s")
            self.kill()

        timer = threading.Timer(limit, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
