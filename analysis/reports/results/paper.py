"""The figures of results for a paper: what their pages show, over the default cost."""

from __future__ import annotations

from pathlib import Path

from archscape.analysis.results import prediction_columns
from archscape.spaces.errors import InputError

from ..figures.paper import write_figure
from .frontier import frontier_figure
from .leading import families_figure, lead
from .predictions import Predictions, predicted_figure, predictions_of
from .results import Results
from .spread import edf_figure


def write_results_figure(results: Results, path: Path, shown: str = "frontier") -> Path:
    """Draw one figure; the same results give the same bytes of an SVG.

    Args:
        results: The table, or the complete trials of a search (`run.as_table`).
        path: The file to write; its suffix (`.png`, `.svg`, `.pdf`) says what it becomes.
        shown: `frontier`, `families`, `edf` or `predicted` (against what was measured).

    Raises:
        InputError: The figure of families of a table that has none, that of predictions where there are none.
    """
    if shown == "edf":
        return write_figure(edf_figure(results), path)
    if shown == "frontier":
        return write_figure(frontier_figure(results, results.cost), path)
    if shown == "predicted":
        return write_figure(predicted_figure(results, _predictions(results)), path, size=(5.6, 5.2))
    leaders = lead(results, results.cost) if results.family else None
    if leaders is None:
        raise InputError(
            "--figure families: the table has no two families; --family COLUMN says what tells them"
        )
    return write_figure(families_figure(results, results.cost, leaders), path)


def _predictions(results: Results) -> Predictions:
    """Return those of the score, or of the first metric that has some."""
    known = predictions_of(results)
    if not known:
        mean, deviation, incumbent = prediction_columns(results.score)
        raise InputError(
            "--figure predicted: no trial was predicted by a model; the columns of predictions are "
            f"{mean}, {deviation} and {incumbent}"
        )
    return known[0]
