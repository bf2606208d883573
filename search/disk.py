"""Room on the disk: looked for before a trial begins, waited for when it has run out."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

ROOM_BYTES = 32 * 2**20
"""What logs, results and small checkpoints need."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def has_room(folder: Path, *, params: int = 0) -> bool:
    """Say whether a trial's files fit into a folder: weights and optimizer state, twice while they change."""
    return shutil.disk_usage(folder).free > ROOM_BYTES + params * 4 * 3 * 2


def is_full(error: BaseException) -> bool:
    """Say whether an error means that a disk or a quota is full."""
    return isinstance(error, OSError) and error.errno in _FULL
