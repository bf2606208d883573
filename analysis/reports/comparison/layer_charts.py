"""Charts of a network's cost by layer: one bar for each convolution and linear layer, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archscape.spaces.values import shape_text

from ..format import escaped, label, size
from ..page.networks import LayerRow
from ..page.specs import Spec, axis, layout_of
from .compared_network import ComparedNetwork

STORED = ("params", "activations")
"""Measures that are numbers in memory; 4 bytes each in float32."""

LINEAR = ("linear", "Linear")
NAME = 12  # characters of a row's name that fit below its bars
ROW_GAP = 1.0  # between the bars of two rows of the table, in widths of a bar


def bottom_of(layers: Sequence[LayerRow]) -> int:
    """Return the pixels below a chart of layers that the names of their rows take when they stand upright."""
    longest = max([len(layer.name.partition(".")[0]) for layer in layers], default=0)
    return 16 + 7 * min(longest, NAME)


def layer_chart(network: ComparedNetwork, measure: str, *, color: str, top: int, bottom: int) -> Spec:
    """Return the bars of one measure.

    Args:
        network: A network; its layers without weights have no bar.
        measure: A column of `LayerRow` that holds counts.
        color: The name of a CSS variable.
        top: The largest value of the axis, so that several networks share one scale.
        bottom: Pixels for the names of rows, the same for all that share a scale.
    """
    shown = network.weighted
    places, ticks = bar_places([layer.name.partition(".")[0] for layer in shown])
    total = sum(getattr(layer, measure) for layer in network.layers)
    bars: Spec = {
        "type": "bar",
        "x": places,
        "y": [getattr(layer, measure) for layer in shown],
        "hoverinfo": "text",
        "hovertext": [_about(layer, measure, total) for layer in shown],
        "marker": {
            "color": color,
            "pattern": {
                "shape": ["/" if layer.op in LINEAR else "" for layer in shown],
                "fillmode": "overlay",
                "fgcolor": "--paper",
                "solidity": 0.25,
                "size": 6,
            },
        },
        "textposition": "none",
    }
    layout = layout_of(measure, "") | {
        "hovermode": "x",
        "bargap": 0.12,
        "showlegend": False,
        "margin": {"l": 44, "r": 16, "t": 8, "b": bottom},
        "xaxis": rows_axis(ticks),
        "yaxis": axis("", tickformat="~s", range=[0, 1.04 * max(top, 1)], fixedrange=True),
    }
    return {"data": [bars], "layout": layout}


def rows_axis(ticks: Mapping[str, float]) -> Spec:
    """Return the axis with the names of rows; the margin is given, so that all charts are of a height."""
    names = [row if len(row) <= NAME else f"{row[: NAME - 1]}…" for row in ticks]
    return axis(
        "",
        tickvals=[*ticks.values()],
        ticktext=[escaped(name) for name in names],
        tickfont={"size": 11},
        autotickangles=[0, -90],
        ticklabeloverflow="allow",
        automargin=False,
        showgrid=False,
    )


def bar_places(rows: Sequence[str]) -> tuple[list[float], dict[str, float]]:
    """Return where each bar stands, and the middle of the bars of each row of the table."""
    places: list[float] = []
    members: dict[str, list[float]] = {}
    for index, row in enumerate(rows):
        place = round(index + ROW_GAP * (len(members) - (row in members)), 1)
        places.append(place)
        members.setdefault(row, []).append(place)
    return places, {row: (bars[0] + bars[-1]) / 2 for row, bars in members.items()}


def _about(layer: LayerRow, measure: str, total: int) -> str:
    """Return what hovering over a bar shows."""
    count = getattr(layer, measure)
    lines = [
        f"<b>{escaped(layer.name)}</b>",
        f"{layer.op}, output {shape_text(layer.shape)}",
        f"{count:,} {label(measure)}, {count / total if total else 0:.1%} of all",
        f"{size(4 * count)} in float32" if measure in STORED else "",
        f"receptive field {shape_text(layer.receptive_field)}" if layer.receptive_field else "",
    ]
    return "<br>".join(line for line in lines if line)
