"""The comparison as a figure for a paper: layers, totals, memory over the graph, or fields by depth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from archscape.analysis.costs.receptive_field.by_depth import field_growth
from archscape.spaces.errors import InputError, suggest

from ..figures.paper import COLORS as ALL
from ..figures.paper import INK, plain, write
from ..format import NONE, capital, label, size
from ..page.networks import COUNTS, LayerRow
from .compared_network import ComparedNetwork
from .layer_charts import LINEAR, bar_places
from .totals import Measure, measures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = ALL[:6]
"""All but ink, which draws what is no network's."""
DASHES = ("-", "--", ":", "-.")


def write_comparison_figure(entrants: Sequence[ComparedNetwork], path: Path, *, kind: str = "layers") -> Path:
    """Draw a comparison. The same networks give the same bytes of an SVG.

    Args:
        entrants: The networks, in the order to show them.
        path: The file to write; its suffix (`.png`, `.svg`, `.pdf`) says what it becomes.
        kind: A name of `KINDS`.

    Returns:
        The path.

    Raises:
        InputError: If there is no such kind, or nothing that could be drawn.
    """
    if kind not in KINDS:
        raise InputError(f"there is no figure '{kind}'{suggest(kind, KINDS)}")
    known = [one for one in entrants if one.network is not None or kind in ("layers", "totals")]
    if not known:
        raise InputError(f"a figure of {kind} needs the table of a network, but got modules alone")
    colors = [COLORS[at % len(COLORS)] for at in range(len(known))]
    return write(lambda figure: KINDS[kind](figure, known, colors), path, font=9)


def _layers(figure: Figure, entrants: Sequence[ComparedNetwork], colors: Sequence[str]) -> None:
    """Draw a row of panels for each measure, a column for each network, as wide as it has layers."""
    shown = [one.weighted for one in entrants]
    longest = max(len(layers) for layers in shown)
    widths = [max(len(layers), 0.35 * longest, 6) for layers in shown]
    _size(figure, 1.2 + min(max(0.11 * sum(widths), 3.2 * len(shown)), 16), 1.9 * len(COUNTS) + 0.5)
    panels = figure.subplots(
        len(COUNTS), len(shown), sharey="row", squeeze=False, gridspec_kw={"width_ratios": widths}
    )
    for row, measure in zip(panels, COUNTS, strict=True):
        for at, (axes, layers) in enumerate(zip(row, shown, strict=True)):
            _bars(axes, layers, measure, colors[at])
            total = getattr(entrants[at].costs, measure)
            name = f"{entrants[at].name}\n" if measure == COUNTS[0] else ""
            axes.set_title(f"{name}{total:,}", fontsize=9, loc="left")
        row[0].set_ylabel(capital(label(measure)))
        figure.align_ylabels()


def _bars(axes: Axes, layers: Sequence[LayerRow], measure: str, color: str) -> None:
    places, ticks = bar_places([layer.name.partition(".")[0] for layer in layers])
    counts = [getattr(layer, measure) for layer in layers]
    hatches = ["////" if layer.op in LINEAR else "" for layer in layers]
    axes.bar(places, counts, width=0.88, color=color, hatch=hatches, edgecolor="white", linewidth=0)
    axes.set_xticks([*ticks.values()], [*ticks], rotation=90, fontsize=7.5)
    axes.margins(x=0.01)
    _engineer(axes)


def _totals(figure: Figure, entrants: Sequence[ComparedNetwork], colors: Sequence[str]) -> None:
    """Draw a small chart for each total, all networks in one order."""
    shown = measures(entrants)
    rows = (len(shown) + 3) // 4
    _size(figure, 7.2, 0.2 + rows * (0.55 + 0.21 * len(entrants)))
    panels = figure.subplots(rows, 4, squeeze=False)
    for axes in panels.flat[len(shown) :]:
        axes.remove()
    for axes, measure in zip(panels.flat, shown, strict=False):
        _total(axes, entrants, colors, measure)
    for row in panels:
        for axes in row[1:]:
            axes.set_yticklabels([])


def _total(axes: Axes, entrants: Sequence[ComparedNetwork], colors: Sequence[str], measure: Measure) -> None:
    numbers = [measure.number(one) for one in entrants]
    places = range(len(entrants))
    axes.barh(places, [number or 0 for number in numbers], height=0.62, color=colors)
    for place, number in zip(places, numbers, strict=True):
        shown = NONE if number is None else _short(number, measure)
        axes.annotate(
            shown, (number or 0, place), (3, 0), textcoords="offset points", va="center", fontsize=7.5
        )
    axes.set_title(measure.title, fontsize=9, loc="left")
    axes.set_yticks(places, [one.name for one in entrants])
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


def _memory(figure: Figure, entrants: Sequence[ComparedNetwork], colors: Sequence[str]) -> None:
    """Draw the bytes of maps while each operator runs, in both modes, with the peak of mode graph."""
    from matplotlib.ticker import EngFormatter

    _size(figure, 1 + min(max(3.2 * len(entrants), 4), 16), 2.7)
    panels = figure.subplots(1, len(entrants), sharey=True, squeeze=False)
    for axes, one, color in zip(panels.flat, entrants, colors, strict=True):
        graph, eager = ([moment.bytes for moment in one.curve(mode)] for mode in ("graph", "eager"))
        axes.fill_between(range(len(graph)), graph, step="mid", color=color, alpha=0.25, linewidth=0)
        axes.step(range(len(graph)), graph, where="mid", color=color, linewidth=1.2, label="graph")
        axes.step(
            range(len(eager)), eager, where="mid", color=INK, linewidth=0.7, linestyle=":", label="eager"
        )
        at = graph.index(max(graph))
        place = one.curve("graph")[at].place
        axes.plot(at, graph[at], "o", color=color, markersize=4)
        axes.set_title(f"{one.name}\n{size(graph[at])} at {place}", fontsize=9, loc="left")
        axes.set_xlabel("operator")
        _engineer(axes)
        axes.yaxis.set_major_formatter(EngFormatter(unit="B"))
    panels[0, 0].set_ylabel("Maps alive")
    panels[0, -1].legend(frameon=False, fontsize=8)


def _field(figure: Figure, entrants: Sequence[ComparedNetwork], colors: Sequence[str]) -> None:
    """Draw the largest receptive field at each depth, a line a network."""
    from matplotlib.ticker import ScalarFormatter

    _size(figure, 6.4, 3.6)
    axes = figure.subplots()
    for index, (one, color) in enumerate(zip(entrants, colors, strict=True)):
        sights = field_growth(one.network) if one.network else []
        if sights:
            x, y = [sight.depth for sight in sights], [max(sight.field) for sight in sights]
            dash = DASHES[index // len(COLORS) % len(DASHES)]
            axes.step(x, y, where="post", color=color, linewidth=1.4, linestyle=dash, label=one.name)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.set_xlabel("Convolutions and linear layers in a row")
    axes.set_ylabel("Receptive field")
    plain(axes)
    if axes.lines:
        axes.legend(frameon=False, fontsize=8, loc="lower right")


def _engineer(axes: Axes) -> None:
    from matplotlib.ticker import EngFormatter

    axes.yaxis.set_major_formatter(EngFormatter(sep=""))
    plain(axes, grid="y")


def _size(figure: Figure, width: float, height: float) -> None:
    figure.set_size_inches(width, height)


KINDS: dict[str, Callable[[Figure, Sequence[ComparedNetwork], Sequence[str]], None]] = {
    "layers": _layers,
    "totals": _totals,
    "memory": _memory,
    "field": _field,
}
"""What a figure may show."""
