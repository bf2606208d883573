"""Checks of options: nothing that a user gives is ignored silently, and a file can be written."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import typer

from ...spaces.errors import InputError

FIGURES = (".svg", ".png", ".pdf")


def check_idle(context: typer.Context, names: tuple[str, ...], law: str) -> None:
    """Raise InputError, with a law, for one of these options if it is given and would have no effect."""
    for name in names:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise InputError(f"--{name} {law}")


def check_file(path: Path, suffixes: Collection[str], law: str) -> None:
    """Raise InputError if a file cannot be written: its suffix is none of these, or there is no folder."""
    if path.suffix.lower() not in suffixes:
        raise InputError(f"{path}: {law}")
    if not path.parent.is_dir():
        raise InputError(f"{path.parent}: no such folder")
