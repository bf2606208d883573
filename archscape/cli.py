"""The command line: commands by name, each loaded when it is first used, and exit statuses of errors.

Results go to standard output, progress and what to do next to standard error. Exit status: 0 good; 2 the
input is wrong (one message, no traceback); 1 anything else that archscape foresees.
"""

from __future__ import annotations

import atexit
import gc
import inspect
import sys
from collections import UserDict
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from ._version import __version__
from .commands import ADVANCED, PANELS
from .output import log
from .spaces.errors import ArchscapeError, InputError


class LazyCommands(UserDict[str, Any]):
    """The commands by name; the file of one is imported when it is looked up."""

    def __getitem__(self, name: str) -> Any:
        """Return the command of `commands/NAME.py`, made from its function, or its group of commands."""
        panel = self.data[name]
        module = import_module(f".commands.{name}", __package__)
        attribute = getattr(module, f"{name}_", None) or getattr(module, name)
        if isinstance(attribute, typer.Typer):
            command: Any = get_command(attribute)
        else:
            group = typer.Typer(add_completion=False, rich_markup_mode="markdown")
            examples = "\n".join(f"- `{example}`" for example in getattr(module, "EXAMPLES", ()))
            group.command(epilog=f"Examples:\n\n{examples}" if examples else None)(attribute)
            command = get_command(group)
            for parameter in command.params:
                if parameter.name in (inspect.getfullargspec(attribute).kwonlyargs):
                    parameter.rich_help_panel = ADVANCED
        command.name, command.rich_help_panel = name, panel
        return command


class CommandGroup(TyperGroup):
    """All commands of `archscape`, which `--help` shows in panels."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = LazyCommands({name: panel for panel, names in PANELS.items() for name in names})


app = typer.Typer(
    cls=CommandGroup,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Architecture search and analysis for convolutional networks.\n\n"
    "Start with `archscape list`, `archscape profile resnet50` or `archscape space cifar`.",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; wrong input ends with one message and exit status 2."""
    atexit.register(gc.freeze)  # looking for garbage in all libraries once more takes a fifth of a second
    try:
        app(args=list(arguments) if arguments is not None else None, prog_name="archscape")
    except InputError as error:
        log(f"archscape: {error}")
        sys.exit(2)
    except ArchscapeError as error:
        log(f"archscape: {error}")
        sys.exit(1)
    except BrokenPipeError:
        # The reader of a pipe has gone; Python would complain once more while closing standard output.
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        if error.filename is None:
            raise
        log(f"archscape: {error.filename}: {error.strerror}")
        sys.exit(2)


def _print_version(asked: bool) -> None:
    if asked:
        print(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass
