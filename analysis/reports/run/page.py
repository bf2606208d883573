"""The report of a search: one page with everything about a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..page import Page, write_page
from ..page.specs import Spec
from ..page.tables import Html
from ..table.columns import Results
from ..table.family_figure import families_figure
from ..table.family_section import families_section, leads
from ..table.naming import BLOCK_RULE
from ..table.run_table import as_table
from ..table.spread_section import edf_figure, edf_section
from . import plots, sections
from .choices_section import choices_figure, choices_section, effects_of
from .lint_section import findings_of, lint_section
from .results import RunResults, digest, latest

__all__ = ["Extra", "RunResults", "write_report"]

SHOWN = 10_000
"""How many trials a page holds one by one: with more of them a browser would stop."""


@dataclass(frozen=True, kw_only=True)
class Extra:
    """A section that only some runs have.

    Attributes:
        html: The section with its heading; "" for none.
        figures: The figures that it has places for.
    """

    html: Html
    figures: Mapping[str, Spec] = field(default_factory=dict)


def write_report(results: RunResults, path: Path, *, extras: Sequence[Extra] = ()) -> Path:
    """Write the report of a run as one self-contained HTML page.

    Args:
        results: The run; with no finished trial, one objective or failures only it still gives a page.
        path: The file to write; its folder must exist.
        extras: Further sections, after that of the networks.

    Returns:
        The path.

    Raises:
        InputError: A table of the results lacks a column or holds what it must not; the folder is missing.
    """
    found = digest(results)
    shown = latest(found, SHOWN)
    networks = sections.dossiers(found)
    figures = plots.figures(shown)
    table, spread = as_table(found), Extra(html="")
    if len(table.rows):
        spread = _spread(table)
    parts = {
        "tiles": sections.tiles(found),
        "frontier": sections.frontier_section(found),
        "progress_title": "Hypervolume over time" if len(results.objectives) > 1 else "Best over time",
        "progress": sections.figure("progress", figures),
        "curves": sections.figure("curves", figures),
        "spread": spread.html,
        "networks": sections.networks_section(found, networks),
        "lint": lint_section(findings_of(sections.front_networks(found))),
        "extras": "".join(extra.html for extra in extras),
        "trials": sections.trials_section(shown, networks, of=len(found.trials)),
        "repeat": sections.repeat_section(found),
    }
    for extra in (spread, *extras):
        figures |= extra.figures
    page = Page(
        template="page/report.html",
        style="report.css",
        scripts=("grid.js", "frontier.js"),
        kicker="archscape search",
        title=results.name,
        summary=sections.summary(found),
        parts=parts,
        figures=figures,
    )
    return write_page(page, path)


def _spread(table: Results) -> Extra:
    """Return what all complete trials say: families, how the scores are spread, which choices matter."""
    figures: dict[str, Spec] = {}
    found = leads(table)
    html = ""
    if found:
        figures["families"] = families_figure(table, found)
        html = _section("families", "Families", families_section(table, found, BLOCK_RULE))
    effects = effects_of(table)
    figures["edf"] = edf_figure(table)
    left = _section("edf", "How the scores are spread", edf_section(table))
    right = _section("choices", "Which choices matter", choices_section(effects, table))
    if effects:
        figures["choices"] = choices_figure(effects, table)
    return Extra(html=f'{html}<div class="pair">{left}{right}</div>', figures=figures)


def _section(name: str, title: str, body: Html) -> Html:
    return f'<section id="{name}"><h2>{title}</h2>{body}</section>'
