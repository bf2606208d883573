"""Checks of options: nothing that a user gives is ignored silently, and a file can be written."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import typer

from ...spaces.errors import InputError
from ...spaces.run_folder import FILES

FIGURES = (".svg", ".png", ".pdf")


def check_idle(context: typer.Context, names: tuple[str, ...], law: str) -> None:
    """Raise InputError, with a law, for one of these options if it is given and would have no effect."""
    for name in names:
        if is_given(context, name):
            raise InputError(f"--{name} {law}")


def is_given(context: typer.Context, name: str) -> bool:
    """Return whether an option was given on the command line."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def check_file(path: Path, suffixes: Collection[str], law: str, *, run: Path | None = None) -> None:
    """Raise InputError if a file cannot be written: its suffix is none of these, or there is no folder.

    Nor may it take the place of a file of a run, other than the run that it is made from.
    """
    if path.suffix.lower() not in suffixes:
        raise InputError(f"{path}: {law}")
    if not path.parent.is_dir():
        raise InputError(f"{path.parent}: no such folder")
    if path.name in FILES:
        check_folder(path.parent, run)


def check_folder(folder: Path, run: Path | None = None) -> None:
    """Raise InputError if a folder is none, or that of a run, other than the run that a result is of."""
    from ...search.study.claim import check_output

    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is no folder; name another folder with --out, or move it")
    check_output(folder, run)
