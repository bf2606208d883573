"""DatabaseFile: the file of an SQLite database, watched for being deleted, replaced or emptied.

SQLite itself would not notice: an open connection goes on in a file that no name leads to any more, and all
that is written there is lost with the last process.
"""

from __future__ import annotations

import os
import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path

from archscape.spaces.errors import StudyGone

GONE_SECONDS = 10.0
"""How long a file may be away: a folder that is moved and moved back, a disk that is mounted again."""


@dataclass(kw_only=True)
class DatabaseFile:
    """The file that a database was opened with.

    Attributes:
        key: Device and number of the file, which a file that takes its place does not have.
    """

    path: Path
    key: tuple[int, int]
    _away_since: float | None = field(default=None, init=False)

    @classmethod
    def of(cls, path: Path) -> DatabaseFile:
        """Return the file that has this path now."""
        known = path.stat()
        return cls(path=path, key=(known.st_dev, known.st_ino))

    def check(self) -> None:
        """Check that it is still the file that was opened.

        Raises:
            sqlite3.OperationalError: If it cannot be seen; that may pass.
            StudyGone: If it was replaced or emptied, or has been away for too long.
        """
        try:
            status = os.stat(self.path)
        except OSError as error:
            self._away_since = self._away_since or time.monotonic()
            if isinstance(error, FileNotFoundError) and time.monotonic() - self._away_since >= GONE_SECONDS:
                raise StudyGone(f"{self.path} was deleted") from None
            raise sqlite3.OperationalError(f"the file is away ({error.strerror})") from None
        self._away_since = None
        if (status.st_dev, status.st_ino) != self.key:
            raise StudyGone(f"{self.path} was replaced by another file")
        if not status.st_size:
            raise StudyGone(f"{self.path} was emptied")
