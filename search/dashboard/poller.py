"""One reader of a study for any number of pages; it reads while somebody looks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from archscape.spaces.errors import StudyError

from ..study.reader import StudyReader
from .queries import BATCH, read_changes
from .state import DashboardState

LOOK_SECONDS = 1.0


class Poller:
    """Brings a board up to date from a thread, and wakes those who wait for news.

    Attributes:
        study: The study.
        board: What is known of it; read it while you hold `turn`.
        turn: Notified after each look.
        looks: How many looks there were.
        trouble: Why the last look failed; "" if it did not.
        behind: Whether the study holds changes that the board does not yet.
        closed: Whether the end has come.
    """

    def __init__(self, study: StudyReader) -> None:
        self.study = study
        self.board = DashboardState(objectives=study.objectives)
        self.turn = threading.Condition()
        self.looks = 0
        self.trouble = ""
        self.behind = True
        self.closed = threading.Event()
        self._watchers = 0
        self._thread = threading.Thread(target=self._follow, name="follow-study", daemon=True)

    def start(self) -> None:
        """Begin to follow the study."""
        self._thread.start()

    def close(self) -> None:
        """Stop, and wake everybody."""
        with self.turn:
            self.closed.set()
            self.turn.notify_all()
        self._thread.join(timeout=2.0)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Have the study read for as long as the block takes."""
        with self.turn:
            self._watchers += 1
            self.turn.notify_all()
        try:
            yield
        finally:
            with self.turn:
                self._watchers -= 1

    def wait(self, looks: int, *, seconds: float) -> int:
        """Wait until there were more looks than these, or the end came; return how many there were."""
        with self.turn:
            self.turn.wait_for(lambda: self.looks != looks or self.closed.is_set(), timeout=seconds)
            return self.looks

    def _follow(self) -> None:
        while not self.closed.is_set():
            with self.turn:
                self.turn.wait_for(lambda: self._watchers or self.closed.is_set())
            if not self.closed.is_set():
                self._safely_look()
            self.closed.wait(0 if self.behind else LOOK_SECONDS)

    def _safely_look(self) -> None:
        """Look; an error that nobody foresaw ends the thread, and the pages say so."""
        try:
            self._look()
        except Exception as error:
            with self.turn:
                self.trouble = f"the server cannot read the study: {error!r}"
                self.looks += 1
                self.turn.notify_all()
            raise

    def _look(self) -> None:
        """Take in what is new; the board stays as it was if the database is away."""
        since, found = self.board.seen, None
        try:
            found = self.study.database.read(
                lambda c: read_changes(c, self.study.key, since=since), patience=0
            )
        except StudyError as error:
            trouble = str(error)
        else:
            trouble = "" if found.exists else f"study {self.study.name} was deleted"
        with self.turn:
            self.trouble = trouble
            self.behind = found is not None and len(found.news) == BATCH
            if found is not None and found.exists:
                self.board.take(found)
            self.looks += 1
            self.turn.notify_all()
