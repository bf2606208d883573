"""One thread that polls a study for any number of views, while at least one of them is open."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from archscape.spaces.errors import StudyError

from .budget import Spent
from .live_state import StudyState
from .reader import StudyReader

POLL_SECONDS = 1.0


class Poller:
    """Updates the state of a study from a thread, and wakes those who wait for changes.

    Attributes:
        state: The state of the study; read it while you hold `condition`.
        condition: Notified after each poll.
        polls: How many polls there were.
        trouble: Why the last poll failed; "" if it did not.
        behind: Whether the study has changes that the state has not yet.
        closed: Set when polling ends.
    """

    def __init__(self, study: StudyReader, *, follows_budget: bool = False) -> None:
        """Prepare the thread; it also reads what the study has spent, if a budget is followed."""
        self.study = study
        self.state = StudyState(
            objectives=study.objectives, metrics=study.metrics, asked=study.asked, limits=study.limits
        )
        self.condition = threading.Condition()
        self.polls = 0
        self.trouble = ""
        self.behind = True
        self.closed = threading.Event()
        self._follows_budget = follows_budget
        self._spent, self._spent_at = Spent(), time.monotonic()
        self._watchers = 0
        self._thread = threading.Thread(target=self._run, name="poll-study", daemon=True)

    def close(self) -> None:
        """Stop polling, and wake all who wait."""
        with self.condition:
            self.closed.set()
            self.condition.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Have the study polled for as long as the block runs."""
        with self.condition:
            self._watchers += 1
            self.condition.notify_all()
            if self._thread.ident is None:
                self._thread.start()
        try:
            yield
        finally:
            with self.condition:
                self._watchers -= 1

    def wait(self, polls: int, *, seconds: float) -> int:
        """Wait for a poll after so many, or the end; return how many there were."""
        with self.condition:
            self.condition.wait_for(lambda: self.polls != polls or self.closed.is_set(), timeout=seconds)
            return self.polls

    def catch_up(self) -> None:
        """Poll until the state has all changes of the study, or the database cannot be reached."""
        self.behind = True
        while self.behind:
            self.poll()

    def spent(self) -> Spent:
        """Return what the study had spent at the last poll, and the time since."""
        passed = time.monotonic() - self._spent_at
        return replace(self._spent, seconds=self._spent.seconds + passed)

    def poll(self) -> None:
        """Read what changed; the state stays as it was if the database cannot be reached."""
        trouble, behind = "", False
        try:
            changes = self.study.changes(since=self.state.latest_change)
            behind = changes.is_cut
            if self._follows_budget:
                self._spent, self._spent_at = self.study.spent(patience=0), time.monotonic()
            with self.condition:
                self.state.update(changes)
        except StudyError as error:
            trouble = str(error)
        except Exception as error:  # it ends the thread, and the pages show it
            trouble = f"the server cannot read the study: {error!r}"
            raise
        finally:
            with self.condition:
                self.trouble, self.behind = trouble, behind
                self.polls += 1
                self.condition.notify_all()

    def _run(self) -> None:
        while not self.closed.is_set():
            with self.condition:
                self.condition.wait_for(lambda: self._watchers or self.closed.is_set())
            if not self.closed.is_set():
                self.poll()
            self.closed.wait(0 if self.behind else POLL_SECONDS)
