"""`archscape report`: a search, or any table of networks, as a page, a figure or a table."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..output import log
from ..spaces.errors import InputError, suggest
from .options.files import FIGURES, TABLES, check_folder
from .options.panels import ADVANCED
from .options.references import references
from .options.studies import NameOption, StorageOption, find_study

if TYPE_CHECKING:
    from ..analysis.reports.run.page import Extra
    from ..analysis.reports.run.results import RunResults
    from ..analysis.reports.table.columns import Results

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


def report(
    source: Annotated[
        Path | None,
        typer.Argument(
            help="Folder of a search, or a table (.csv, .tsv, .json, also .gz); or --study and --storage.",
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
    score: Annotated[str, typer.Option(metavar="COLUMN", help="Of a table: the score.")] = "",
    cost: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="Of a table: a cost; may be repeated.")
    ] = None,
    study: NameOption = "",
    storage: StorageOption = "",
    family: Annotated[
        str,
        typer.Option(
            metavar="COLUMN", help="Of a table: the family of each network.", rich_help_panel=ADVANCED
        ),
    ] = "",
    name: Annotated[
        str,
        typer.Option(metavar="COLUMN", help="Of a table: the networks' names.", rich_help_panel=ADVANCED),
    ] = "",
    repeats: Annotated[
        str,
        typer.Option(
            metavar="A,B,...", help="Of a table: scores of repeated trainings.", rich_help_panel=ADVANCED
        ),
    ] = "",
    error: Annotated[
        str,
        typer.Option(
            metavar="COLUMN", help="Of a table: the score's standard error.", rich_help_panel=ADVANCED
        ),
    ] = "",
) -> None:
    """Report on a search, or on any table with a score and costs.

    The search may still run. One HTML page; or one of its figures for a paper, or the networks of its
    frontier as a table. The columns of a table are recognised by their names; the options name them where
    that fails. `docs/reports.md` shows both.
    """
    from ..analysis.reports.table.reading import is_table

    from_table = source is not None and not source.is_dir() and is_table(source)
    columns = {
        "score": score,
        "cost": cost,
        "family": family,
        "name": name,
        "repeats": repeats,
        "error": error,
    }
    named = [f"--{option}" for option, column in columns.items() if column]
    if named and not from_table:
        raise InputError(f"{', '.join(named)}: of a table alone; the columns of a search are known")
    target = _target(source, out, from_table=from_table)
    kind = target.suffix.lower()
    if figure is not None and kind not in FIGURES:
        raise InputError(f"{target}: --figure {figure.value} is written as {', '.join(FIGURES)}")
    if rows and kind not in TABLES:
        raise InputError(f"{target}: --all is for a table: {', '.join(TABLES)}")
    if from_table:
        assert source is not None
        found = _read(source, score, tuple(cost or ()), name, family, repeats, error)
        run = None
    else:
        run = _results(source, study, storage)
        found = None
    _write(run, found, target, figure or Shown.frontier, every=rows, folder=source)
    log(str(target)) if kind in TABLES else print(target)


def _target(source: Path | None, out: Path | None, *, from_table: bool) -> Path:
    """Return the file to write, whose form and folder are right."""
    from ..analysis.reports.table.reading import stem

    if out is not None:
        target = out
    elif from_table and source is not None:
        target = Path(f"{stem(source)}.html")
    else:
        target = (source or Path()) / "report.html"
    kinds = (".html", *FIGURES, *TABLES)
    if target.suffix.lower() not in kinds:
        raise InputError(
            f"{target}: a report is .html, a figure {', '.join(FIGURES)}, or a table {', '.join(TABLES)}"
            f"{hint if 'did you mean' in (hint := suggest(target.suffix, kinds)) else ''}"
        )
    check_folder(target)
    if from_table and source is not None and target.exists() and target.samefile(source):
        raise InputError(f"{target}: is the table itself, which a report must not overwrite")
    return target


def _read(
    source: Path, score: str, costs: tuple[str, ...], name: str, family: str, repeats: str, error: str
) -> Results:
    """Return a table as results, and say what was taken for what."""
    from ..analysis.reports.table.columns import ColumnOptions, infer_roles
    from ..analysis.reports.table.reading import read_table, stem

    if repeats and error:
        raise InputError("--repeats and --error: give one of them")
    wanted = ColumnOptions(
        score=score,
        costs=costs,
        name=name,
        family=family,
        repeats=tuple(part.strip() for part in repeats.split(",") if part.strip()),
        error=error,
    )
    found = infer_roles(read_table(source), wanted, title=stem(source), where=str(source))
    for sentence in found.said:
        log(sentence)
    return found


def _results(run: Path | None, study: str, storage: str) -> RunResults:
    from ..search.folder import results
    from ..spaces import Space

    if run is not None and not run.is_dir():
        raise InputError(f"{run}: no such folder, and no table by its name: .csv, .tsv or .json, also .gz")
    with find_study(run, study, storage) as opened:
        space = Space.from_yaml(opened.settings["space"])
        return results(opened, references=references(space))


def _explored(folder: Path | None) -> list[Extra]:
    """Return the section of what `archscape landscape` found in the folder of a run."""
    from ..analysis.landscape.file import read_landscapes
    from ..analysis.reports.landscape.section import landscape_figures, landscape_section
    from ..analysis.reports.run.page import Extra

    found = read_landscapes(folder) if folder else ()
    return [Extra(html=landscape_section(found), figures=landscape_figures(found))] if found else []


def _write(
    run: RunResults | None,
    table: Results | None,
    target: Path,
    figure: Shown,
    *,
    every: bool,
    folder: Path | None,
) -> None:
    """Write what the suffix says of a search or of a table."""
    kind = target.suffix.lower()
    if kind == ".html" and run is not None:
        from ..analysis.reports.run.page import write_report

        write_report(run, target, extras=_explored(folder))
    elif kind == ".html" and table is not None:
        from ..analysis.reports.table.report import write_table_report

        write_table_report(table, target)
    elif kind in FIGURES and run is not None and figure is Shown.frontier:
        from ..analysis.reports.run.figure import write_figure

        write_figure(run, target)
    else:
        from ..analysis.reports.table.figures import write_table_figure
        from ..analysis.reports.table.rows import write_rows
        from ..analysis.reports.table.run_table import as_table

        found = table if run is None else as_table(run)
        assert found is not None
        if kind in FIGURES:
            write_table_figure(found, target, figure.value)
        else:
            log(write_rows(found, target, every=every))
