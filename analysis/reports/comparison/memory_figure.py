"""A network's memory over its graph: the bytes of maps that are alive while each operator runs."""

from __future__ import annotations

from collections.abc import Sequence

from archscape.analysis.costs.memory import Moment

from ..figures.description import Annotation, Axis, Figure, Series
from ..format import escaped, size
from .compared_network import ComparedNetwork
from .layer_figure import rows_axis


def memory_figure(network: ComparedNetwork, *, color: str, top: float) -> Figure:
    """Return the curves of both modes of a network with a table, and the place of the peak in mode graph.

    `top` is the largest value of the axis, so that several networks share one scale.
    """
    graph = network.curve("graph")
    peak = max(range(len(graph)), key=lambda index: graph[index].bytes)
    side = -2 if peak > 0.6 * len(graph) else 2
    text = f"{size(graph[peak].bytes)} at {graph[peak].place}"
    return Figure(
        x=rows_axis(_middles(network, graph)),
        y=Axis(ticks="bytes", range=(0, 1.12 * max(top, 1))),
        series=[
            _curve(network.curve("eager"), "eager", color="muted", dash="dot", width=1),
            _curve(graph, "graph", color=color, fill="grid"),
            Series(kind="points", x=[peak], y=[graph[peak].bytes], color=color, size=8),
        ],
        annotations=[Annotation(x=peak, y=graph[peak].bytes, text=text, shift=(side, 12), has_line=False)],
        legend=False,
    )


def _curve(
    moments: Sequence[Moment],
    mode: str,
    *,
    color: str,
    fill: str = "",
    dash: str = "solid",
    width: float = 1.5,
) -> Series:
    return Series(
        kind="line",
        name=mode,
        x=range(len(moments)),
        y=[moment.bytes for moment in moments],
        color=color,
        fill=fill,
        dash=dash,
        width=width,
        shape="hvh",
        hover=[
            f"<b>{escaped(moment.place)}</b><br>{size(moment.bytes)} of maps, mode {mode}"
            for moment in moments
        ],
    )


def _middles(network: ComparedNetwork, moments: Sequence[Moment]) -> dict[str, float]:
    """Return the middle of the operators of each row with weights."""
    weighted = {layer.name.partition(".")[0] for layer in network.weighted}
    operators: dict[str, list[int]] = {}
    for index, moment in enumerate(moments):
        operators.setdefault(moment.place.partition(".")[0], []).append(index)
    return {row: (indices[0] + indices[-1]) / 2 for row, indices in operators.items() if row in weighted}
