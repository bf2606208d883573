"""Commands are files, files are commands; and what the `--help` of each of them shows."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer

from archscape import commands
from archscape.analysis.costs import conventions
from archscape.cli import app, main
from archscape.commands import ADVANCED
from archscape.commands.options import networks

GROUP: Any = typer.main.get_command(app)
NAMES = [name for names in commands.PANELS.values() for name in names]


def leaves(group: Any, *words: str) -> Iterator[tuple[str, Any]]:
    """Yield the words and the command of every command of a group, and of the groups in it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from leaves(command, *words, name)
        else:
            yield " ".join((*words, name)), command


LEAVES = dict(leaves(GROUP))


def module_of(name: str) -> ModuleType:
    return import_module(f"archscape.commands.{name}")


def takes_options(function: Callable[..., object]) -> bool:
    """Tell whether a function has parameters of the command line."""
    texts = [str(parameter.annotation) for parameter in inspect.signature(function).parameters.values()]
    return any(text.startswith("Annotated[") or text.endswith(("Option", "Argument")) for text in texts)


def test_each_command_has_its_file_and_each_file_its_command() -> None:
    folder = Path(str(commands.__file__)).parent
    assert sorted(NAMES) == sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("name", NAMES)
def test_a_file_defines_exactly_the_command_of_its_name(name: str) -> None:
    module = module_of(name)
    functions = [
        f for _, f in inspect.getmembers(module, inspect.isfunction) if f.__module__ == module.__name__
    ]
    defined = [f.__name__.rstrip("_") for f in functions if takes_options(f)]
    if isinstance(getattr(module, name, None), typer.Typer):
        assert sorted(defined) == sorted(GROUP.commands[name].commands)
    else:
        assert defined == [name]


@pytest.mark.parametrize("words", LEAVES)
def test_help_shows_at_most_eight_options_first(words: str) -> None:
    options = [p for p in LEAVES[words].params if p.param_type_name == "option"]
    panels = [option.rich_help_panel for option in options]
    assert panels.count(None) <= 7  # the eighth is --help
    assert set(panels) <= {None, ADVANCED}


def test_a_group_of_commands_has_no_options_of_its_own() -> None:
    for command in GROUP.commands.values():
        assert not hasattr(command, "commands") or command.params == []


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_of_a_command_are_true(name: str) -> None:
    for example in getattr(module_of(name), "EXAMPLES", ()):
        program, command, *arguments = example.split()
        assert program == "archscape"
        LEAVES[command].make_context(command, arguments)
        assert len(example) <= 74  # with its bullet, a line of 80 columns


def test_each_command_stands_on_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main(["--help"])
    lines = capsys.readouterr().out.splitlines()
    first_words = [
        line.strip("│ ").split()[0] for line in lines if line.startswith("│ ") and "--" not in line
    ]
    assert first_words == NAMES


def test_only_the_command_that_runs_is_loaded() -> None:
    code = (
        "import sys\n"
        "from archscape.cli import main\n"
        "try:\n    main(['field', '--help'])\n"
        "except SystemExit:\n    pass\n"
        "names = {name.split('.')[2] for name in sys.modules if name.startswith('archscape.commands.')}\n"
        "assert names == {'field', 'options'}, names\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_near_name_is_suggested(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["memroy"])
    assert end.value.code == 2
    assert "Did you mean 'memory'?" in capsys.readouterr().err


def test_help_names_every_convention() -> None:
    assert networks.CONVENTIONS.split(", ") == [name for name in conventions.CONVENTIONS if name != "macs"]
