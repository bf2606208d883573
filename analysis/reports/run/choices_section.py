"""Which choices of a space drove the score of a run, as far as its trials tell."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import pandas as pd

from archscape.analysis.statistics.importance import Effect, importance

from ..format import escaped
from ..page import empty, place
from ..page.specs import Spec, axis, layout_of, plain
from ..page.tables import Html
from ..table.columns import Results

ENOUGH = 20
"""Complete trials from which on shares are told at all."""
SHOWN = 10
"""Effects in the figure, the largest."""
ESTIMATOR = (
    "Share of the variance that a choice explains by itself (Kelley's epsilon squared), with its 95% "
    "bootstrap interval; a × b is the interaction of both. A choice that some networks were not asked counts "
    "for what it changes among the others. A search tries good networks more often than others, so this is "
    "about the networks that were tried, not about the space; an interval that reaches 0 tells nothing."
)


def effects_of(results: Results) -> list[Effect]:
    """Return the largest effects of the choices on the score; none where there are too few trials."""
    rows = results.rows[results.rows[results.score].notna()].reset_index(drop=True)
    if len(rows) < ENOUGH or "decisions" not in rows or rows[results.score].nunique() < 2:
        return []
    options = pd.DataFrame([_decisions(text) for text in rows["decisions"]], dtype=object)
    told = [str(name) for name in options if _varies(options[name])]
    if not told:
        return []
    table = options[told].assign(**{results.score: rows[results.score]})
    known = [effect for effect in importance(table, results.score, told) if np.isfinite(effect.share)]
    return sorted(known, key=lambda effect: -effect.share)[:SHOWN]


def choices_section(effects: Sequence[Effect], results: Results) -> Html:
    """Return the place of the figure with the estimator, or why there is none."""
    if not effects:
        few = f"Fewer than {ENOUGH} trials are complete, or their choices do not differ: too little to tell."
        return empty(few)
    about = f"Share of the variance of {results.head(results.score)} that each choice explains"
    return f'{place("choices", about)}<p class="note">{escape(ESTIMATOR)}</p>'


def choices_figure(effects: Sequence[Effect], results: Results) -> Spec:
    """Return the effects as points with their intervals, the largest on top."""
    names = [" × ".join(effect.choices) for effect in effects]
    shares = [effect.share for effect in effects]
    points: Spec = {
        "type": "scatter",
        "mode": "markers",
        "x": plain(shares),
        "y": [escaped(name).replace(" × ", "<br>× ") for name in names],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": plain([effect.high - effect.share for effect in effects]),
            "arrayminus": plain([effect.share - effect.low for effect in effects]),
            "color": "--rest",
            "thickness": 1.5,
            "width": 0,
        },
        "marker": {"size": 9, "color": "--front"},
        "hoverinfo": "text",
        "hovertext": [
            f"<b>{escaped(name)}</b><br>{effect.share:.1%}, 95% {effect.low:.1%} to {effect.high:.1%}<br>"
            f"{effect.options} options met"
            for name, effect in zip(names, effects, strict=True)
        ],
    }
    layout = layout_of("", "")
    layout["xaxis"] = axis(
        "share of the variance",
        tickformat=".0%",
        zeroline=True,
        zerolinecolor="--line",
    )
    layout["yaxis"] = axis("", autorange="reversed", automargin=True, tickfont={"size": 11})
    layout["showlegend"] = False
    return {"data": [points], "layout": layout}


def _decisions(text: object) -> dict[str, object]:
    found = json.loads(text) if isinstance(text, str) and text else {}
    return {str(path): str(option) for path, option in found.items()} if isinstance(found, Mapping) else {}


def _varies(column: pd.Series) -> bool:
    """Tell whether two options were met twice each."""
    counts = column.value_counts()
    return bool((counts >= 2).sum() >= 2)
