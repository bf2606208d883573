"""Processes that tests start: those that a test leaves behind, as one does that has failed, end with it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_STARTED: list[subprocess.Popen[Any]] = []


def popen(command: Sequence[str | Path], **options: Any) -> subprocess.Popen[Any]:
    """Start a process as `subprocess.Popen` does."""
    _STARTED.append(subprocess.Popen(command, **options))
    return _STARTED[-1]


@contextmanager
def ended() -> Iterator[None]:
    """End what was started in the block and still runs, or the next test would meet it and its open pipes."""
    try:
        yield
    finally:
        for process in _STARTED:
            process.kill()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()
            process.wait()
        _STARTED.clear()
