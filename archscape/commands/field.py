"""`archscape field`: what a layer sees of the input, in theory and in effect."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..output import Format, FormatOption, emit, log
from ..spaces.errors import InputError
from ..waiting import working
from .options.checks import FIGURES, check_file
from .options.networks import InputOption, NetworkArgument, UsesOption, find_network

EXAMPLES = (
    "archscape field resnet18 basic3.1.act2",
    "archscape field resnet18 basic3.1.act2 --out field.svg",
)


def field(
    network: NetworkArgument,
    layer: Annotated[
        str, typer.Argument(help="A layer whose output is a map, as `profile` lists it.", metavar="LAYER")
    ],
    form: FormatOption = Format.table,
    shape: InputOption = None,
    uses: UsesOption = None,
    out: Annotated[Path | None, typer.Option(help="Also draw it: .svg, .png or .pdf.")] = None,
    weights: Annotated[
        Path | None,
        typer.Option(help="Trained weights, .safetensors of `archscape export`. [default: random]"),
    ] = None,
    of: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Which of several inputs. [default: the first that LAYER sees]"),
    ] = None,
    *,
    draws: Annotated[int, typer.Option(min=1, help="Draws of inputs, and of random weights.")] = 4,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Seed of the draws.")] = 0,
) -> None:
    """Show the receptive field of a layer, in theory and in effect.

    The effective field is where the root of the mean squared gradient is above 4.55% of its largest
    (Luo et al. 2016).
    """
    if out is not None:
        check_file(out, FIGURES, f"a figure is one of {', '.join(FIGURES)}")
    from ..analysis.costs.receptive_field.effective import effective_field

    trained = None
    if weights is not None:
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            trained = load_file(weights)
        except (OSError, SafetensorError) as error:
            raise InputError(f"{weights}: no weights in the format of safetensors: {error}") from None
    table = find_network(network, shape)
    with working(f"the field of {layer}"):
        effective = effective_field(table, layer, of=of, weights=trained, draws=draws, seed=seed)
    rows = [
        (axis, size, float(jump), float(centre))
        for axis, (size, jump, centre) in enumerate(zip(*effective.field, strict=True))
    ]
    columns = ("axis", "receptive_field", "jump", "centre", "effective", "share")
    ends = (round(effective.size, 1), round(effective.share, 3))
    emit(columns, [(*row, *ends) for row in rows], form, title=effective.title)
    if out is not None:
        from ..analysis.reports.field_figure import draw_field

        log(str(draw_field(effective, out)))
