"""A request to stop, by a signal: heeded at once where work may be cut off, kept for later elsewhere."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stop(KeyboardInterrupt):
    """The process was asked to stop; passes through code that survives every ordinary exception."""


def never() -> bool:
    """Say that nobody asked to stop."""
    return False


class Stopper:
    """Remembers that a signal asked this process to stop.

    Attributes:
        requested: Whether it was asked.
    """

    def __init__(self) -> None:
        self.requested = False
        self._may_cut = False

    @contextmanager
    def listening(self, *signals: signal.Signals) -> Iterator[None]:
        """Take these signals as requests to stop; does nothing outside the main thread, as Python demands."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._handle) for number in signals}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let a request cut this block off, by raising Stop in it.

        Raises:
            Stop: If the process was or is asked to stop.
        """
        self._may_cut = True
        try:
            if self.requested:
                raise Stop
            yield
        finally:
            self._may_cut = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        if self._may_cut:
            self._may_cut = False
            raise Stop
