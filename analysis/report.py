"""The report of a search: one page with everything about a run."""

from __future__ import annotations

from pathlib import Path

from . import plots, sections
from .page import Page, write_page
from .results import RunResults, digest, latest

__all__ = ["RunResults", "write_report"]

SHOWN = 10_000
"""How many trials a page holds one by one: with more of them a browser would stop."""


def write_report(results: RunResults, path: Path) -> Path:
    """Write the report of a run as one self-contained HTML page.

    Args:
        results: The run; with no finished trial, one objective or failures only it still gives a page.
        path: The file to write; its folder must exist.

    Returns:
        The path.

    Raises:
        InputError: A table of the results lacks a column or holds what it must not; the folder is missing.
    """
    found = digest(results)
    shown = latest(found, SHOWN)
    networks = sections.dossiers(found)
    figures = plots.figures(shown)
    parts = {
        "tiles": sections.tiles(found),
        "frontier": sections.frontier_section(found),
        "progress_title": "Hypervolume over time" if len(results.objectives) > 1 else "Best over time",
        "progress": sections.figure("progress", figures),
        "curves": sections.figure("curves", figures),
        "networks": sections.networks_section(found, networks),
        "trials": sections.trials_section(shown, networks, of=len(found.trials)),
        "repeat": sections.repeat_section(found),
    }
    page = Page(
        template="report.html",
        style="report.css",
        script="report.js",
        kicker="archscape search",
        title=results.name,
        lede=sections.lede(found),
        parts=parts,
        figures=figures,
    )
    return write_page(page, path)
