"""Files that a command writes: which suffixes stand for what, and whether one can be written."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from ...spaces.errors import InputError

FIGURES = (".svg", ".png", ".pdf")
TABLES = (".md", ".tex", ".csv", ".json")


def check_suffix(path: Path, suffixes: Collection[str], law: str) -> None:
    """Raise InputError if the suffix of a file to write is none of these."""
    if path.suffix.lower() not in suffixes:
        raise InputError(f"{path}: {law}")


def check_folder(path: Path) -> None:
    """Raise InputError if the folder of a file to write is not there."""
    if not path.parent.is_dir():
        raise InputError(f"{path.parent}: no such folder")
