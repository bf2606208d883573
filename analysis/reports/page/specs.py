"""Figures as plain plotly.js specifications: dicts that `json.dumps` takes.

Colours are names of CSS variables ("--front"), which the page's script resolves, so that one figure serves
light, dark and print. Every text that comes from outside is escaped by the figure that shows it
(`format.escaped`), because plotly.js reads labels as a subset of HTML.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeAlias

from archscape.analysis.metrics import SHARES

from ..format import escaped

MARGIN = {"l": 62, "r": 12, "t": 12, "b": 48}
"""Pixels beside a figure."""
LEGEND = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 12}}
Spec: TypeAlias = dict[str, object]


def layout_of(column: str = "", title: str = "") -> Spec:
    """Return the layout that all figures share, with a column of values on the upright axis."""
    font = {"color": "--ink", "family": "inherit", "size": 13}
    return {
        "font": font,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": MARGIN,
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": "--card", "bordercolor": "--line", "font": font, "align": "left"},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": "--muted", "activecolor": "--ink"},
        "legend": LEGEND,
        "xaxis": axis(""),
        "yaxis": axis(title, tickformat=".1~%" if column in SHARES else "~g"),
    }


def axis(title: str, **more: object) -> Spec:
    """Return one axis."""
    colors = {"gridcolor": "--grid", "linecolor": "--line", "tickcolor": "--line"}
    return {
        "title": {"text": escaped(title), "standoff": 8, "font": {"size": 13}},
        "zeroline": False,
        "automargin": True,
        **colors,
        **more,
    }


def plain(values: Iterable[float]) -> list[float | None]:
    """Return numbers as JSON knows them: None for what is not finite."""
    return [plain_number(value) for value in values]


def plain_number(value: float) -> float | None:
    """Return a number as JSON knows it, a whole one without a point."""
    number = float(value)
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number
