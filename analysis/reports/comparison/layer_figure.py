"""A network's cost by layer: one bar for each convolution and linear layer, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archscape.spaces.values import shape_text

from ..figures.description import Axis, Figure, Series
from ..format import escaped, label, size
from ..page.networks import LayerRow, field_text
from .compared_network import ComparedNetwork

STORED = ("params", "activations")
"""Costs that are numbers in memory; 4 bytes each in float32."""
LINEAR = ("linear", "Linear", "Gemm")
NAME = 12  # characters of a row's name that fit below its bars
ROW_GAP = 1.0  # between the bars of two rows of the table, in widths of a bar


def layer_figure(network: ComparedNetwork, cost: str, *, color: str, top: float) -> Figure:
    """Return the bars of one cost, a column of `LayerRow`; layers without weights have none.

    `top` is the largest value of the axis, so that several networks share one scale.
    """
    places, middles = bar_places([layer.name.partition(".")[0] for layer in network.weighted])
    total = sum(getattr(layer, cost) for layer in network.layers)
    bars = Series(
        kind="bars",
        x=places,
        y=[getattr(layer, cost) for layer in network.weighted],
        color=color,
        hatched=[layer.op in LINEAR for layer in network.weighted],
        hover=[_hover(layer, cost, total) for layer in network.weighted],
    )
    return Figure(
        x=rows_axis(middles),
        y=Axis(ticks="short", range=(0, 1.04 * max(top, 1))),
        series=[bars],
        legend=False,
        hover="x",
    )


def rows_axis(middles: Mapping[str, float]) -> Axis:
    """Return the axis with the names of rows, cut where they are long."""
    names = [row if len(row) <= NAME else f"{row[: NAME - 1]}…" for row in middles]
    return Axis(names=names, places=[*middles.values()])


def bar_places(rows: Sequence[str]) -> tuple[list[float], dict[str, float]]:
    """Return where each bar stands, and the middle of the bars of each row of the table."""
    places: list[float] = []
    members: dict[str, list[float]] = {}
    for index, row in enumerate(rows):
        bar = round(index + ROW_GAP * (len(members) - (row in members)), 1)
        places.append(bar)
        members.setdefault(row, []).append(bar)
    return places, {row: (bars[0] + bars[-1]) / 2 for row, bars in members.items()}


def _hover(layer: LayerRow, cost: str, total: int) -> str:
    """Return what hovering over a bar shows."""
    count = getattr(layer, cost)
    lines = [
        f"<b>{escaped(layer.name)}</b>",
        f"{layer.op}, output {shape_text(layer.shape)}",
        f"{count:,} {label(cost)}, {count / total if total else 0:.1%} of all",
        f"{size(4 * count)} in float32" if cost in STORED else "",
        f"receptive field {field_text(layer.receptive_field)}" if layer.receptive_field else "",
    ]
    return "<br>".join(line for line in lines if line)
