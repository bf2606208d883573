"""The figures of results for a paper: what their pages show, over the default cost."""

from __future__ import annotations

from pathlib import Path

from archscape.spaces.errors import InputError

from ..figures.paper import write_figure
from .frontier import frontier_figure
from .leading import families_figure, lead
from .results import Results
from .spread import edf_figure


def write_results_figure(results: Results, path: Path, shown: str = "frontier") -> Path:
    """Draw one figure; the same results give the same bytes of an SVG.

    Args:
        results: The table, or the complete trials of a search (`run.as_table`).
        path: The file to write; its suffix (`.png`, `.svg`, `.pdf`) says what it becomes.
        shown: `frontier`, `families` or `edf`.

    Raises:
        InputError: The figure of families of a table that has none.
    """
    if shown == "edf":
        return write_figure(edf_figure(results), path)
    if shown == "frontier":
        return write_figure(frontier_figure(results, results.cost), path)
    leaders = lead(results, results.cost) if results.family else None
    if leaders is None:
        raise InputError(
            "--figure families: the table has no two families; --family COLUMN says what tells them"
        )
    return write_figure(families_figure(results, results.cost, leaders), path)
