"""A thread that notes in a study for how long its search is alive, where a budget counts that."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from archscape.spaces.errors import StudyError

from .reader import StudyReader

NOTE_SECONDS = 5.0
"""How often; so much is lost of a driver that is killed."""


@contextmanager
def noting_alive(study: StudyReader, *, since: float) -> Iterator[None]:
    """Note while the block runs that the search is alive; before it begins, too, and at its end.

    Args:
        study: The study.
        since: From when on, by `time.monotonic`: the time before the study was there counts.
    """
    ended, noted = threading.Event(), since

    def note() -> None:
        nonlocal noted
        now = time.monotonic()
        with suppress(StudyError):  # the next note makes up for it
            study.note_alive(now - noted)
            noted = now

    def follow() -> None:
        while not ended.wait(NOTE_SECONDS):
            note()

    note()
    thread = threading.Thread(target=follow, name="note-alive", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        note()
