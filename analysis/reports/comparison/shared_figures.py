"""Figures that all compared networks share: receptive fields by depth, and parameters against MACs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from archscape.analysis.costs.receptive_field import field_growth
from archscape.spaces.values import shape_text

from ..figures.description import DASHES, Annotation, Axis, Figure, Level, Series, Side
from ..format import escaped, shortened
from .compared_network import ComparedNetwork

COLORS = ("front", "reference", "running", "failed", "pruned", "rest")
"""One for each network in turn. No colour is needed to read a chart: it bears the name of its network."""
NEAR = 0.055
"""Share of the upright axis below which the labels of two lines would touch."""
LABEL = 26
"""Letters of a name at the end of a line, which a phone has room for."""
WIDE = 0.3
"""Share of the level axis that a label may take."""


def color_of(index: int) -> str:
    """Return the role of the colour of a network by its place in the comparison."""
    return COLORS[index % len(COLORS)]


def field_figure(networks: Sequence[ComparedNetwork]) -> Figure:
    """Return the largest receptive field at each depth, a line for each network that bears its name."""
    lines = [_field_line(network, index) for index, network in enumerate(networks)]
    lines = [line for line in lines if len(line.x)]
    extents = {max(network.input[1:], default=1) for network in networks}
    return Figure(
        x=Axis(label="convolutions and linear layers in a row", from_zero=True),
        y=Axis(label="receptive field (elements)", scale="log", ticks="short"),
        series=lines,
        levels=[Level(y=extent, name=f"input {extent}") for extent in extents if len(extents) == 1],
        annotations=_end_labels([(line.name, line.x[-1], line.y[-1]) for line in lines]),
        legend=False,
    )


def _field_line(network: ComparedNetwork, index: int) -> Series:
    fields = [] if network.network is None else field_growth(network.network, network.first_map)
    return Series(
        kind="line",
        name=network.name,
        x=[field.depth for field in fields],
        y=[max(field.field) for field in fields],
        color=color_of(index),
        width=1.8,
        dash=DASHES[index // len(COLORS) % len(DASHES)],
        shape="hv",
        hover=[
            f"<b>{escaped(network.name)}</b>, {escaped(field.layer)}<br>sees {shape_text(field.field)}"
            f"{network.field_of} after {field.depth} layers with weights"
            for field in fields
        ],
    )


def _end_labels(ends: Sequence[tuple[str, float, float]]) -> list[Annotation]:
    """Return the names at the ends (x, y) of lines over an axis in decades, apart where they would touch."""
    gap = NEAR * max([math.log10(y) for _, _, y in ends], default=1.0)
    reach = WIDE * max([x for _, x, _ in ends], default=1.0)
    labels: list[Annotation] = []
    heights: list[tuple[float, float]] = []
    for name, x, y in sorted(ends, key=lambda end: end[2]):
        near = [height for other, height in heights if abs(other - x) < reach]
        height = max([math.log10(y), *[height + gap for height in near]])
        heights.append((x, height))
        labels.append(
            Annotation(x=x, y=10**height, text=shortened(name, LABEL), shift=(6, 0), has_line=False)
        )
    return labels


def plane_figure(networks: Sequence[ComparedNetwork], references: Sequence[tuple[str, int, int]]) -> Figure:
    """Return parameters against MACs, both logarithmic; references are grey.

    Args:
        networks: What is compared; each is named.
        references: Name, parameters and MACs of networks to see them among.
    """
    names = {network.name for network in networks}
    grey = [known for known in references if known[0] not in names and known[1] and known[2]]
    costs = [(network.name, network.costs.params, network.costs.macs) for network in networks]
    shown = [(index, known) for index, known in enumerate(costs) if known[1] and known[2]]
    sides = _sides([(params, macs) for _, (_, params, macs) in shown])
    return Figure(
        x=Axis(label="Parameters", scale="log", ticks="short"),
        y=Axis(label="MACs", scale="log", ticks="short"),
        series=[
            _points(grey, color="rest", size=7, opacity=0.55),
            *(
                _points([known], color=color_of(index), size=12, labels=[known[0]], sides=[side])
                for (index, known), side in zip(shown, sides, strict=True)
            ),
        ],
        legend=False,
    )


def _points(
    known: Sequence[tuple[str, int, int]],
    *,
    color: str,
    size: float,
    opacity: float = 1.0,
    labels: Sequence[str] = (),
    sides: Sequence[Side] = (),
) -> Series:
    return Series(
        kind="points",
        x=[params for _, params, _ in known],
        y=[macs for _, _, macs in known],
        color=color,
        size=size,
        opacity=opacity,
        labels=labels,
        sides=sides,
        hover=[
            f"<b>{escaped(name)}</b><br>{params:,} parameters<br>{macs:,} MACs"
            for name, params, macs in known
        ],
    )


def _sides(points: Sequence[tuple[int, int]]) -> list[Side]:
    """Return where each name stands: to the left of its point if another is close on the right."""
    places = [(math.log10(x), math.log10(y)) for x, y in points]
    sides: list[Side] = []
    for index, (x, y) in enumerate(places):
        others = [
            other for number, (other, up) in enumerate(places) if number != index and abs(up - y) < 0.12
        ]
        right = any(0 <= other - x < 0.6 for other in others)
        left = any(0 <= x - other < 0.6 for other in others)
        sides.append("right" if not right else "left" if not left else "top")
    return sides
