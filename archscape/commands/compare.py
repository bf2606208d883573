"""`archscape compare`: what networks cost beside each other, as a table, a page or a figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..analysis.reports.assets import Assets
from ..analysis.reports.tables import TABLES
from ..output import Format, FormatOption, emit, log
from ..spaces.errors import InputError, suggest
from ..waiting import working
from .options.checks import FIGURES, check_file, check_idle
from .options.costs import input_text, module_reads
from .options.model_files import file_reads, has_costs_alone, profile_model_file
from .options.module_inputs import is_of_module
from .options.networks import (
    CONVENTIONS,
    TABLE_OR_PYTHON,
    ModuleInputOption,
    UsesOption,
    find_network,
    is_foreign,
    profile_python,
)
from .options.pages import AssetsOption, check_assets
from .options.settings import BatchOption, DeviceOption, DtypeOption, OptimizerOption, ThreadsOption

if TYPE_CHECKING:
    from ..analysis.costs.latency import Predictor
    from ..analysis.costs.layers import LayerTable
    from ..analysis.reports.comparison.compared_network import ComparedNetwork, Terms
    from ..spaces.graph import Shape

ALL = "all"
LEAST = ("layers", "field", "input", "weights MB", "flops", "activations", "inference MB")
"""Columns that a narrow terminal leaves out first."""
EXAMPLES = (
    "archscape compare resnet18 resnet50 mobilenetv2",
    "archscape compare alexnet vgg16 --out comparison.html",
    "archscape compare vgg16 resnet50 --figure memory --out memory.pdf",
)


def compare(
    context: typer.Context,
    networks: Annotated[list[str], typer.Argument(help=TABLE_OR_PYTHON, metavar="NETWORK...")],
    form: FormatOption = Format.table,
    shape: ModuleInputOption = None,
    uses: UsesOption = None,
    costs: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="Columns, as in params,macs,training: params, macs, flops, activations, weights, inference, "
            "training, field, layers. [default: all]",
        ),
    ] = "",
    latency: Annotated[
        bool, typer.Option("--latency", help="Also predict latencies; needs `archscape calibrate`.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also write a page (.html), a figure (.svg, .png, .pdf) or table (.md, .tex, .csv, .json).",
        ),
    ] = None,
    figure: Annotated[
        str,
        typer.Option(
            metavar="KIND", help="What a figure shows: layers, totals, memory or field. [default: layers]"
        ),
    ] = "",
    *,
    convention: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help=f"Also count as another tool does: {CONVENTIONS}; `all` for each of them.",
        ),
    ] = "",
    differences: Annotated[
        bool | None,
        typer.Option(
            "--diff/--no-diff",
            help="On the page: how each network differs from the first. [default: if there are two]",
            show_default=False,
        ),
    ] = None,
    assets: AssetsOption = Assets.inline,
    batch: BatchOption = 1,
    dtype: DtypeOption = "float32",
    mode: Annotated[
        str,
        typer.Option(help="Of the memory of inference: graph or eager; `docs/memory.md`.", metavar="MODE"),
    ] = "graph",
    optimizer: OptimizerOption = "momentum",
    device: DeviceOption = "cpu",
    threads: ThreadsOption = 1,
) -> None:
    """Compare the costs of networks as a table, a page or a figure.

    `docs/comparing.md` shows the page. `archscape diff A B` shows in which rows two networks differ.
    """
    from ..analysis.reports.comparison.compared_network import Terms
    from ..analysis.reports.comparison.table import choose, note, table, write_comparison_table

    chosen = choose(costs)
    _check_written(out, figure, differences)
    check_assets(assets, out)
    terms = Terms(batch=batch, dtype=dtype, mode=mode, optimizer=optimizer)
    counted = CONVENTIONS.split(", ") if convention == ALL else [convention] if convention else []
    if latency:
        from ..analysis.costs.latency import Predictor, this_machine
        from ..analysis.costs.latency.store import load

        setup = this_machine(device=device, threads=threads, batch=batch, dtype=dtype)
        predictor: Predictor | None = Predictor(load(setup))
    else:
        check_idle(context, ("device", "threads"), "says where a latency is of; give --latency as well")
        predictor = None
    inputs = _inputs(networks, shape)
    with working(f"counting {', '.join(networks)}"):
        compared = [_compared(name, inputs[name], terms, predictor) for name in networks]
    columns, rows = table(compared, chosen, counted=counted, plain=form in (Format.json, Format.csv))
    emit(columns, rows, form, least=LEAST)
    log(note(compared))
    for network in compared:
        if network.network is None:
            unknown = "No memory, no receptive field and no other count is known"
            log(f"{network.name}: {network.foreign} {unknown}; `archscape profile` says more.")
    if out is None:
        return
    if out.suffix.lower() == ".html":
        from ..analysis.reports.comparison.page import write_comparison
        from ..spaces import catalog_networks

        write_comparison(compared, out, references=catalog_networks(), differences=differences, assets=assets)
    elif out.suffix.lower() in FIGURES:
        from ..analysis.reports.comparison.paper import write_comparison_figure

        write_comparison_figure(compared, out, kind=figure or "layers")
    else:
        write_comparison_table(compared, out, chosen, counted=counted)
    log(str(out))


def _check_written(out: Path | None, figure: str, differences: bool | None) -> None:
    """Raise InputError if a file cannot be written, or one of the options would do nothing."""
    suffix = "" if out is None else out.suffix.lower()
    if out is not None:
        law = f"a page is .html, a figure {', '.join(FIGURES)}, a table {', '.join(TABLES)}"
        check_file(out, (".html", *FIGURES, *TABLES), law)
    if figure:
        from ..analysis.reports.comparison.paper import KINDS

        if figure not in KINDS:
            law = f"there is no '{figure}'{suggest(figure, KINDS)}; it takes {', '.join(KINDS)}"
            raise InputError(f"--figure: {law}")
    if figure and suffix not in FIGURES:
        raise InputError(f"--figure says what a figure shows; give --out FILE as well, {', '.join(FIGURES)}")
    if differences is not None and suffix != ".html":
        raise InputError("--diff says what a page shows: give --out FILE.html, or see `archscape diff A B`")


def _inputs(names: Sequence[str], shapes: list[str] | None) -> dict[str, Sequence[str] | None]:
    """Return the inputs of each network: beside modules, a table gets none that only they can read."""
    tables = [name for name in names if not is_foreign(name)]
    if len(tables) == len(names) or not is_of_module(shapes or ()):
        return dict.fromkeys(names, shapes)
    if tables:
        verb = "keeps its" if len(tables) == 1 else "keep their"
        log(f"--input is that of modules here: {', '.join(tables)} {verb} own input.")
    return {name: None if name in tables else shapes for name in names}


def _compared(
    name: str, shapes: Sequence[str] | None, terms: Terms, predictor: Predictor | None
) -> ComparedNetwork:
    from ..analysis.costs.profile import profile
    from ..analysis.reports.comparison.compared_network import ComparedNetwork

    if not is_foreign(name):
        return ComparedNetwork.of(profile(find_network(name, shapes)), terms, predictor)
    costs: LayerTable
    if has_costs_alone(name):
        costs = profile_model_file(name, shapes)
        reads = file_reads(costs)
    else:
        call, costs = profile_python(name, shapes)
        reads = module_reads(call)
    sizes: Shape = () if isinstance(reads, dict) else tuple(reads)
    text = input_text(reads) if isinstance(reads, dict) else ""
    return ComparedNetwork(
        name=Path(name).name, input=sizes, reads=text, costs=costs, network=None, terms=terms
    )
