"""The network that a command is about: its argument, another input for it, and how it is read."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated

import typer

from ...spaces.errors import InputError

if TYPE_CHECKING:
    from ...analysis.costs.modules import ModuleProfile
    from ...spaces import Network

TABLE_OR_PYTHON = (
    "A name of `archscape list`, a YAML or JSON file, or what makes any PyTorch module: `file.py:factory`, "
    "which is run."
)
CONVENTIONS = "fvcore, thop, ptflops, torchinfo, pycls, nasbench201"
NetworkArgument = Annotated[
    str, typer.Argument(help="A name of `archscape list`, or a YAML or JSON file.", metavar="NETWORK")
]
SpaceArgument = Annotated[
    str, typer.Argument(help="A space of `archscape list`, or a YAML or JSON file.", metavar="SPACE")
]
InputOption = Annotated[
    str | None,
    typer.Option("--input", metavar="CxHxW", help="Shape of the input. [default: the network's own]"),
]


def find_network(name: str, shape: str | None) -> Network:
    """Return a network of the catalog or of a file, on another input if one is given.

    Raises:
        InputError: If there is no such network, or the input does not fit it.
    """
    from ...spaces import load_network
    from ...spaces.language.reading import read_shape

    if is_python(name):
        raise InputError(
            f"{name}: only `archscape profile` and `compare` run a Python file; a table is needed here"
        )
    network = load_network(name)
    return network if shape is None else network.at(input=read_shape(shape))


def profile_python(name: str, shape: str | None) -> tuple[tuple[int, ...], ModuleProfile]:
    """Run the module that a Python file makes; return the shape of its input and what it costs.

    What the file prints goes to standard error.

    Raises:
        InputError: If no shape is given or it is none, or the module cannot be made or run.
    """
    from ...analysis.costs.modules import profile_module
    from ...analysis.costs.modules.user_code import load_module

    if shape is None:
        raise InputError(f"{name}: a module does not say what it reads; give --input CxHxW, as in 3x224x224")
    parts = shape.split("x")
    if not all(part.isdecimal() and int(part) for part in parts):
        raise InputError(f"--input of a module is sizes of one sample, as in 3x224x224, but got '{shape}'")
    sizes, module = tuple(map(int, parts)), load_module(name)
    with redirect_stdout(sys.stderr):
        return sizes, profile_module(module, input=sizes)


def is_python(name: str) -> bool:
    """Tell whether a name is that of a Python file, with or without what it makes: `net.py:make`."""
    return name.endswith(".py") or ".py:" in name
