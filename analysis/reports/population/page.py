"""A population as one page: what its networks cost, and which choices drive it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd

from archscape.analysis.statistics.frontier import Floats
from archscape.analysis.statistics.importance import Effect, importance
from archscape.analysis.statistics.population import QUANTILES
from archscape.spaces.language.limits import COSTS

from ..format import capital, escaped, label
from ..page import NOTE, Page, place, write_page
from ..page.specs import Spec, axis, layout_of
from ..page.tables import Html, html_table, number_class

SHOWN = ("params", "macs", "activations")
BINS = 40
ESTIMATOR = (
    "Share of the variance that a choice explains by itself (Kelley's epsilon squared), with its 95% "
    "bootstrap interval; a x b is the interaction of both. A choice that some networks were not asked "
    "counts for what it changes among the others."
)


def write_population_page(table: pd.DataFrame, path: Path, *, title: str, explain: str = "macs") -> Path:
    """Write a population as one self-contained HTML page.

    Args:
        table: What `population` gave.
        path: The file to write; its folder must exist.
        title: Of the page.
        explain: The cost whose variance is explained.

    Returns:
        The path.

    Raises:
        InputError: The folder is missing.
    """
    choices = [name for name in table.columns if name not in (*COSTS, "hash")]
    effects = importance(table, explain, choices)
    figures = "".join(place(cost, f"Shares of the networks by {label(cost)}") for cost in SHOWN)
    page = Page(
        template="page/population.html",
        kicker="archscape population",
        title=title,
        summary=f"{len(table):,} random networks within the limits, every choice uniform.",
        parts={
            "quantiles": _quantiles(table) + f'<p class="note">{escape(NOTE)}</p>',
            "charts": figures,
            "effects": _effects(effects, explain) + f'<p class="note">{escape(ESTIMATOR)}</p>',
        },
        figures={cost: histogram(table[cost].to_numpy(dtype=np.float64), cost) for cost in SHOWN},
    )
    return write_page(page, path)


def histogram(values: Floats, cost: str) -> Spec:
    """Return shares of networks over a logarithmic axis of cost."""
    positive = values[values > 0]
    low, high = (positive.min(), positive.max()) if len(positive) else (1.0, 10.0)
    edges = np.geomspace(low, max(high, low * 1.01), BINS + 1)
    edges[-1] = max(edges[-1], high)  # rounding may leave out the costliest
    shares = np.histogram(positive, bins=edges)[0] / len(values)
    bounds = [(float(a), float(b), float(s)) for a, b, s in zip(edges, edges[1:], shares, strict=False)]
    words = escaped(label(cost))
    bars: Spec = {
        "type": "bar",
        "x": [(a + b) / 2 for a, b, _ in bounds],
        "y": [share for _, _, share in bounds],
        "width": [b - a for a, b, _ in bounds],
        "hoverinfo": "text",
        "hovertext": [f"{share:.1%} have {a:,.0f} to {b:,.0f} {words}" for a, b, share in bounds],
        "marker": {"color": "--front"},
        "textposition": "none",
    }
    layout = layout_of(cost, "share of networks") | {"showlegend": False, "bargap": 0}
    layout["xaxis"] = axis(capital(label(cost)), type="log", tickformat="~s", dtick="D2")
    layout["yaxis"] = axis("share of networks", tickformat=".1~%", rangemode="tozero")
    return {"data": [bars], "layout": layout}


def _quantiles(table: pd.DataFrame) -> Html:
    heads = ("cost", *QUANTILES)
    rows = [
        (label(cost), *(f"{int(table[cost].quantile(share)):,}" for share in QUANTILES.values()))
        for cost in COSTS
    ]
    return _table(heads, rows)


def _effects(effects: Sequence[Effect], explain: str) -> Html:
    heads = ("choice", f"share of the variance of {label(explain)}", "95% interval", "options")
    rows = [
        (
            " x ".join(effect.choices),
            f"{effect.share:.1%}",
            f"{effect.low:.1%} to {effect.high:.1%}",
            f"{effect.options:,}",
        )
        for effect in effects
    ]
    return _table(heads, rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Html:
    top = "".join(
        f'<th scope="col"{number_class(at > 0)}>{escape(head)}</th>' for at, head in enumerate(heads)
    )
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f'<td class="number">{escape(cell)}</td>' for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return html_table(top, body)
