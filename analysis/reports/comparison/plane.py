"""Parameters against MACs: networks that are compared among those of the catalog."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..format import escaped
from ..page.specs import Spec, axis, layout_of
from .compared_network import ComparedNetwork


def costs_chart(
    entrants: Sequence[ComparedNetwork], colors: Sequence[str], references: Sequence[tuple[str, int, int]]
) -> Spec:
    """Return parameters against MACs, both logarithmic; references are grey.

    Args:
        entrants: What is compared; each is named.
        colors: The name of a CSS variable for each.
        references: Name, parameters and MACs of networks to see them among.
    """
    given = {one.name for one in entrants}
    grey = [known for known in references if known[0] not in given and known[1] and known[2]]
    behind = _points(grey) | {"marker": {"color": "--rest", "size": 7, "opacity": 0.55}}
    shown = [
        (one, color) for one, color in zip(entrants, colors, strict=True) if one.costs.params * one.costs.macs
    ]
    places = [(one.name, one.costs.params, one.costs.macs) for one, _ in shown]
    front = [
        _points([place])
        | {
            "mode": "markers+text",
            "text": [escaped(place[0])],
            "textposition": side,
            "marker": {"color": color, "size": 12},
            "cliponaxis": False,
        }
        for place, (_, color), side in zip(places, shown, _sides(places), strict=True)
    ]
    layout = layout_of("macs", "MACs") | {
        "showlegend": False,
        "margin": {"l": 62, "r": 40, "t": 24, "b": 48},
        "xaxis": axis("Parameters", type="log", tickformat="~s", dtick="D2"),
        "yaxis": axis("MACs", type="log", tickformat="~s", dtick=1),
    }
    return {"data": [behind, *front], "layout": layout}


def _points(known: Sequence[tuple[str, int, int]]) -> Spec:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [params for _, params, _ in known],
        "y": [macs for _, _, macs in known],
        "hoverinfo": "text",
        "hovertext": [
            f"<b>{escaped(title)}</b><br>{params:,} parameters<br>{macs:,} MACs"
            for title, params, macs in known
        ],
    }


def _sides(known: Sequence[tuple[str, int, int]]) -> list[str]:
    """Return where each name stands: to the left of its point if another is close on the right."""
    places = [(math.log10(x), math.log10(y)) for _, x, y in known]
    sides = []
    for index, (x, y) in enumerate(places):
        others = [at for number, at in enumerate(places) if number != index and abs(at[1] - y) < 0.12]
        right = any(0 <= other - x < 0.6 for other, _ in others)
        left = any(0 <= x - other < 0.6 for other, _ in others)
        sides.append("middle right" if not right else "middle left" if not left else "top center")
    return sides
