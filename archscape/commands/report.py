"""`archscape report`: a search, or any table of networks, as a page, a figure or a table."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..analysis.reports.assets import Assets
from ..analysis.reports.tables import TABLES
from ..output import log
from ..spaces.errors import InputError, suggest
from ..waiting import progress, working
from .options.checks import FIGURES, check_file, check_folder
from .options.networks import UsesOption
from .options.pages import AssetsOption, check_assets
from .options.studies import NameOption, StorageOption, find_study, results_of

if TYPE_CHECKING:
    from ..analysis.reports.results.page import Extra
    from ..analysis.reports.results.results import Results
    from ..analysis.reports.results.run import RunResults
    from ..search.study.study import Study

EXAMPLES = (
    "archscape report runs/digits-frontier",
    "archscape report runs/digits-frontier --out frontier.pdf",
    "archscape report results.csv --score top1 --cost gmacs",
)


class Shown(StrEnum):
    """What a figure shows."""

    frontier = "frontier"
    families = "families"
    edf = "edf"
    predicted = "predicted"


def _column(what: str, metavar: str = "COLUMN") -> Any:
    """Return an option that names a column of a table."""
    return typer.Option(metavar=metavar, help=f"Of a table: {what}.")


def report(
    source: Annotated[
        Path | None,
        typer.Argument(
            help="Folder of a search, or a table (.csv, .json, .xlsx, ...); or --study and --storage.",
            metavar="[RUN|TABLE]",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The file to write: .html the page; .svg, .pdf, .png a figure; .md, .tex, .csv, .json the "
            "frontier's networks as a table. [default: report.html in RUN, NAME.html for a table]"
        ),
    ] = None,
    figure: Annotated[Shown | None, typer.Option(help="What a figure shows. [default: frontier]")] = None,
    rows: Annotated[bool, typer.Option("--all", help="With a table to write: every network.")] = False,
    score: Annotated[str, _column("the score; the better way is WAY, min or max", "COLUMN[:WAY]")] = "",
    cost: Annotated[list[str] | None, _column("a cost; may be repeated", "COLUMN[:WAY]")] = None,
    study: NameOption = "",
    storage: StorageOption = "",
    *,
    assets: AssetsOption = Assets.inline,
    look: Annotated[
        bool,
        typer.Option("--look", help="Also look inside the best trial of a search, as `archscape look` does."),
    ] = False,
    uses: UsesOption = None,
    family: Annotated[str, _column("the family of each network")] = "",
    name: Annotated[str, _column("the networks' names")] = "",
    repeats: Annotated[str, _column("scores of repeated trainings", metavar="A,B,...")] = "",
    error: Annotated[str, _column("the score's standard error")] = "",
) -> None:
    """Report on a search, or on any table with a score and costs.

    The search may still run. One HTML page; or one of its figures for a paper, or the networks of its
    frontier as a table. The columns of a table are recognised by their names; the options name them where
    that fails. `docs/reports.md` shows both.
    """
    from ..analysis.reports.results.reading import READABLE, is_table, read_table, stem

    table = source if source is not None and not source.is_dir() and is_table(source) else None
    named = {"score": score, "cost": cost, "family": family, "name": name, "repeats": repeats, "error": error}
    if table is None and any(named.values()):
        options = ", ".join(f"--{option}" for option, column in named.items() if column)
        raise InputError(f"{options}: of a table alone; the columns of a search are known")
    if table is None and source is not None and not source.is_dir():
        raise InputError(f"{source}: no such folder, and no table by its name; {READABLE}")
    target = _target(source, out, table)
    check_assets(assets, target)
    kind = target.suffix.lower()
    if figure is not None and kind not in FIGURES:
        raise InputError(f"{target}: --figure {figure.value} is written as {', '.join(FIGURES)}")
    if rows and kind not in TABLES:
        raise InputError(f"{target}: --all is for a table: {', '.join(TABLES)}")
    if look and (kind != ".html" or table is not None):
        raise InputError("--look: is of the page of a search")
    inside: list[Extra] = []
    if table is not None:
        from ..analysis.reports.results.column_options import ColumnOptions
        from ..analysis.reports.results.roles import infer_roles

        if repeats and error:
            raise InputError("--repeats and --error: give one of them")
        columns = ColumnOptions(
            score=score,
            costs=tuple(cost or ()),
            name=name,
            family=family,
            repeats=tuple(part.strip() for part in repeats.split(",") if part.strip()),
            error=error,
        )
        rows_read = read_table(table, [column for column in (name, family) if column])
        explained = infer_roles(rows_read, columns, title=stem(table), where=str(table))
        for explanation in explained.explanations:
            log(explanation)
        results: Results | RunResults = explained
    else:
        with find_study(source, study, storage) as reader:
            results = results_of(reader)
            inside = [_inside(reader)] if look else []
    with working(f"writing {target}"):
        _write(
            results, target, figure or Shown.frontier, every=rows, folder=source, assets=assets, extras=inside
        )
    log(str(target)) if kind in TABLES else print(target)


def _inside(study: Study) -> Extra:
    """Return what is inside the best trial of a search, as sections of its report."""
    import torch

    from ..analysis.reports.inspection.section import look_section, look_specs
    from ..analysis.reports.results.page import Extra
    from ..search.trained.inspection.look import LookSettings, look_inside
    from ..search.trained.trained_network import trained_trial

    with progress() as show:
        trained = trained_trial(study, "best", data=None, device="auto", note=log, show=show)
        torch.set_num_threads(trained.threads)
        seen = look_inside(trained, LookSettings(), show)
    return Extra(html=look_section(seen, "look-"), figures=look_specs(seen, "look-"))


def _target(source: Path | None, out: Path | None, table: Path | None) -> Path:
    """Return the file to write, whose form and folder are right."""
    from ..analysis.reports.results.reading import stem

    by_default = Path(f"{stem(table)}.html") if table else (source or Path()) / "report.html"
    target = out or by_default
    kinds = (".html", *FIGURES, *TABLES)
    near = suggest(target.suffix, kinds)
    law = f"a report is .html, a figure {', '.join(FIGURES)}, or a table {', '.join(TABLES)}"
    run = source if table is None else None
    check_file(target, kinds, f"{law}{near if 'did you mean' in near else ''}", run=run)
    if table is None:
        check_folder(target.parent, run)
    if table is not None and target.exists() and target.samefile(table):
        raise InputError(f"{target}: is the table itself, which a report must not overwrite")
    return target


def _write(
    results: Results | RunResults,
    target: Path,
    figure: Shown,
    *,
    every: bool,
    folder: Path | None,
    assets: Assets,
    extras: Sequence[Extra],
) -> None:
    """Write what the suffix says of a table or of a search."""
    from ..analysis.reports.results.page import Extra, write_report, write_table_report
    from ..analysis.reports.results.paper import write_results_figure
    from ..analysis.reports.results.rows import write_rows
    from ..analysis.reports.results.run import RunResults, as_table

    kind = target.suffix.lower()
    if kind == ".html" and isinstance(results, RunResults):
        from ..analysis.landscape.file import read_landscapes
        from ..analysis.reports.landscape.section import landscape_figures, landscape_section

        explored = read_landscapes(folder) if folder else ()
        if explored:
            loss = Extra(html=landscape_section(explored), figures=landscape_figures(explored))
            extras = [*extras, loss]
        write_report(results, target, extras=extras, assets=assets)
        return
    table = as_table(results) if isinstance(results, RunResults) else results
    if kind == ".html":
        write_table_report(table, target, assets=assets)
    elif kind in FIGURES:
        write_results_figure(table, target, figure.value)
    else:
        log(write_rows(table, target, every=every))
