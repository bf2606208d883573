"""Known networks beside the trials: which fit on the axis, their lines, and what is said of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..format import escaped, value

FAR = 4.0  # a reference this many times beyond the trials would squeeze them into a corner
NAMED = 8  # references that the note names, the cheapest first
CROWDED = 0.04  # share of the axis below which the labels of two upright lines would touch


def near(references: pd.DataFrame, done: pd.DataFrame, cost: str) -> pd.Series:
    """Return which references stand within reach of the trials; all of them where there is no trial."""
    costs = done[cost].dropna()
    if costs.empty:
        return references[cost].notna()
    return references[cost].between(costs.min() / FAR, costs.max() * FAR)


def uprights(references: pd.DataFrame, cost: str, decades: float) -> dict[str, object]:
    """Return references of unknown score as dashed upright lines, crowded labels at alternate ends.

    The x of an annotation is in data units here; plotly.js wants its logarithm on a logarithmic axis.
    """
    shapes: list[dict[str, object]] = []
    labels: list[dict[str, object]] = []
    before, top = -np.inf, True
    for name, at in zip(references["name"], references[cost].astype(float), strict=True):
        place = np.log10(at) if at > 0 else 0.0
        top = not top if place - before < CROWDED * decades else True
        before = place
        line = {"color": "--reference", "width": 1.2, "dash": "dash"}
        shapes.append({"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper", "line": line})
        labels.append(
            {
                "text": escaped(name),
                "textangle": -90,
                "showarrow": False,
                "x": at,
                "y": 1 if top else 0,
                "yref": "paper",
                "xanchor": "left",
                "yanchor": "top" if top else "bottom",
                "font": {"color": "--muted", "size": 12},
            }
        )
    return {"shapes": shapes, "annotations": labels}


def note(cost: str, lines: pd.DataFrame, far: pd.DataFrame) -> str:
    """Return in words what the references cost, and which of them the axis leaves out (plain text)."""
    parts = []
    for rows, what in ((lines, "Dashed lines"), (far, "Beyond this axis")):
        if len(rows):
            shown = rows.sort_values(cost).head(NAMED)
            pairs = zip(shown["name"], shown[cost], strict=True)
            more = f"; and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
            parts.append(
                f"{what}: " + "; ".join(f"{name} {value(cost, at)}" for name, at in pairs) + f"{more}."
            )
    return " ".join(parts)
