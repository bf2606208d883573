"""Standard output for the result alone: what the user's code prints goes to standard error."""

from __future__ import annotations

import atexit
import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress


@contextmanager
def prints_to_stderr() -> Iterator[None]:
    """Send to standard error what is printed meanwhile, in Python, in C or by a process, and at the exit."""
    sys.stdout.flush()
    results = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _flush()
        os.dup2(results, 1)
        os.close(results)
        atexit.register(_end_results)  # the last one that is registered comes first


def _end_results() -> None:
    """Send all that is still printed to standard error."""
    _flush()
    with suppress(OSError):
        os.dup2(2, 1)
    sys.stdout = sys.stderr


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr, sys.__stdout__):
        with suppress(OSError, ValueError):
            if stream is not None:
                stream.flush()
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).fflush(None)  # what libraries in C hold back
