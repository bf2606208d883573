"""How the options of a command are shown in its `--help`, and which of them the user gave."""

from __future__ import annotations

from copy import copy

import typer
from typer.models import OptionInfo

from archscape.spaces.errors import InputError

ADVANCED = "Advanced"
"""The panel of the options that few need; at most eight stand in the first one."""


def advanced(option: OptionInfo) -> OptionInfo:
    """Return an option for the panel of those that few need."""
    option = copy(option)
    option.rich_help_panel = ADVANCED
    return option


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
