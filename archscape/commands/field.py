"""`archscape field`: what a layer sees of the input, in theory and in effect."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..output import Format, emit
from ..spaces.errors import InputError
from .common import say
from .networks import FormatOption, InputOption, find_network

if TYPE_CHECKING:
    from torch import Tensor

FIGURES = (".svg", ".png", ".pdf")


def field(
    network: Annotated[str, typer.Argument(help="A name of `archscape list`, or a file.", metavar="NETWORK")],
    layer: Annotated[
        str, typer.Argument(help="A layer whose output is a map, as `profile` lists it.", metavar="LAYER")
    ],
    form: FormatOption = Format.table,
    shape: InputOption = None,
    out: Annotated[Path | None, typer.Option(help="Also draw it: .svg, .png or .pdf.")] = None,
    weights: Annotated[
        Path | None,
        typer.Option(help="Trained weights, .safetensors of `archscape export`. [default: random]"),
    ] = None,
    draws: Annotated[int, typer.Option(min=1, help="Draws of inputs, and of random weights.")] = 4,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Seed of the draws.")] = 0,
) -> None:
    """Show a layer's receptive field, and the effective one: where the input really moves its middle.

    The effective field is where the root of the mean squared gradient is above 4.55% of its largest
    (Luo et al. 2016).
    """
    if out is not None and out.suffix.lower() not in FIGURES:
        raise InputError(f"{out}: a figure is one of {', '.join(FIGURES)}")
    if out is not None and not out.parent.is_dir():
        raise InputError(f"{out.parent}: no such folder")
    from ..analysis.costs.receptive_field.effective import draw_field, effective_field

    table = find_network(network, shape)
    found = effective_field(
        table, layer, weights=None if weights is None else _read(weights), draws=draws, seed=seed
    )
    rows = [
        (axis, size, float(jump), float(centre))
        for axis, (size, jump, centre) in enumerate(zip(*found.field, strict=True))
    ]
    columns = ("axis", "receptive_field", "jump", "centre", "effective", "share")
    ends = (round(found.size, 1), round(found.share, 3))
    emit(columns, [(*row, *ends) for row in rows], form, title=f"{found.network}, {found.layer}")
    if out is not None:
        say(str(draw_field(found, out)))


def _read(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path}: no weights in the format of safetensors: {error}") from None
