"""`archscape compare`: what networks cost beside each other, as a table, a page or a figure."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..output import Format, emit
from ..spaces.errors import InputError, suggest
from .common import say
from .networks import FormatOption, InputOption, find_network, is_python, read_sizes

if TYPE_CHECKING:
    from ..analysis.costs.latency import Predictor
    from ..analysis.reports.comparison.compared_network import ComparedNetwork, Terms

FIGURES = (".svg", ".png", ".pdf")
TABLES = (".md", ".tex", ".csv", ".json")
ALL = "all"
BatchOption = Annotated[int, typer.Option(min=1, help="For the memory: inputs at once.")]
DtypeOption = Annotated[
    str, typer.Option(help="For the memory: float64, float32, float16 or bfloat16.", metavar="TYPE")
]
ModeOption = Annotated[
    str, typer.Option(help="For the memory of inference: graph or eager; `docs/memory.md`.", metavar="MODE")
]
OptimizerOption = Annotated[
    str, typer.Option(help="For the memory of training: sgd, momentum, adam or adamw.", metavar="NAME")
]


def compare(
    networks: Annotated[
        list[str],
        typer.Argument(
            help="Names of `archscape list`, YAML or JSON files, or what makes any PyTorch module: "
            "`file.py:factory`, which is run.",
            metavar="NETWORK...",
        ),
    ],
    form: FormatOption = Format.table,
    shape: InputOption = None,
    costs: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="Columns, as in params,macs,training: params, macs, flops, activations, weights, inference, "
            "training, field, layers. [default: all]",
        ),
    ] = "",
    convention: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Also count as another tool does: fvcore, thop, ptflops, torchinfo, pycls, nasbench201; "
            "`all` for each of them.",
        ),
    ] = "",
    batch: BatchOption = 1,
    dtype: DtypeOption = "float32",
    mode: ModeOption = "graph",
    optimizer: OptimizerOption = "momentum",
    latency: Annotated[
        bool,
        typer.Option("--latency", help="Also tell latencies, as `archscape calibrate` lets them be told."),
    ] = False,
    device: Annotated[
        str | None, typer.Option(help="With --latency: cpu or cuda. [default: cpu]", metavar="NAME")
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="With --latency: CPU threads. [default: 1]", show_default=False),
    ] = None,
    differences: Annotated[
        bool | None,
        typer.Option(
            "--diff/--no-diff",
            help="On the page: how each network differs from the first. [default: if there are two]",
            show_default=False,
        ),
    ] = None,
    figure: Annotated[
        str,
        typer.Option(
            metavar="KIND", help="What a figure shows: layers, totals, memory or field. [default: layers]"
        ),
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Also write a page (.html), a figure (.svg, .png, .pdf) or table (.md, .tex, .csv, .json).",
        ),
    ] = None,
) -> None:
    """Compare what networks cost, one row each; or write it as a page, a figure or a table.

    `docs/comparing.md` shows what the page says. `archscape diff A B` tells where two networks differ.
    """
    from ..analysis.costs.conventions import CONVENTIONS
    from ..analysis.reports.comparison.compared_network import Terms
    from ..analysis.reports.comparison.table import choose, note, table

    chosen, kind = choose(costs), _kind(out, figure, differences)
    terms = Terms(batch=batch, dtype=dtype, mode=mode, optimizer=optimizer)
    counted = [*CONVENTIONS][1:] if convention == ALL else [convention] if convention else []
    predictor = _predictor(latency, device, threads, terms)
    entrants = [_entrant(name, shape, terms, predictor) for name in networks]
    columns, rows = table(entrants, chosen, counted=counted, plain=form in (Format.json, Format.csv))
    emit(columns, rows, form)
    say(note(entrants))
    for one in entrants:
        _say_bounds(one)
    if out is not None:
        print(_write(entrants, out, kind, chosen, counted, differences), file=sys.stderr)


def _kind(out: Path | None, figure: str, differences: bool | None) -> str:
    """Return what is drawn, "" for no figure; refuse an option that would do nothing."""
    suffix = "" if out is None else out.suffix.lower()
    if out is not None and suffix not in (".html", *FIGURES, *TABLES):
        law = f"a page is .html, a figure {', '.join(FIGURES)}, a table {', '.join(TABLES)}"
        raise InputError(f"{out}: {law}")
    if out is not None and not out.parent.is_dir():
        raise InputError(f"{out.parent}: no such folder")
    if figure:
        from ..analysis.reports.comparison.figure import KINDS

        if figure not in KINDS:
            law = f"there is no '{figure}'{suggest(figure, KINDS)}; it takes {', '.join(KINDS)}"
            raise InputError(f"--figure: {law}")
    if figure and suffix not in FIGURES:
        raise InputError(f"--figure says what a figure shows; give --out FILE as well, {', '.join(FIGURES)}")
    if differences is not None and suffix != ".html":
        raise InputError("--diff says what a page shows: give --out FILE.html, or see `archscape diff A B`")
    return figure or "layers"


def _predictor(latency: bool, device: str | None, threads: int | None, terms: Terms) -> Predictor | None:
    for name, value in (("device", device), ("threads", threads)):
        if value is not None and not latency:
            raise InputError(f"--{name} says where a latency is of; give --latency as well")
    if not latency:
        return None
    from ..analysis.costs.latency import Predictor, this_machine
    from ..analysis.costs.latency.store import load

    setting = this_machine(device=device or "cpu", threads=threads or 1, batch=terms.batch, dtype=terms.dtype)
    return Predictor(load(setting))


def _entrant(name: str, shape: str | None, terms: Terms, predictor: Predictor | None) -> ComparedNetwork:
    from ..analysis.costs.profile import profile
    from ..analysis.reports.comparison.compared_network import ComparedNetwork

    if not is_python(name):
        return ComparedNetwork.of(profile(find_network(name, shape)), terms, predictor)
    from ..analysis.costs.modules import profile_module
    from ..analysis.costs.modules.user_code import load_module

    if shape is None:
        raise InputError(f"{name}: a module does not say what it reads; give --input CxHxW, as in 3x224x224")
    given, module = read_sizes(shape), load_module(name)
    with redirect_stdout(sys.stderr):
        found = profile_module(module, input=given)
    return ComparedNetwork(name=name, input=given, costs=found, network=None, terms=terms)


def _say_bounds(one: ComparedNetwork) -> None:
    bounds = getattr(one.costs, "lower_bounds", ())
    if bounds:
        say(f"{one.name}: {', '.join(bounds)} are lower bounds; `archscape profile` says of what.")
    if one.network is None:
        say(f"{one.name} is a module and was run: no memory, no receptive field and no other count is known.")


def _write(
    entrants: list[ComparedNetwork],
    out: Path,
    kind: str,
    chosen: list[str],
    counted: list[str],
    differences: bool | None,
) -> Path:
    suffix = out.suffix.lower()
    if suffix == ".html":
        from ..analysis.reports.comparison.page import write_comparison
        from ..spaces import catalog_networks

        return write_comparison(entrants, out, references=catalog_networks(), differences=differences)
    if suffix in FIGURES:
        from ..analysis.reports.comparison.figure import write_comparison_figure

        return write_comparison_figure(entrants, out, kind=kind)
    from ..analysis.reports.comparison.table import write_comparison_table

    return write_comparison_table(entrants, out, chosen, counted=counted)
