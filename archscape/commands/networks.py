"""What commands on networks share: how one is named, on which input, and its costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..output import Format
from ..spaces.errors import InputError

if TYPE_CHECKING:
    from ..spaces import Network

FormatOption = Annotated[Format, typer.Option("--format", help="How to print the result.")]
InputOption = Annotated[
    str | None, typer.Option("--input", metavar="CxHxW", help="Another input than the network's own.")
]


def find_network(name: str, shape: str | None) -> Network:
    """Return a network of the catalog or of a file, on another input if one is given.

    Raises:
        InputError: If there is no such network, or the input does not fit it.
    """
    from ..spaces import load_network
    from ..spaces.language.reading import read_shape

    if is_python(name):
        raise InputError(
            f"{name}: only `archscape profile` and `compare` run a Python file; a table is needed here"
        )
    network = load_network(name)
    return network if shape is None else network.at(input=read_shape(shape))


def read_sizes(text: str) -> tuple[int, ...]:
    """Return the sizes of what a module reads, which need not be a map.

    Raises:
        InputError: If they are no sizes.
    """
    parts = text.split("x")
    if not all(part.isdecimal() and int(part) for part in parts):
        raise InputError(f"--input of a module is sizes of one sample, as in 3x224x224, but got '{text}'")
    return tuple(map(int, parts))


def is_python(name: str) -> bool:
    """Tell whether a name is that of a Python file, with or without what it makes: `net.py:make`."""
    return name.endswith(".py") or ".py:" in name
