"""Claim: whose run a folder is, as its `study.json` says: the study by name, storage and id.

Files of two studies in one folder would take each other's place, and a study begun anew in the folder of one
that is gone would overwrite what is left of it. So a folder is claimed by the study that writes there first.
The id is what decides, so a folder that was copied or moved stays with its study.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from archscape.spaces.atomic import write_json
from archscape.spaces.errors import InputError, JobError, StudyError, StudyGone
from archscape.spaces.run_folder import is_run_folder

from .damaged import make_room, read_mapping, report
from .remains import count_rows, remains
from .storage import absolute_storage, parse_storage, presentable

ELSEWHERE = "give another folder with --out"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a folder knows of its study.

    Attributes:
        storage: Address of the database, absolute and without its password; "" for the folder's own
            `study.db`.
        study: Name of the study.
        id: Its id; "" where an earlier version left none.
    """

    storage: str
    study: str
    id: str = ""

    @classmethod
    def of(cls, folder: Path, storage: str = "") -> Claim | None:
        """Return the claim on a folder; None if there is none, or a damaged one, which is reported.

        Args:
            folder: The folder.
            storage: Where the study is, as the user says; "" if only the folder can tell.

        Raises:
            StudyError: If it is damaged, and nothing else says where the study is.
        """
        note = folder / "study.json"
        try:
            known = _read(note)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except ValueError as error:
            if not storage and not (folder / "study.db").exists():
                raise StudyError(
                    f"{note}: damaged, so where the study of this folder is cannot be told; move that file "
                    "away, and give --storage URL"
                ) from None
            report(f"{note}: damaged: {error}")
            return None
        return replace(known, storage=_seen_from(folder, known.storage))

    def keep(self, folder: Path) -> None:
        """Write the claim to a folder; a database in the folder moves with it, and no password is kept."""
        folder.mkdir(parents=True, exist_ok=True)
        file, home = Path(self.storage), folder.absolute()
        within = "://" not in self.storage and file.is_relative_to(home)
        storage = str(file.relative_to(home)) if within else self.storage
        make_room(folder / "study.json", _read)
        write_json(folder / "study.json", asdict(self) | {"storage": storage})

    def is_of(self, folder: Path, storage: str, study: str, identity: str) -> bool:
        """Return whether it is the claim of a study on a folder: by the id, or without one by the place."""
        if self.id:
            return self.id == identity
        return self.study == study and self.is_in(folder, storage)

    def is_in(self, folder: Path, storage: str) -> bool:
        """Return whether a storage, by default the folder's own, is the one that the folder was used with."""
        own = str(folder / "study.db")
        return _is_same_place(self.storage or own, storage or own)

    @property
    def where(self) -> str:
        """The database in words."""
        return self.storage or "its own study.db"


def claim_of(folder: Path, storage: str, study: str, identity: str) -> Claim:
    """Return the claim of a study on a folder."""
    own = not storage or _is_file(storage, folder / "study.db")
    return Claim(storage="" if own else presentable(absolute_storage(storage)), study=study, id=identity)


def release(folder: Path, storage: str, identity: str) -> None:
    """Let a folder belong to no study any more, if it was this one's and holds no results of it."""
    claim = Claim.of(folder, storage)
    if claim is not None and claim.id == identity and not remains(folder):
        (folder / "study.json").unlink(missing_ok=True)


def check_before(folder: Path, name: str, storage: str) -> None:
    """Check that a folder may become that of a study, as far as can be told without a database.

    Raises:
        JobError: If it is another study's, or the file of its database is gone.
    """
    claim = Claim.of(folder, storage)
    if claim is not None and claim.study != name:
        raise _belongs(folder, claim, name)
    own = folder / "study.db"
    if claim is None and storage and own.exists() and not _is_file(storage, own):
        raise _belongs(folder, Claim(storage="", study="", id=""), name)
    file = _file(storage or (claim.storage if claim else "") or own)
    missing = file is not None and not (file.exists() and file.stat().st_size)
    if missing and (claim is not None or remains(folder)):
        raise gone(folder, name, str(file))


def check_study(folder: Path, name: str, storage: str, *, study: str | None, identity: str) -> None:
    """Check that a folder is, or can become, that of the study which was found in a database.

    Args:
        folder: The folder.
        name: The study that is meant; "" for the one that was found.
        storage: Its database; "" for the folder's own.
        study: The study that was found; None if there is none yet.
        identity: Its id.

    Raises:
        JobError: If it cannot.
    """
    claim = Claim.of(folder, storage)
    if study is not None and name and study != name:
        raise _belongs(folder, Claim(storage=storage, study=study), name)
    if claim is None:
        if study is None and remains(folder):
            raise gone(folder, name, presentable(storage or folder / "study.db"))
        return
    if claim.study != (study or name):
        raise _belongs(folder, claim, study or name)
    if study is None:
        if claim.is_in(folder, storage):
            raise gone(folder, name, claim.where)
        raise _belongs(folder, claim, name, claim_of(folder, storage, name, "").where)
    if not claim.is_of(folder, storage, study, identity):
        if claim.id:
            raise JobError(_replaced(folder, claim))
        raise _belongs(folder, claim, study, claim_of(folder, storage, study, identity).where)


def check_reader(folder: Path, claim: Claim | None, identity: str) -> None:
    """Check that the study which a folder led to is the one that it belongs to.

    Raises:
        StudyGone: If it is not.
    """
    if claim is not None and claim.id and claim.id != identity:
        raise StudyGone(_replaced(folder, claim))


def check_trials(folder: Path, trials: int) -> None:
    """Check that a study holds no fewer trials than the table that is in its folder.

    Raises:
        JobError: If it is older than the table.
    """
    rows = count_rows(folder / "trials.csv")
    if rows > trials:
        raise JobError(
            f"{folder}: its study holds {trials} trials, but trials.csv {rows}: it is an older copy, or lost "
            f"some; bring the later one back, or {ELSEWHERE}"
        )


def check_output(folder: Path, source: Path | None = None) -> None:
    """Check that what is to be written does not go into the folder of another run.

    Args:
        folder: Where it goes.
        source: The folder of the run that it is made from; None if it is made from something else.

    Raises:
        InputError: If it does.
    """
    if is_run_folder(folder) and not (source is not None and source.exists() and source.samefile(folder)):
        claim = Claim.of(folder)
        whose = f"study '{claim.study}'" if claim else "another study"
        raise InputError(f"{folder}: is the folder of {whose}, where this does not belong; {ELSEWHERE}")


def gone(folder: Path, name: str, where: str) -> JobError:
    """Return the error that the study of a folder is not there any more."""
    left = remains(folder)
    results = f", but {left} are here" if left else ""
    return JobError(
        f"{folder}: its study '{name}' is not in {where} any more{results}; bring it back, {ELSEWHERE}, or "
        "remove this one"
    )


def _read(note: Path) -> Claim:
    """Return a claim as it is written; raise ValueError if it is damaged."""
    known = read_mapping(note)
    texts = known.get("storage"), known.get("study"), known.get("id", "")
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("it names no study and its storage")
    return Claim(storage=known["storage"], study=known["study"], id=known.get("id", ""))


def _belongs(folder: Path, claim: Claim, name: str, where: str = "") -> JobError:
    whose = f"study '{claim.study}'" if claim.study else "the study"
    other = f"'{name}' in {where}" if where else f"'{name}'"
    return JobError(f"{folder}: belongs to {whose} in {claim.where}, not to {other}; {ELSEWHERE}")


def _replaced(folder: Path, claim: Claim) -> str:
    return (
        f"{folder}: its study '{claim.study}' was deleted from {claim.where}, and another of that name took "
        f"its place; {ELSEWHERE}, or remove this one"
    )


def _is_file(storage: str, file: Path) -> bool:
    return _file(storage) == file.absolute()


def _is_same_place(storage: str, other: str) -> bool:
    """Return whether two addresses are of the same database; a file may be reached by several paths."""
    file, another = _file(storage), _file(other)
    if file is None or another is None:
        return presentable(storage) == presentable(other)
    return file == another or (file.exists() and another.exists() and file.samefile(another))


def _file(storage: str | Path) -> Path | None:
    """Return the file of a storage; None if it is on a server."""
    url = parse_storage(storage)
    return Path(str(url.database)).absolute() if url.get_backend_name() == "sqlite" else None


def _seen_from(folder: Path, storage: str) -> str:
    """Return the address of a claim: a relative path is that of a file in the folder, which may have moved.

    One that earlier versions kept is relative to where the search was begun, which they did not keep.
    """
    if not storage or "://" in storage:
        return storage
    within = folder / storage
    return os.path.abspath(within if within.exists() else storage)
