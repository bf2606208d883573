"""Processes that tests start: those that a test leaves behind, as one does that has failed, end with it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

_STARTED: list[subprocess.Popen[Any]] = []


class _Started(subprocess.Popen[Any]):
    """A process that ends with its block, if that fails: `Popen` would wait for it."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self.kill()
        super().__exit__(kind, error, trace)


def popen(command: Sequence[str | Path], **options: Any) -> subprocess.Popen[Any]:
    """Start a process as `subprocess.Popen` does; it ends with the test at the latest.

    Wait for it without a limit: that of the test counts, and on a busy machine any other may be short.
    """
    _STARTED.append(_Started(command, **options))
    return _STARTED[-1]


@contextmanager
def ended() -> Iterator[None]:
    """End what was started in the block and still runs, or the next test would meet it and its open pipes."""
    before = len(_STARTED)
    try:
        yield
    finally:
        for process in _STARTED[before:]:
            process.kill()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()
            process.wait()
        del _STARTED[before:]
