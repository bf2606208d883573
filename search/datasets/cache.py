"""Decoded data: one memory-mapped file for each array, written once and shared by all processes of a machine.

A folder of the cache is whole or absent: it is written under another name and then renamed, by the one
process that holds its lock. It is found by the path of the source, the sizes and times of its files, and the
settings, without opening a file of the source. It may be removed whenever nobody is at work; it is then made
again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from archscape.spaces.atomic import temporary_name, write_json
from archscape.spaces.errors import JobError

from .arrays import LABELLED, SPLITS, Arrays, Parts, Source, Statistics, task_of
from .decoding import FileStore, decode, writing
from .progress import Log, Progress
from .readers.base import Samples
from .statistics import take_statistics

VERSION = 1
"""Of the format of a folder, and of what decoding gives; another one is decoded anew."""

IN_MEMORY_BYTES = 64 * 2**20
"""Up to how much each process holds in memory instead of mapping it."""

_META = "data.json"
_PAUSE_SECONDS = 0.2


def cache_home() -> Path:
    """Return where decoded data are kept: `ARCHSCAPE_CACHE`, or as the system has it."""
    folder = os.environ.get("ARCHSCAPE_CACHE")
    if folder:
        return Path(folder).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "archscape"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "archscape"


@dataclass(frozen=True, kw_only=True)
class CacheEntry:
    """One folder of the cache.

    Attributes:
        name: Of the source, for messages.
        folder: Where it lies, or will.
    """

    name: str
    folder: Path

    @classmethod
    def of(cls, name: str, facts: Any, files: Sequence[Path]) -> CacheEntry:
        """Return the entry of a source.

        Args:
            name: Of the source.
            facts: What decoding depends on beside the files, in plain types.
            files: What it reads; they are not opened.
        """
        known = json.dumps([VERSION, facts, _stamps(files)], sort_keys=True)
        stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", Path(name).name)[:40].strip("-.") or "data"
        return cls(
            name=name, folder=cache_home() / f"{stem}-{hashlib.sha256(known.encode()).hexdigest()[:16]}"
        )

    def open(self) -> Source | None:
        """Return what it holds; None if it is not there, or a file that it depends on has changed."""
        try:
            meta = json.loads((self.folder / _META).read_text("utf-8"))
            if meta["files"] and _stamps([Path(file) for file, *_ in meta["files"]]) != meta["files"]:
                return None
            mapped: Arrays = {
                f"{letter}_{part}": np.load(self.folder / f"{letter}_{part}.npy", mmap_mode="r")
                for part in SPLITS
                for letter in "xy"
            }
            statistics = Statistics.from_dict(meta["statistics"])
        except (OSError, ValueError, KeyError, TypeError, EOFError, JobError):
            return None
        if sum(array.nbytes for array in mapped.values()) <= IN_MEMORY_BYTES:
            mapped = {key: np.array(array) for key, array in mapped.items()}
        return Source(
            arrays=mapped,
            task=meta["task"],
            class_names=tuple(meta["class_names"]),
            statistics=statistics,
        )

    @contextmanager
    def locked(self, say: Log) -> Iterator[None]:
        """Hold the lock of the folder; while another process has it, wait, and say so.

        Raises:
            JobError: If nothing can be written there.
        """
        with writing(self.folder.parent):
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            lock = (self.folder.parent / f"{self.folder.name}.lock").open("ab")
        with lock:
            is_said = False
            while not _try_lock(lock, self.folder.parent):
                if not is_said:
                    say(f"{self.name}: another process decodes it to {self.folder}; waiting for that")
                is_said = True
                time.sleep(_PAUSE_SECONDS)
            yield

    def write(self, samples: Samples, parts: Parts, show: Progress) -> None:
        """Decode samples to the folder; the lock is held.

        Raises:
            JobError: If they cannot be decoded, or there is no room.
        """
        sweep_folders(self.folder)
        part, stamps = temporary_name(self.folder), _stamps(samples.files)  # before they are read
        try:
            with writing(self.folder.parent):
                part.mkdir()
            decode(samples, parts, FileStore(part), show=show, words=f"decoding {self.name}")
            arrays = {path.stem: np.load(path, mmap_mode="r") for path in sorted(part.glob("*.npy"))}
            task = samples.task or task_of(arrays["x_train"], arrays["y_train"])
            statistics = take_statistics(arrays, labelled=task in LABELLED)
            meta = {
                "source": samples.source,
                "task": task,
                "class_names": samples.class_names,
                "files": stamps,
                "statistics": statistics.to_dict(),
            }
            with writing(self.folder.parent):
                write_json(part / _META, meta)
                if self.folder.exists():  # of other files, or damaged; whoever has it mapped keeps it
                    self.folder.rename(temporary_name(self.folder))
                part.rename(self.folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        sweep_folders(self.folder)


def sweep_folders(folder: Path) -> None:
    """Remove what killed writers of a folder left beside it; the lock is held."""
    for leftover in folder.parent.glob(f".{folder.name}.*.part"):
        shutil.rmtree(leftover, ignore_errors=True)


def _stamps(files: Sequence[Path]) -> list[list[Any]]:
    """Return path, size in bytes and time of change in nanoseconds of files; they are not opened.

    Raises:
        JobError: If one is not there.
    """
    stats = ((str(file), os.stat(file)) for file in files)
    try:
        return sorted([name, stat.st_size, stat.st_mtime_ns] for name, stat in stats)
    except OSError as error:
        raise JobError(f"{error.filename}: cannot be read: {error.strerror}") from None


def _try_lock(lock: BinaryIO, folder: Path) -> bool:
    with writing(folder):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
