"""Atomic writes: a file is whole or absent wherever its writer is killed; what is damaged is set aside."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from glob import escape
from itertools import count
from pathlib import Path
from typing import Any

_NAME_BYTES = 160
"""Of the name that a file under way takes from its own: file systems allow 255 bytes for all of it."""


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that readers see the old content or the new one, also after a crash of the machine.

    A symbolic link at the place is replaced, not followed. What is no file of a disk, such as `/dev/stdout`,
    is written to.

    Args:
        path: The file; its folder exists.
        content: Text (written as UTF-8 with the same line ends on every system) or bytes.
    """
    # A byte of a name that is no UTF-8 becomes an escape rather than the end of a search.
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    if _is_stream(path):
        path.write_bytes(data)
        return
    temporary = temporary_name(path)
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)  # the name that the user knows
            error.filename2 = None
        raise


def temporary_name(path: Path) -> Path:
    """Return a name beside a file, which no other process has, for what takes its place when it is whole.

    Processes of two machines or containers on one disk may have the same number.
    """
    return path.with_name(f"{_prefix(path)}{os.getpid()}-{secrets.token_hex(4)}.part")


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, whole or not at all."""
    write_whole(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def read_whole(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        ValueError: If it is a pipe or a device, which may never come to its end.
        OSError: If it cannot be read.
    """
    if _is_stream(path):
        raise ValueError("it is no file")
    return path.read_bytes()


def sweep(path: Path) -> None:
    """Remove what killed writers of a file left beside it; only for the file's sole writer to call."""
    for leftover in leftovers(path):
        leftover.unlink(missing_ok=True)


def leftovers(path: Path) -> Iterator[Path]:
    """Return what writers of a file or folder have beside it: those at work, and those that were killed."""
    return path.parent.glob(f"{escape(_prefix(path))}*.part")


def set_aside(path: Path) -> Path:
    """Rename what cannot be read, so that nothing is lost and nobody meets it again; return its new place."""
    for place in _places(path):
        if not os.path.lexists(place):
            with suppress(FileNotFoundError):  # another process was faster
                path.rename(place)
            return place
    raise AssertionError("there is always a free name")


def _places(path: Path) -> Iterator[Path]:
    yield path.with_name(f"{path.name}.damaged")
    for number in count(2):
        yield path.with_name(f"{path.name}.{number}.damaged")


def _prefix(path: Path) -> str:
    return f".{os.fsdecode(os.fsencode(path.name)[:_NAME_BYTES])}."


def _is_stream(path: Path) -> bool:
    """Return whether a path names a device, a pipe, or what a process has open, and not a file of a disk."""
    top = path.absolute().parts[1:3]
    return (top[:1] in (("dev",), ("proc",)) and top[1:] != ("shm",)) or (
        path.exists() and not path.is_file() and not path.is_dir()
    )
