"""Room on the disk: looked for before a trial begins, waited for when it has run out."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path
from tempfile import TemporaryFile

ROOM_BYTES = 32 * 2**20
"""What logs, results and small checkpoints need."""

PROBE_BYTES = 2**16
"""What is written for a moment to see whether it may be: a quota can be full where the disk is not."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def has_room(folder: Path, *, params: int = 0) -> bool:
    """Say whether a trial's files fit into a folder: weights and optimizer state, twice while they change."""
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
    """Say whether an error means that a disk or a quota is full."""
    return isinstance(error, OSError) and error.errno in _FULL
