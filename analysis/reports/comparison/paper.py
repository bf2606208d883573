"""The comparison as a figure for a paper: layers, totals, memory over the graph, or fields by depth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from archscape.spaces.errors import InputError, suggest

from ..figures.paper import PALETTE, draw_figure, literal, write
from ..format import NONE, capital, label
from ..page.networks import COUNTS
from .compared_network import ComparedNetwork
from .layer_figure import layer_figure
from .measures import Measure, highest_bytes, highest_count, known_totals
from .memory_figure import memory_figure
from .shared_figures import color_of, field_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas


def write_comparison_figure(networks: Sequence[ComparedNetwork], path: Path, *, kind: str = "layers") -> Path:
    """Draw a comparison, the `kind` being a name of `KINDS`. The same networks give the same bytes of an SVG.

    Raises:
        InputError: If there is no such kind, or nothing that could be drawn.
    """
    if kind not in KINDS:
        raise InputError(f"there is no figure '{kind}'{suggest(kind, KINDS)}")
    known = [network for network in networks if network.network is not None or kind in ("layers", "totals")]
    if not known:
        raise InputError(f"a figure of {kind} needs the table of a network, but got modules alone")
    return write(lambda canvas: KINDS[kind](canvas, known), path, font=9)


def _layers(canvas: Canvas, networks: Sequence[ComparedNetwork]) -> None:
    """Draw a row of panels for each cost, a column for each network, as wide as it has layers."""
    longest = max(len(network.weighted) for network in networks)
    widths = [max(len(network.weighted), 0.35 * longest, 6) for network in networks]
    canvas.set_size_inches(
        1.2 + min(max(0.11 * sum(widths), 3.2 * len(networks)), 16), 1.9 * len(COUNTS) + 0.5
    )
    panels = canvas.subplots(
        len(COUNTS), len(networks), sharey="row", squeeze=False, gridspec_kw={"width_ratios": widths}
    )
    for row, cost in zip(panels, COUNTS, strict=True):
        top = highest_count(networks, cost)
        for index, (axes, network) in enumerate(zip(row, networks, strict=True)):
            draw_figure(axes, layer_figure(network, cost, color=color_of(index), top=top))
            axes.margins(x=0.01)
            name = f"{network.name}\n" if cost == COUNTS[0] else ""
            axes.set_title(literal(f"{name}{getattr(network.costs, cost):,}"), fontsize=9, loc="left")
        row[0].set_ylabel(capital(label(cost)))
    canvas.align_ylabels()


def _totals(canvas: Canvas, networks: Sequence[ComparedNetwork]) -> None:
    """Draw a small chart for each total, all networks in one order."""
    shown = known_totals(networks)
    rows = (len(shown) + 3) // 4
    canvas.set_size_inches(7.2, 0.2 + rows * (0.55 + 0.21 * len(networks)))
    panels = canvas.subplots(rows, 4, squeeze=False)
    for axes in panels.flat[len(shown) :]:
        axes.remove()
    for axes, measure in zip(panels.flat, shown, strict=False):
        _total(axes, networks, measure)
    for row in panels:
        for axes in row[1:]:
            axes.set_yticklabels([])


def _total(axes: Axes, networks: Sequence[ComparedNetwork], measure: Measure) -> None:
    numbers = [measure.number(network) for network in networks]
    rows = range(len(networks))
    colors = [PALETTE[color_of(index)] for index in rows]
    axes.barh(rows, [number or 0 for number in numbers], height=0.62, color=colors)
    for row, number in zip(rows, numbers, strict=True):
        text = NONE if number is None else _short(number, measure)
        axes.annotate(text, (number or 0, row), (3, 0), textcoords="offset points", va="center", fontsize=7.5)
    axes.set_title(measure.title, fontsize=9, loc="left")
    axes.set_yticks(rows, [literal(network.name) for network in networks])
    axes.set_xticks([])
    axes.set_xlim(0, 1.5 * max([number or 0 for number in numbers] + [1]))
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.spines[["top", "right", "bottom"]].set_visible(False)


def _short(number: float, measure: Measure) -> str:
    from matplotlib.ticker import EngFormatter

    if number < 1000 or "memory" in measure.title:
        return measure.text(number)
    return str(EngFormatter(sep="", places=1)(number))


def _memory(canvas: Canvas, networks: Sequence[ComparedNetwork]) -> None:
    """Draw the bytes of maps while each operator runs, in both modes, with the peak of mode graph."""
    canvas.set_size_inches(1 + min(max(3.2 * len(networks), 4), 16), 2.7)
    panels = canvas.subplots(1, len(networks), sharey=True, squeeze=False)
    top = highest_bytes(networks)
    for index, (axes, network) in enumerate(zip(panels.flat, networks, strict=True)):
        draw_figure(axes, memory_figure(network, color=color_of(index), top=top))
        axes.set_title(literal(network.name), fontsize=9, loc="left")
    panels[0, 0].set_ylabel("Maps alive")
    panels[0, -1].legend(frameon=False, fontsize=8)


def _field(canvas: Canvas, networks: Sequence[ComparedNetwork]) -> None:
    """Draw the largest receptive field at each depth, a line a network."""
    canvas.set_size_inches(6.4, 3.6)
    draw_figure(canvas.subplots(), field_figure(networks))


KINDS: dict[str, Callable[[Canvas, Sequence[ComparedNetwork]], None]] = {
    "layers": _layers,
    "totals": _totals,
    "memory": _memory,
    "field": _field,
}
"""What a figure may show."""
