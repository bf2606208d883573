"""Room on the disk, measured and run out of."""

from __future__ import annotations

import errno
import resource
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from archscape.search.atomic import ROOM_BYTES, has_room, is_full


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.mark.parametrize(
    ("free", "params", "room"),
    [
        (ROOM_BYTES, 0, False),
        (ROOM_BYTES + 1, 0, True),
        (ROOM_BYTES + 24 * 10**6, 10**6, False),
        (ROOM_BYTES + 24 * 10**6 + 1, 10**6, True),
    ],
)
def test_a_trial_needs_its_weights_and_two_moments_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, params: int, room: bool
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(2**40, 0, free))
    assert has_room(tmp_path, params=params) is room


def test_a_limit_is_seen_where_the_disk_has_room(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        assert not has_room(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert has_room(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_real_write_to_a_full_device_is_known() -> None:
    with pytest.raises(OSError, match="No space left") as caught:
        Path("/dev/full").write_text("x")
    assert is_full(caught.value)
    assert is_full(OSError(errno.EDQUOT, "quota"))
    assert not is_full(FileNotFoundError(errno.ENOENT, "x"))
    assert not is_full(MemoryError())
