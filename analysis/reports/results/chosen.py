"""How a search chose its trials: who proposed them, what was expected of them, what would be next.

All of it is read from the table of trials; a run whose table does not say who proposed a trial has no such
section.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

from markupsafe import Markup

from archscape.analysis.results import PROPOSED, TrialState, predicted_metrics, prediction_columns
from archscape.analysis.statistics.importance import Effect

from ..figures.plotly_spec import spec
from ..format import NONE
from ..page.specs import Spec
from ..templating import render
from .calibration_text import said_of
from .choices import options_figure
from .phases import Phase
from .predictions import predicted_figures, predictions_of, with_deviation
from .recommendation import recommendation_of
from .results import Results
from .run import Digest

NEXT = 20
"""Trials that are shown of those that have not ended."""
SUGGEST = "archscape space space.yaml --suggest 5 --from ."
"""Proposes networks without training them, in the folder of a run."""


ABOVE = {"t": 28}
"""Pixels above a figure with the names of upright lines."""


@dataclass(frozen=True, kw_only=True)
class ChosenSection:
    """The section and the figures that it has places for."""

    html: Markup
    figures: Mapping[str, Spec]


def chosen_section(digest: Digest, phases: Sequence[Phase], effects: Sequence[Effect]) -> ChosenSection:
    """Return the section; nothing where nobody noted who proposed a trial.

    Args:
        digest: All trials of the run.
        phases: Who proposed them.
        effects: The effects of the choices on the score, the largest first.
    """
    if not phases:
        return ChosenSection(html=Markup(), figures={})
    results = digest.table
    known = predictions_of(results)
    figures = predicted_figures(results, known)
    options = options_figure(results, effects)
    figures |= {"options": options} if options else {}
    html = render(
        "results/chosen.html",
        score=results.head(results.score),
        phases=[_phase_row(results, phase) for phase in phases],
        expected=said_of(results, known),
        options=len(options.y.names) if options else 0,
        open=_open_trials(digest),
        suggest=SUGGEST,
        recommended=recommendation_of(digest),
    )
    specs = {
        name: spec(figure, margin=ABOVE if figure.uprights else None) for name, figure in figures.items()
    }
    return ChosenSection(html=html, figures=specs)


def _phase_row(results: Results, phase: Phase) -> tuple[str, ...]:
    scores = (results.text(results.score, number) for number in (phase.median, phase.best))
    return (phase.name, f"{len(phase.numbers):,}", f"{phase.complete:,}", *scores, f"{phase.on_front:,}")


def _open_trials(digest: Digest) -> dict[str, object]:
    """Return the trials that have not ended, the first `NEXT` of them, and how many others there are."""
    trials, results = digest.trials, digest.table
    rows = trials[trials["status"].isin([TrialState.RUNNING, TrialState.WAITING])]
    names = [name for name in predicted_metrics(trials) if rows[prediction_columns(name).mean].notna().any()]
    heads = [head for name in names for head in (f"expected {results.head(name)}", "incumbent")]
    shown = [
        (
            row["number"],
            row["status"],
            ": ".join(row[name] for name in PROPOSED if row.get(name)),
            [cell for name in names for cell in _cells(results, name, row)],
        )
        for row in rows.head(NEXT).to_dict("records")
    ]
    return {"heads": heads, "rows": shown, "others": len(rows) - len(shown)}


def _cells(results: Results, name: str, row: Mapping[Hashable, Any]) -> tuple[str, str]:
    mean, deviation, incumbent = (row[column] for column in prediction_columns(name))
    expected = NONE if isnan(mean) else with_deviation(results, name, mean, deviation)
    return expected, results.text(name, incumbent)
