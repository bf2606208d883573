"""Damaged small files of a run: who looks at it reports them, who works on it also sets them aside."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from archscape.spaces.atomic import read_whole, set_aside


def read_mapping(file: Path) -> dict[str, Any]:
    """Return the mapping that a JSON file holds.

    Raises:
        FileNotFoundError: If there is no file.
        ValueError: If it is damaged, or something else.
    """
    try:
        known = json.loads(read_whole(file))
    except (IsADirectoryError, RecursionError) as error:
        raise ValueError(str(error)) from None
    if not isinstance(known, dict):
        raise ValueError("it is no mapping")
    return known


@cache
def report(line: str) -> None:
    """Report a damaged file in the log, once in a process however often it is met."""
    logging.getLogger("archscape").warning(line)


def move_aside(file: Path, why: str, say: Callable[[str], object] = report) -> None:
    """Set a damaged file of the run that this process works on aside; what cannot be is left and reported."""
    try:
        place = set_aside(file)
    except OSError as error:
        report(f"{file}: damaged: {why}; it could not be set aside: {error.strerror}")
    else:
        say(f"{file}: damaged: {why}; it is kept as {place.name}, and the search goes on")


def make_room(file: Path, read: Callable[[Path], object] = read_mapping) -> None:
    """Set a file aside that cannot be read, before a new one takes its place."""
    try:
        read(file)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except ValueError as error:
        move_aside(file, str(error))
