"""Address of a study: a folder for files, and a database that may be elsewhere."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from archscape.spaces.errors import JobError, StudyError, suggest

from .claim import Claim
from .remains import remains
from .storage import absolute_storage, parse_storage, presentable


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a study lives.

    Attributes:
        folder: The folder of the run.
        name: Name of the study in its database; "" for the only one.
        storage: URL of a database or absolute path of a file; "" for the folder's own `study.db`.
        claim: What the folder says of its study, where the address was taken from there.
        known: Whether the folder was used with this database before.
    """

    folder: Path
    name: str
    storage: str = field(repr=False)  # it may hold a password
    claim: Claim | None = None
    known: bool = False

    @classmethod
    def of(cls, folder: Path, *, name: str = "", storage: str = "") -> Address:
        """Return the address of the study that a folder was used with, or is to be used with."""
        claim = Claim.of(folder, storage)
        if storage:
            begun = claim.storage if claim else ""
            storage = _as_begun(storage, begun)
            return cls(folder=folder, name=name, storage=storage, known=_is_kept(begun, storage))
        if claim is not None:
            return cls(folder=folder, name=claim.study, storage=claim.storage, claim=claim, known=True)
        return cls(folder=folder, name=name, storage="")

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
            left = remains(self.folder)
            results = f", but {left}: its study is gone; bring it back" if left else ""
            raise StudyError(f"{self.folder}: no run of a search: it holds no study.db{results}")

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


def with_secrets(kept: str, given: str) -> str:
    """Return the address that a folder keeps, or the same address as it was given, with its password."""
    return given if given and _is_kept(kept, given) else kept


def _is_kept(kept: str, given: str) -> bool:
    """Return whether a folder keeps this address; an earlier version kept settings that are hidden now."""
    return bool(kept) and presentable(given) == presentable(kept)


def _as_begun(storage: str, known: str) -> str:
    """Return an address made absolute: by where one stands, or by where the folder was begun with it.

    The same command finds the same study from another folder: a path that leads nowhere from here, and is
    the end of the one that the folder of the run knows, is that one.
    """
    absolute, path = absolute_storage(storage), Path(str(parse_storage(storage).database))
    is_elsewhere = "://" not in absolute and not path.is_absolute() and not Path(absolute).exists()
    parts = Path(os.path.normpath(path)).parts
    return known if is_elsewhere and Path(known).parts[-len(parts) :] == parts else absolute
