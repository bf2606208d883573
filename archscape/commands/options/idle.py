"""Options that would have no effect: nothing that a user gives is ignored silently."""

from __future__ import annotations

import typer

from ...spaces.errors import InputError


def check_idle(context: typer.Context, names: tuple[str, ...], law: str) -> None:
    """Raise InputError for an option on the command line that would have no effect.

    Args:
        context: Of the command.
        names: The options without effect.
        law: What the message says after the option's name.
    """
    for name in names:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise InputError(f"--{name} {law}")
