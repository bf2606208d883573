"""Atomic writes: a file is whole or absent wherever its writer is killed; whether the disk has room."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

ROOM_BYTES = 32 * 2**20
"""What logs, results and small checkpoints need."""

PROBE_BYTES = 2**16
"""What is written for a moment to see whether it may be: a quota can be full where the disk is not."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that readers see the old content or the new one, also after a crash of the machine.

    Args:
        path: The file; its folder exists.
        content: Text (written as UTF-8) or bytes.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    data = content.encode("utf-8") if isinstance(content, str) else content
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, whole or not at all."""
    write_whole(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def sweep(path: Path) -> None:
    """Remove what killed writers of a file left beside it; only for the file's sole writer to call."""
    for leftover in path.parent.glob(f".{path.name}.*.part"):
        leftover.unlink(missing_ok=True)


def has_room(folder: Path, *, params: int = 0) -> bool:
    """Return whether a trial's files fit: weights and optimizer state, twice while they change."""
    if shutil.disk_usage(folder).free <= ROOM_BYTES + params * 4 * 3 * 2:
        return False
    try:
        with TemporaryFile(dir=folder) as probe:
            probe.write(bytes(PROBE_BYTES))
    except OSError as error:
        if is_full(error):
            return False
        raise
    return True


def is_full(error: BaseException) -> bool:
    """Return whether an error means that a disk or a quota is full."""
    return isinstance(error, OSError) and error.errno in _FULL
