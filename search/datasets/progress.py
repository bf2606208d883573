"""What tells somebody what is done to data, and how far that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Log: TypeAlias = Callable[[str], None]
"""Takes a line."""

Progress: TypeAlias = Callable[[str, float, float], None]
"""Takes what is being done, how much of it is done, and of how much."""


def no_log(line: str) -> None:
    """Tell nobody."""


def no_progress(words: str, done: float, total: float) -> None:
    """Tell nobody."""
