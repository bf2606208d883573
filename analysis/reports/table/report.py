"""The report of any table of networks: frontier, families, spread, all rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd

from archscape.analysis.statistics.families import LeadingRange

from ..format import NONE
from ..page import Page, empty, place, write_page
from ..page.grid import Column, Grid, grid_section
from ..page.tables import Html
from .columns import Results
from .family_figure import families_figure
from .family_lead import RIVALS, Lead, shown_families
from .family_section import families_section, leads
from .frontier import chances, frontier_figure, knee_of, on_frontier
from .spread_section import edf_figure, edf_section, ranks_section

SCRIPTS = ("grid.js", "frontier.js")


def write_table_report(results: Results, path: Path) -> Path:
    """Write the report of a table as one self-contained HTML page.

    Args:
        results: The table and the parts that its columns play.
        path: The file to write; its folder must exist.

    Returns:
        The path.

    Raises:
        InputError: The folder is missing.
    """
    results = best_first(results)
    found = leads(results)
    figures = {"frontier": frontier_figure(results)}
    if len(found):
        figures["families"] = families_figure(results, found)
    figures["edf"] = edf_figure(results)
    page = Page(
        template="page/table_report.html",
        style="report.css",
        scripts=SCRIPTS,
        kicker="archscape report",
        title=results.title,
        summary=summary(results),
        parts={
            "tiles": tiles(results, found),
            "frontier": frontier_section(results),
            "families": _families(results, found),
            "edf": edf_section(results),
            "ranks": ranks_section(results) or empty("There are too few networks for a rank correlation."),
            "networks": grid_section(grid_of(results)),
            "choices": choices(results),
        },
        figures=figures,
    )
    return write_page(page, path)


def best_first(results: Results) -> Results:
    """Return the table with its rows in the order of the score, the best first."""
    from dataclasses import replace

    order = results.rows.sort_values(results.score, ascending=results.way == "minimize", kind="stable")
    return replace(results, rows=order.reset_index(drop=True))


def summary(results: Results) -> str:
    """Return in a sentence or two what the table holds."""
    scores = results.rows[results.score]
    ends = [results.text(results.score, float(end)) for end in (scores.min(), scores.max())]
    families = results.rows[results.family].nunique() if results.family else 0
    among = f" of {families:,} families" if families > 1 else ""
    costs = ", ".join(results.head(cost) for cost in results.costs)
    return (
        f"{len(results.rows):,} networks{among}: {results.head(results.score)} from {ends[0]} to {ends[1]}, "
        f"against {costs}. Units are those of the table."
    )


def tiles(results: Results, found: Mapping[str, Lead]) -> Html:
    """Return the numbers of the summary."""
    cost = next(iter(results.costs))
    best = results.rows[results.score]
    at = int(best.argmax() if results.way == "maximize" else best.argmin())
    front = on_frontier(results, cost)
    bend = knee_of(results, cost)
    score = results.head(results.score)
    shown = [
        (f"Best {score}", results.text(results.score, float(best.iloc[at])), results.names[at]),
        ("On the frontier", f"{len(front):,}", f"of {len(results.rows):,}, over {results.head(cost)}"),
        (
            "At the knee",
            NONE if bend is None else results.text(results.score, float(best.iloc[bend])),
            "the frontier has no knee"
            if bend is None
            else f"{results.names[bend]}, {_price(results, cost, bend)}",
        ),
        _longest(results, cost, found),
    ]
    return "".join(
        f'<div><dt>{escape(name)}</dt><dd class="figure-number">{escape(number)}</dd>'
        f'<dd class="about">{escape(about)}</dd></div>'
        for name, number, about in shown
    )


def _price(results: Results, cost: str, at: int) -> str:
    return f"{results.text(cost, float(results.rows[cost].iloc[at]))} {results.head(cost)}"


def _longest(results: Results, cost: str, found: Mapping[str, Lead]) -> tuple[str, str, str]:
    """Return the family that leads over the longest part of the axis."""
    if cost not in found:
        return "Costs", str(len(results.costs)), ", ".join(results.head(one) for one in results.costs)
    shares: dict[str, float] = {}
    for reign in found[cost].reigns:
        shares[reign.family] = shares.get(reign.family, 0.0) + _decades(reign)
    family = max(shares, key=lambda name: shares[name])
    part = shares[family] / (sum(shares.values()) or 1.0)
    return "Leads the longest", family, f"in {part:.0%} of the decades of {results.head(cost)}"


def _decades(reign: LeadingRange) -> float:
    return float(abs(np.log10(reign.high / reign.low)))


def frontier_section(results: Results) -> Html:
    """Return the choice of the cost and the place of the figure."""
    options = "".join(
        f'<label><input type="radio" name="cost" value="{escape(cost)}"{" checked" if not at else ""}>'
        f"{escape(results.head(cost))}</label>"
        for at, cost in enumerate(results.costs)
    )
    about = f"{results.head(results.score)} of every network against its cost"
    return (
        f'<fieldset class="controls"><legend>Cost</legend>{options}'
        '<label><input type="checkbox" id="log" checked>log scale</label></fieldset>'
        f'{place("frontier", about)}<p class="note" id="references"></p>'
        '<p class="note">A name in the legend hides or shows its points, twice in a row it alone. A point '
        "leads to its row in the table below.</p>"
    )


def _families(results: Results, found: Mapping[str, Lead]) -> Html:
    if not found:
        return empty("No families are known; --family COLUMN says which column tells them.")
    shown = ", ".join(shown_families(results))
    rule = next((one for one in results.said if one.startswith("Families")), "").removesuffix(" (--family).")
    whoever = f"the {RIVALS} largest" if results.rows[results.family].nunique() > RIVALS else "any family"
    return families_section(results, found, f"{rule}. Drawn are the largest: {shown}; {whoever} may lead.")


def choices(results: Results) -> Html:
    """Return what was chosen of the columns, and how to choose otherwise."""
    items = "".join(f"<li>{escape(one)}</li>" for one in results.said)
    return f'<ul class="said">{items}</ul>'


def grid_of(results: Results) -> Grid:
    """Return the table of all rows: name, score, costs, family first, then every other column as it is."""
    first = [results.name, results.score, *results.costs, results.family]
    order = [name for name in dict.fromkeys([*first, *results.rows.columns]) if name]
    columns = [_column(results, name) for name in order]
    if not results.name:
        columns.insert(0, Column(head="network", values=results.names, kind="text"))
    cost = next(iter(results.costs))
    chance = chances(results, cost)
    if chance is not None:
        head = f"chance on the frontier over {results.head(cost)}"
        columns.insert(2, Column(head=head, values=chance.tolist(), percent=True))
    marks = {
        f"on the frontier over {results.head(cost)}": on_frontier(results, cost) for cost in results.costs
    }
    example = shown_families(results)[:1] or [results.names[0][:12]]
    return Grid(
        noun="networks",
        columns=columns,
        marks=marks,
        ids=range(len(results.rows)),
        anchor="row",
        hint=f"words of the row: {example[0]}",
    )


def _column(results: Results, name: str) -> Column:
    given = results.rows[name]
    if (
        pd.api.types.is_numeric_dtype(given)
        and not pd.api.types.is_bool_dtype(given)
        and name != results.name
    ):
        values: Sequence[float] = given.astype(float).tolist()
        return Column(head=results.head(name), values=values, decimals=results.decimals.get(name, 3))
    return Column(head=results.head(name), values=given.fillna("").astype(str).tolist(), kind="text")
