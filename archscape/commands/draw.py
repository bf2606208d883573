"""`archscape draw`: the architecture figure of a network or a space."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..spaces.errors import InputError
from ..waiting import working
from .options.checks import FIGURES, check_file
from .options.networks import InputOption, UsesOption, find_network

if TYPE_CHECKING:
    from ..spaces import Network, Space
    from ..spaces.language.written import WrittenNetwork

EXAMPLES = (
    "archscape draw resnet50",
    "archscape draw vgg16 --style volumes --out vgg16.pdf",
    "archscape draw digits --out space.png",
)


def draw(
    network: Annotated[
        str,
        typer.Argument(
            help="A network or a space: a name of `archscape list`, a YAML or JSON file, the folder of a "
            "bundle; `FILE.yaml:b1` for a member of a family.",
            metavar="NETWORK",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The figure: .svg, .pdf or .png. [default: NETWORK.svg]"),
    ] = None,
    layers: Annotated[
        bool, typer.Option("--layers", help="Draw every layer, and nothing once for many.")
    ] = False,
    style: Annotated[
        str,
        typer.Option(
            metavar="STYLE", help="`boxes`, or `volumes` of a network that is a chain, such as LeNet or VGG."
        ),
    ] = "boxes",
    shape: InputOption = None,
    uses: UsesOption = None,
) -> None:
    """Draw a network or a space as papers do.

    From the table alone: nothing is built. Of a space the choices are alternatives side by side. An SVG reads
    on light and dark pages. `docs/drawing.md` shows figures.
    """
    from ..analysis.drawing.draw import draw as drawing_of
    from ..analysis.drawing.paper import write_drawing

    if out is not None:
        check_file(out, FIGURES, f"a figure is one of {', '.join(FIGURES)}")
    with working(f"drawing {network}"):
        table = _find_table(network, shape)
        figure = drawing_of(table, layers=layers, style=style)
        path = out or Path(f"{table.name}.svg")
        if out is None:
            check_file(path, FIGURES, "")
        write_drawing(figure, path)
    print(path)


def _find_table(name: str, shapes: list[str] | None) -> Network | Space | WrittenNetwork:
    """Return a network, on another input if one is given, or a space.

    Raises:
        InputError: If there is none of this name, or another input is given of what has but its own: a
            space, or a bundle whose code was not run.
    """
    from ..analysis.costs.foreign.unrun_bundle import is_unrun, written_of
    from ..spaces import Space, load
    from ..spaces.language.written import WrittenNetwork
    from .options.model_files import check_readable
    from .options.networks import is_python

    check_readable(name)
    table = None if is_python(name) else written_of(name) if is_unrun(name) else load(name)
    if not isinstance(table, Space | WrittenNetwork):
        return find_network(name, shapes)
    if shapes:
        what = "a space" if isinstance(table, Space) else "a bundle whose code was not run"
        raise InputError(f"--input: {name} is {what}, which is drawn on its own input, {table.input_text}")
    return table
