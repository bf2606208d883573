"""The network that a command is about: its argument, another input for it, and how it is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ...spaces.errors import InputError, suggest
from ...spaces.language.uses import vouch_all
from ...waiting import working
from .model_files import check_readable, has_costs_alone
from .module_inputs import hint_of_type, how_to_give, read_module_input
from .user_output import prints_to_stderr

if TYPE_CHECKING:
    from ...analysis.costs.modules import ModuleProfile
    from ...analysis.costs.modules.inputs import ModuleInput
    from ...spaces import Network
    from ...spaces.graph import Shape


def _vouch(uses: list[str] | None) -> list[str] | None:
    """Let the tables of this process use the files that the user names."""
    vouch_all(uses or ())
    return uses


TABLE_OR_PYTHON = (
    "A name of `archscape list`, a bundle, a YAML or JSON file, an ONNX or .pt2 file, or what makes any "
    "PyTorch module: `file.py:factory`, which is run."
)
CONVENTIONS = "fvcore, thop, ptflops, torchinfo, pycls, nasbench201"
NetworkArgument = Annotated[
    str,
    typer.Argument(
        help="A name of `archscape list`, a bundle, or a YAML or JSON file; `FILE.yaml:b1` of a family.",
        metavar="NETWORK",
    ),
]
SpaceArgument = Annotated[
    str, typer.Argument(help="A space of `archscape list`, or a YAML or JSON file.", metavar="SPACE")
]
InputOption = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="CxHxW",
        help="Shape of the input, NAME=CxHxW of several. [default: the network's own]",
    ),
]
ModuleInputOption = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="CxHxW",
        help="Shape of the input. [default: the network's own] A module may read several, in order or by "
        "name, and of other types: `--input image=3x224x224 --input tokens=16:int64`; into a dictionary: "
        "`batch.image=3x224x224`; one number for each sample: `time=scalar`.",
    ),
]
UsesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--uses",
        metavar="FILE",
        callback=_vouch,
        help="Run this Python file, whose blocks the table uses; may be repeated.",
    ),
]
"""Its callback has done all there is to do: a command ignores what it is given."""


def find_network(name: str, shapes: Sequence[str] | None) -> Network:
    """Return a network of the catalog or of a file, on another input if one is given.

    Raises:
        InputError: If there is no such network, or the input does not fit it.
    """
    from ...spaces import load_network

    if is_python(name):
        raise InputError(
            f"{name}: only `archscape profile` and `compare` run a Python file; a table is needed here"
        )
    check_readable(name)
    network = load_network(name)
    return network.at(input=_other_inputs(name, network, shapes)) if shapes else network


def _other_inputs(name: str, network: Network, texts: Sequence[str]) -> dict[str, Shape]:
    """Return the inputs that `--input` gives, by name: `3x64x64` is the only one, else `image=3x64x64`."""
    inputs: dict[str, Shape] = {}
    for text in texts:
        which, named, sizes = text.rpartition("=")
        if not named and len(network.inputs) > 1:
            raise InputError(f"--input: {name} reads {network.input_text}; say which, as NAME={text}")
        key = which if named else next(iter(network.inputs))
        if key not in network.inputs:
            known = suggest(key, network.inputs) or f"; it reads {network.input_text}"
            raise InputError(f"--input: {name} has no input '{key}'{known}")
        if key in inputs:
            several = len(network.inputs) > 1
            raise InputError(
                f"--input {key} is given twice"
                if several
                else f"{name} reads one input, but --input is given {len(texts)} times"
            )
        inputs[key] = _other_shape(name, network.inputs[key], sizes)
    return inputs


def _other_shape(name: str, own: Shape, text: str) -> Shape:
    from ...spaces.language.shapes import read_shape
    from ...spaces.values import shape_text

    sizes = read_shape(text, flat=len(own) == 1)
    if len(sizes) != len(own):
        near = f"; did you mean {shape_text((own[0], *sizes))}?" if len(sizes) == len(own) - 1 else ""
        form = f"{own[0]} channels and {len(own) - 1} extents" if len(own) > 1 else "a flat vector"
        law = f"{name} reads {form}, as in {shape_text(own)}"
        raise InputError(f"--input: {law}, but got '{text}'{near}")
    return sizes


def profile_python(name: str, shapes: Sequence[str] | None) -> tuple[ModuleInput, ModuleProfile]:
    """Run the module that a Python file makes; return what it was called with and what it costs.

    Raises:
        InputError: If it needs inputs that are not given, or one is none, or it cannot be made or run.
    """
    from ...analysis.costs.modules import profile_module
    from ...analysis.costs.modules.inputs import check_input, needed_inputs
    from ...analysis.costs.modules.user_code import load_module

    call = read_module_input(shapes or ())
    with working(f"running {name}"), prints_to_stderr():
        law = "a module does not say what it reads; give --input CxHxW, as in 3x224x224"
        try:
            module = load_module(name)
        except InputError as error:
            raise error if shapes else InputError(f"{error}; and {law}") from error
        if not shapes and len(needed_inputs(module)) == 1:
            raise InputError(f"{name}: {law}")
        try:
            return call, profile_module(module, input=call)
        except InputError as error:
            check_input(module, call, how_to_give)
            if hint := hint_of_type(str(error), shapes or ()):
                raise InputError(f"{error}; {hint}") from error
            raise


def is_python(name: str) -> bool:
    """Tell whether a name is that of a Python file, with or without what it makes: `net.py:make`."""
    return name.endswith(".py") or ".py:" in name


def is_foreign(name: str) -> bool:
    """Tell whether a name is that of what has no table of rows: a Python file, or a model file."""
    return is_python(name) or has_costs_alone(name)
