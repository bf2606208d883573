"""`archscape population`: what the networks of a space cost, and which choices drive it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..analysis.reports.assets import Assets
from ..output import Format, FormatOption, emit, log
from ..spaces.atomic import write_whole
from ..spaces.errors import InputError, suggest
from ..spaces.language.limits import COSTS
from ..waiting import working
from .options.checks import FIGURES
from .options.networks import SpaceArgument, UsesOption
from .options.pages import AssetsOption, check_assets

if TYPE_CHECKING:
    import pandas as pd

EXAMPLES = (
    "archscape population digits --number 10000 --out digits.html",
    "archscape population digits --explain macs",
)


def population(
    space: SpaceArgument,
    number: Annotated[int, typer.Option(min=1, help="Networks to draw.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    explain: Annotated[
        str, typer.Option(metavar="COST", help="Show which choices drive a cost, in place of its quantiles.")
    ] = "",
    hashes: Annotated[bool, typer.Option("--hashes", help="Add the hash of every network; slow.")] = False,
    form: FormatOption = Format.table,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Also write a page (.html), a figure (.svg, .png, .pdf), or the networks (.csv).",
            metavar="FILE",
        ),
    ] = None,
    *,
    uses: UsesOption = None,
    assets: AssetsOption = Assets.inline,
) -> None:
    """Draw networks of a space, and show how their costs spread.

    Networks are random within the limits of the space. `table` and `md` show quantiles, or with `--explain
    macs` the share of the variance that each choice explains; `csv` and `json` give a row a network, or a row
    a choice. `docs/populations.md` has the estimators.
    """
    from ..analysis.statistics.population import QUANTILES
    from ..analysis.statistics.population import population as draw
    from ..spaces import load_space

    if explain and explain not in COSTS:
        raise InputError(f"--explain: there is no cost '{explain}'{suggest(explain, COSTS)}")
    if out is not None and out.suffix.lower() not in (".html", *FIGURES, ".csv"):
        raise InputError(f"{out}: a page is .html, a figure {', '.join(FIGURES)}, a table .csv")
    check_assets(assets, out)
    drawn = load_space(space)
    title = f"{drawn.name}: {number:,} random networks"
    with working(f"drawing {title}"):
        table = draw(drawn, number, seed=seed, hashes=hashes)
    if explain:
        _show_effects(table, explain, form)
    elif form is Format.csv:
        table.to_csv(sys.stdout, index=False)
    elif form is Format.json:
        rows = table.astype(object).where(table.notna(), None).itertuples(index=False)
        emit(tuple(table.columns), [*map(tuple, rows)], form)
    else:
        quantiles = [
            (cost, *(int(table[cost].quantile(share)) for share in QUANTILES.values())) for cost in COSTS
        ]
        emit(("cost", *QUANTILES), quantiles, form, title=f"{drawn.name}: {number:,} networks")
    if out is not None:
        from ..analysis.reports.population.figure import write_population
        from ..analysis.reports.population.page import write_population_page

        out.parent.mkdir(parents=True, exist_ok=True)
        if out.suffix.lower() == ".csv":
            write_whole(out, table.to_csv(index=False))
        else:
            cost = explain or "macs"
            with working(f"writing {out}"):
                if out.suffix.lower() == ".html":
                    write_population_page(table, out, title=title, explain=cost, assets=assets)
                else:
                    write_population(table, out, title=title, explain=cost)
        log(str(out))


def _show_effects(table: pd.DataFrame, cost: str, form: Format) -> None:
    from ..analysis.reports.population.figure import population_effects

    digits = 4 if form in (Format.table, Format.md) else 12
    rows = [
        (
            " x ".join(effect.choices),
            *(round(value, digits) for value in (effect.share, effect.low, effect.high)),
            effect.options,
        )
        for effect in population_effects(table, cost)
    ]
    emit(("choice", f"share of {cost}", "low", "high", "options"), rows, form)
    log("Shares of the variance, with 95% intervals; a x b is the interaction of both. docs/populations.md")
