"""One thread that polls a study for any number of pages, while at least one is open."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from archscape.spaces.errors import StudyError

from ..study.reader import StudyReader
from .queries import BATCH, read_changes
from .state import DashboardState

POLL_SECONDS = 1.0


class Poller:
    """Updates the state of a study from a thread, and wakes the streams that wait for changes.

    Attributes:
        study: The study.
        state: Its state; read it while you hold `condition`.
        condition: Notified after each poll.
        polls: How many polls there were.
        trouble: Why the last poll failed; "" if it did not.
        behind: Whether the study has changes that the state has not yet.
        closed: Set when polling ends.
    """

    def __init__(self, study: StudyReader) -> None:
        self.study = study
        self.state = DashboardState(objectives=study.objectives)
        self.condition = threading.Condition()
        self.polls = 0
        self.trouble = ""
        self.behind = True
        self.closed = threading.Event()
        self._watchers = 0
        self._thread = threading.Thread(target=self._run, name="poll-study", daemon=True)

    def start(self) -> None:
        """Start polling."""
        self._thread.start()

    def close(self) -> None:
        """Stop polling, and wake all streams."""
        with self.condition:
            self.closed.set()
            self.condition.notify_all()
        self._thread.join(timeout=2.0)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Have the study polled for as long as the block runs."""
        with self.condition:
            self._watchers += 1
            self.condition.notify_all()
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

    def _run(self) -> None:
        while not self.closed.is_set():
            with self.condition:
                self.condition.wait_for(lambda: self._watchers or self.closed.is_set())
            if not self.closed.is_set():
                self._safe_poll()
            self.closed.wait(0 if self.behind else POLL_SECONDS)

    def _safe_poll(self) -> None:
        """Poll; an unexpected error ends the thread, and the pages show it."""
        try:
            self._poll()
        except Exception as error:
            with self.condition:
                self.trouble = f"the server cannot read the study: {error!r}"
                self.polls += 1
                self.condition.notify_all()
            raise

    def _poll(self) -> None:
        """Read what changed; the state stays as it was if the database cannot be reached."""
        since, changes = self.state.latest_change, None
        try:
            changes = self.study.database.read(
                lambda c: read_changes(c, self.study.key, since=since), patience=0
            )
        except StudyError as error:
            trouble = str(error)
        else:
            trouble = "" if changes.exists else f"study {self.study.name} was deleted"
        with self.condition:
            self.trouble = trouble
            self.behind = changes is not None and len(changes.changed) == BATCH
            if changes is not None and changes.exists:
                self.state.update(changes)
            self.polls += 1
            self.condition.notify_all()
