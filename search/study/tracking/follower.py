"""Follower: one thread that reads a study while a search runs, and tells its trackers what is new.

The study is the truth, so trials of workers on other machines are told too. What was told is noted in the
study: after a restart of the search the rest is told, be it from meanwhile, and nothing is left out. What was
told just before a crash may be told again.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from archscape.spaces.errors import StudyError
from archscape.spaces.language.user_errors import place_of

from ..reader import StudyReader
from ..secrets import hide_secrets
from .settings import Open, TrackedSearch

POLL_SECONDS = 1.0
GRACE_SECONDS = 30.0
"""How long the end of a search waits for its trackers."""


class Follower:
    """Tells the trackers of a search what happens in its study, from the beginning of a block to its end.

    What a tracker raises harms nobody: it is said once, with its place, and the next event is told again. One
    that hangs is left behind at the end.
    """

    def __init__(
        self,
        study: StudyReader,
        trackers: Mapping[str, Open],
        search: TrackedSearch,
        *,
        say: Callable[[str], None],
        log: Path,
    ) -> None:
        """Prepare to follow.

        Args:
            study: What is followed.
            trackers: What makes each tracker, by the name that it is shown by.
            search: What trackers are told of it.
            say: Takes a line for people.
            log: The file for tracebacks.
        """
        self.study = study
        self.search = search
        self.say = say
        self.log = log
        self._opens = trackers
        self._trackers: dict[str, object] = {}
        self._seen = -1
        self._epochs: dict[int, int] = {}
        self._ends: dict[int, int] = {}  # by number, the changes that are told already though not seen yet
        self._said: set[str] = set()
        self._busy = ""
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="track-search", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._thread.join(GRACE_SECONDS)
        if self._thread.is_alive():
            self.say(f"track: {self._busy} has not returned for {GRACE_SECONDS:.0f} s; it is left behind")

    def _run(self) -> None:
        for name, make in self._opens.items():
            tracker = self._call(name, "search_started", make, self.search)
            if tracker is not None:
                self._trackers[name] = tracker
        with suppress(StudyError):
            self._seen = self.study.tracked()
        while not self._closed.wait(POLL_SECONDS):
            self._catch_up()
        self._catch_up()
        counts: dict[str, int] = {}
        with suppress(StudyError):
            counts = self.study.counts()
        self._tell("search_ended", counts)

    def _catch_up(self) -> None:
        """Tell what is new; where the database is away, the next time does."""
        with suppress(StudyError):
            is_behind = True
            while is_behind:
                changes = self.study.changes(since=self._seen)
                grown = [each.number for each in changes.running if each.epoch > self._told(each.number)]
                news = [row.number for row in changes.changed if row.changed > self._ends.get(row.number, -1)]
                for number in dict.fromkeys([*news, *grown]):
                    self._tell_trial(number)
                if changes.changed:
                    self._seen = changes.changed[-1].changed
                    self._ends = {number: end for number, end in self._ends.items() if end > self._seen}
                    self.study.set_tracked(self._seen)
                is_behind = changes.is_cut

    def _told(self, number: int) -> int:
        """Return the latest epoch of a trial that was told; -1 if not even its start was."""
        return self._epochs.get(number, -1)

    def _tell_trial(self, number: int) -> None:
        """Tell what is new of a trial: its start, epochs, its end."""
        told = self.study.trial(number)
        if told is None:
            return
        trial, rows = told
        if number not in self._epochs:
            if trial.state in ("waiting", "dropped"):
                return
            self._epochs[number] = 0
            self._tell("trial_started", trial)
        for epoch, row in rows.items():
            if epoch > self._epochs[number]:
                self._epochs[number] = epoch
                metrics = {name: value for name, value in row.items() if name not in ("trial", "epoch")}
                self._tell("epoch", trial, epoch, metrics)
        if trial.ended:
            del self._epochs[number]
            self._ends[number] = trial.changed  # it may have ended since the changes were read
            self._tell("trial_ended", trial)

    def _tell(self, event: str, *values: object) -> None:
        for name, tracker in self._trackers.items():
            method = getattr(tracker, event, None)
            if method is not None:
                self._call(name, event, method, *values)

    def _call(self, name: str, event: str, call: Callable[..., object], *values: object) -> object:
        """Return what a tracker answers; None, and a line for people, if it raises."""
        self._busy = f"{event} of {name}"
        try:
            return call(*values)
        except (Exception, SystemExit) as error:
            text = " ".join(f"{type(error).__name__}: {error}".split())
            place = f" ({where})" if (where := place_of(error)) else ""
            self._say_once(f"track: {self._busy} failed: {hide_secrets(text)}{place}; see {self.log}")
            return None

    def _say_once(self, line: str) -> None:
        if line in self._said:
            return
        self._said.add(line)
        with suppress(OSError), self.log.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n{hide_secrets(traceback.format_exc())}\n")
        self.say(line)
