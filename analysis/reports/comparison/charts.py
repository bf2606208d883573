"""Charts of a comparison beside those by layer: memory over the graph, and receptive fields by depth."""

from __future__ import annotations

import math
from collections.abc import Sequence

from archscape.analysis.costs.memory import Moment
from archscape.analysis.costs.receptive_field.by_depth import field_growth
from archscape.spaces.values import shape_text

from ..format import escaped, size
from ..page.specs import Spec, axis, layout_of
from .compared_network import ComparedNetwork
from .layer_charts import rows_axis

DASHES = ("solid", "dash", "dot", "dashdot")
NEAR = 0.055
"""Share of the upright axis below which the labels of two lines would touch."""
WIDE = 0.3
"""Share of the level axis that a label may take."""


def memory_chart(one: ComparedNetwork, *, color: str, top: int, bottom: int) -> Spec:
    """Return the bytes of maps while each operator runs, with the place of the peak.

    Args:
        one: A network.
        color: The name of a CSS variable.
        top: The largest value of the axis, so that several networks share one scale.
        bottom: Pixels for the names of rows, the same for all.
    """
    graph, eager = (one.curve(mode) for mode in ("graph", "eager"))
    peak = max(range(len(graph)), key=lambda at: graph[at].bytes)
    layout = layout_of("bytes", "") | {
        "showlegend": False,
        "hovermode": "closest",
        "margin": {"l": 56, "r": 16, "t": 16, "b": bottom},
        "xaxis": rows_axis(_middles(one, graph)),
        "yaxis": axis("", tickformat="~s", ticksuffix="B", range=[0, 1.12 * max(top, 1)], fixedrange=True),
        "annotations": [_peak_label(graph, peak)],
    }
    area = _curve(graph, "graph") | {
        "fill": "tozeroy",
        "fillcolor": "--grid",
        "line": {"color": color, "width": 1.5, "shape": "hvh"},
    }
    line = _curve(eager, "eager") | {"line": {"color": "--muted", "width": 1, "dash": "dot", "shape": "hvh"}}
    mark: Spec = {
        "type": "scatter", "mode": "markers", "x": [peak], "y": [graph[peak].bytes], "hoverinfo": "skip",
        "marker": {"color": color, "size": 8},
    }  # fmt: skip
    return {"data": [line, area, mark], "layout": layout}


def _curve(moments: Sequence[Moment], mode: str) -> Spec:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [*range(len(moments))],
        "y": [moment.bytes for moment in moments],
        "hoverinfo": "text",
        "hovertext": [
            f"<b>{escaped(moment.place)}</b><br>{size(moment.bytes)} of maps, mode {mode}"
            for moment in moments
        ],
    }


def _peak_label(moments: Sequence[Moment], at: int) -> Spec:
    right = at > 0.6 * len(moments)
    return {
        "x": at,
        "y": moments[at].bytes,
        "text": f"{size(moments[at].bytes)} at {escaped(moments[at].place)}",
        "showarrow": False,
        "xanchor": "right" if right else "left",
        "xshift": -2 if right else 2,
        "yshift": 12,
        "font": {"size": 12},
        "bgcolor": "--paper",
        "borderpad": 0,
    }


def _middles(one: ComparedNetwork, moments: Sequence[Moment]) -> dict[str, float]:
    """Return the middle of the operators of each row with weights."""
    named = {layer.name.partition(".")[0] for layer in one.weighted}
    places: dict[str, list[int]] = {}
    for index, moment in enumerate(moments):
        places.setdefault(moment.place.partition(".")[0], []).append(index)
    return {row: (found[0] + found[-1]) / 2 for row, found in places.items() if row in named}


def field_chart(entrants: Sequence[ComparedNetwork], colors: Sequence[str]) -> Spec:
    """Return the largest receptive field at each depth, a line a network that bears its name."""
    lines: list[Spec] = []
    ends: list[tuple[str, int, int]] = []
    for index, (one, color) in enumerate(zip(entrants, colors, strict=True)):
        if one.network is None:
            continue
        sights = field_growth(one.network)
        if not sights:
            continue
        sizes = [max(sight.field) for sight in sights]
        about = [
            f"<b>{escaped(one.name)}</b>, {escaped(sight.layer)}<br>sees {shape_text(sight.field)} "
            f"after {sight.depth} layers with weights"
            for sight in sights
        ]
        lines.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": escaped(one.name),
                "x": [sight.depth for sight in sights],
                "y": sizes,
                "hoverinfo": "text",
                "hovertext": about,
                "line": {
                    "color": color,
                    "width": 1.8,
                    "dash": DASHES[index // 6 % len(DASHES)],
                    "shape": "hv",
                },
            }
        )
        ends.append((one.name, sights[-1].depth, sizes[-1]))
    layout = layout_of("field", "") | {
        "showlegend": False,
        "margin": {"l": 62, "r": 110, "t": 12, "b": 48},
        "xaxis": axis("convolutions and linear layers in a row", rangemode="tozero"),
        "yaxis": axis("receptive field (elements)", type="log", dtick="D2", tickformat="~s"),
        "annotations": _end_labels(ends),
        **_input_line(entrants),
    }
    return {"data": lines, "layout": layout}


def _input_line(entrants: Sequence[ComparedNetwork]) -> Spec:
    """Return a line at the extent of the input, where all read the same."""
    extents = {max(one.input[1:], default=1) for one in entrants}
    if len(extents) != 1:
        return {}
    (extent,) = extents
    line = {"color": "--muted", "width": 1, "dash": "dash"}
    words = {"text": f"input {extent}", "textposition": "end", "font": {"size": 11, "color": "--muted"}}
    return {
        "shapes": [
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": extent,
                "y1": extent,
                "line": line,
                "label": words,
            }
        ]
    }


def _end_labels(ends: Sequence[tuple[str, int, int]]) -> list[Spec]:
    """Return the names at the ends (x, y) of lines over an axis in decades, apart where they would touch."""
    gap = NEAR * max([math.log10(y) for _, _, y in ends], default=1.0)
    reach = WIDE * max([x for _, x, _ in ends], default=1.0)
    labels: list[Spec] = []
    set_down: list[tuple[float, float]] = []
    for name, x, y in sorted(ends, key=lambda end: end[2]):
        near = [height for other, height in set_down if abs(other - x) < reach]
        place = max([math.log10(y), *[height + gap for height in near]])
        set_down.append((x, place))
        labels.append(
            {
                "x": x,
                "y": place,
                "text": escaped(name),
                "showarrow": False,
                "xanchor": "left",
                "xshift": 6,
                "font": {"size": 12},
                "bgcolor": "--paper",
                "borderpad": 0,
            }
        )
    return labels
