"""Shutdown: a request to stop by a signal, heeded at once where work may be interrupted, else kept."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import inf
from types import FrameType

MAX_TIMER_SECONDS = 86_400.0


class ShutdownRequested(KeyboardInterrupt):
    """The process was asked to stop; passes through code that survives every ordinary exception."""


def never() -> bool:
    """Say that nobody asked to stop."""
    return False


@contextmanager
def restoring_signals(*signals: signal.Signals) -> Iterator[Sequence[signal.Signals]]:
    """Put the handlers of signals back after the block; outside the main thread Python lets none be set."""
    numbers = signals if threading.current_thread() is threading.main_thread() else ()
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield numbers
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stopping_at_sigterm() -> Iterator[None]:
    """Let SIGTERM end this block as Ctrl-C does, so that what is half done is cleaned up."""
    with restoring_signals(signal.SIGTERM) as numbers:
        for number in numbers:
            signal.signal(number, signal.default_int_handler)
        yield


class Shutdown:
    """Remembers that a signal asked this process to stop.

    Attributes:
        signalled: Whether it was asked by a signal.
    """

    def __init__(self) -> None:
        self.requested = False
        self.signalled = False
        self._interruptible = False
        self._grace = 0.0
        self._deadline = inf

    @contextmanager
    def handling_signals(self, *signals: signal.Signals) -> Iterator[None]:
        """Take these signals as requests to stop, in the main thread."""
        with restoring_signals(*signals, signal.SIGALRM) as numbers:
            for number in numbers:
                signal.signal(number, self._handle)
            try:
                yield
            finally:
                if numbers:
                    signal.setitimer(signal.ITIMER_REAL, 0)

    @contextmanager
    def interruptible(self, *, grace: float = 0.0, deadline: float = inf) -> Iterator[None]:
        """Let a request, or a deadline, cut this block off, by raising ShutdownRequested in it.

        Args:
            grace: Seconds that the block gets to end by itself once `requested` is true, or after the
                deadline.
            deadline: When its time is over, by `time.monotonic`; the process itself goes on then.

        Raises:
            ShutdownRequested: If the process was or is asked to stop, or the time is over.
        """
        outer = self._interruptible, self._grace, self._deadline
        self._interruptible, self._grace, self._deadline = True, grace, deadline
        try:
            if self.requested and not grace:
                raise ShutdownRequested
            if self.requested:
                signal.setitimer(signal.ITIMER_REAL, grace)
            elif deadline < inf and threading.current_thread() is threading.main_thread():
                left = max(0.0, deadline - time.monotonic())
                signal.setitimer(signal.ITIMER_REAL, min(left + grace, MAX_TIMER_SECONDS))
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._interruptible, self._grace, self._deadline = outer

    def request(self) -> None:
        """Ask the process to stop, from any thread: what asks for `requested` ends soon."""
        self.requested = True

    def sleep(self, seconds: float) -> None:
        """Sleep, unless the process is asked to stop.

        Raises:
            ShutdownRequested: If it is.
        """
        with self.interruptible():
            time.sleep(seconds)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGALRM and not self.requested:
            self._heed_deadline()
            return
        first = not self.requested
        self.requested = self.signalled = True
        if not self._interruptible:
            return
        if self._grace and first:
            signal.setitimer(signal.ITIMER_REAL, self._grace)
            return
        self._interruptible = False
        raise ShutdownRequested

    def _heed_deadline(self) -> None:
        """End the block whose time is over; a timer that came early is set again."""
        left = self._deadline + self._grace - time.monotonic()
        if left > 0:
            signal.setitimer(signal.ITIMER_REAL, min(left, MAX_TIMER_SECONDS))
        elif self._interruptible:
            self._interruptible = False
            raise ShutdownRequested
