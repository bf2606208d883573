"""The command line: commands by name, each loaded when it is first used, and exit statuses of errors.

Results go to standard output, progress and what to do next to standard error. Exit status: 0 good; 2 the
input is wrong (one message, no traceback); 1 anything else that archscape foresees.
"""

from __future__ import annotations

import atexit
import errno
import gc
import inspect
import os
import select
import sys
from collections import UserDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from ._version import __version__
from .commands import ADVANCED, PANELS
from .hidden_password import hide_password
from .output import log
from .search.file_faults import WRITE_ERRNOS, is_passing
from .spaces.errors import ArchscapeError, InputError

EXHAUSTED = (errno.EAGAIN, errno.ENOMEM)
"""Errors of a process that cannot be started now."""


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
        for each in (command, *getattr(command, "commands", {}).values()):
            _shorten_types(each)
        return command


class CommandGroup(TyperGroup):
    """All commands of `archscape`, which `--help` shows in panels."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = LazyCommands({name: panel for panel, names in PANELS.items() for name in names})
        _shorten_types(self)

    def make_context(self, *arguments: Any, **settings: Any) -> Any:
        """Read the command line; `--help` is printed here."""
        with _output_checked():
            return super().make_context(*arguments, **settings)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with _output_checked():
            return super().invoke(ctx)


@contextmanager
def _output_checked() -> Iterator[None]:
    """End the program in a word where standard output does not take what is printed."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except (OSError, SystemExit) as end:
        is_rich = isinstance(end, SystemExit) and isinstance(end.__context__, BrokenPipeError)
        if is_rich or (isinstance(end, BrokenPipeError) and _has_lost_reader()):
            _forget_output()
            raise SystemExit(0) from None  # `| head` has what it wanted
        # Python does not name the file that can be written no further; those of ours have a name.
        if isinstance(end, OSError) and end.filename is None and end.errno in WRITE_ERRNOS:
            _forget_output()
            log(f"archscape: the output cannot be written: {end.strerror}")
            raise SystemExit(1) from None
        raise


def _has_lost_reader() -> bool:
    """Tell whether nobody reads the pipe that standard output is."""
    output = select.poll()
    output.register(sys.stdout, 0)
    return bool(output.poll(0))


def _forget_output() -> None:
    """Lead standard output nowhere, or Python would complain once more while closing it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _shorten_types(command: Any) -> None:
    """Have `--help` show `1..` for a range, and nothing beside a flag."""
    for parameter in command.get_params(typer.Context(command)):
        low, high = getattr(parameter, "min", None), getattr(parameter, "max", None)
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
        elif parameter.metavar is None and (low, high) != (None, None):
            parameter.metavar = "..".join("" if end is None else str(end) for end in (low, high))
            parameter.min = parameter.max = None


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
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 -- closed by `>&-`
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(
            errors="backslashreplace"
        )  # as standard error does: not every terminal has "Δ"
    if arguments is None:
        hide_password()
    atexit.register(gc.freeze)  # looking for garbage in all libraries once more takes a fifth of a second
    try:
        app(args=list(arguments) if arguments is not None else None, prog_name="archscape")
    except InputError as error:
        log(f"archscape: {error}")
        sys.exit(2)
    except ArchscapeError as error:
        log(f"archscape: {error}")
        sys.exit(1)
    except OSError as error:
        passes = is_passing(error) or error.errno in EXHAUSTED
        if error.filename is None and not passes:
            raise
        log(f"archscape: {f'{error.filename}: ' if error.filename else ''}{error.strerror}")
        sys.exit(1 if passes else 2)


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
