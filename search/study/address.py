"""Address of a study: a folder for files, and a database that may be elsewhere."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from archscape.spaces.errors import JobError, StudyError, suggest

from ..atomic import write_json
from .engines import presentable


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a study lives.

    Attributes:
        folder: The folder of the run.
        name: Name of the study in its database; "" for the only one.
        storage: URL of a database or path of a file; "" for the folder's own `study.db`.
    """

    folder: Path
    name: str
    storage: str

    @classmethod
    def of(cls, folder: Path, *, name: str = "", storage: str = "") -> Address:
        """Return the address of the study that a folder was used with, or is to be used with."""
        note = _note(folder)
        if not storage and note.exists():
            address = json.loads(note.read_text(encoding="utf-8"))
            return cls(folder=folder, name=address["study"], storage=address["storage"])
        return cls(folder=folder, name=name, storage=storage)

    @property
    def target(self) -> str | Path:
        """What to open: a URL or the path of a file."""
        return self.storage or self.folder / "study.db"

    def require(self) -> None:
        """Check that there can be a study.

        Raises:
            StudyError: If the folder is that of no search.
        """
        if not self.storage and not (self.folder / "study.db").exists():
            raise StudyError(f"{self.folder}: no run of a search: it holds no study.db")

    def keep(self) -> None:
        """Note in the folder which database it is used with; a password is not kept."""
        if self.storage:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_json(_note(self.folder), {"storage": presentable(self.storage), "study": self.name})

    def choose(self, names: Collection[str]) -> str | None:
        """Return which of the studies of the database is meant; None if there is none yet.

        Raises:
            JobError: If there are several and none was named.
        """
        if self.name in names:
            return self.name
        if not self.storage or not self.name:
            if len(names) > 1:
                raise JobError(
                    f"{presentable(self.target)}: holds several studies; name one: {', '.join(names)}"
                )
            return next(iter(names), None)
        return None

    def missing(self, names: Collection[str]) -> str:
        """Return the message that the study is not there."""
        if not names:
            return f"{presentable(self.target)}: holds no study"
        return f"{presentable(self.target)}: holds no study '{self.name}'{suggest(self.name, names)}"


def _note(folder: Path) -> Path:
    return folder / "study.json"
