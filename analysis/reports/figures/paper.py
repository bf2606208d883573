"""Figures of a paper: descriptions as PNG, SVG or PDF, drawn by matplotlib in one style."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from math import ceil, floor, log10
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from archscape.spaces.atomic import write_whole

from .description import Axis, Figure, Series, Shape, Side, Upright

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

INK, REST, FRONT, REFERENCE, GRID = "#1b2027", "#98a1ab", "#0072b2", "#d55e00", "#e9ecef"
COLORS = (FRONT, REFERENCE, "#009e73", "#cc79a7", "#e69f00", "#56b4e9", INK)
"""Colours that the colour-blind tell apart too (Okabe and Ito 2008), and ink."""
PALETTE = {
    "ink": INK,
    "muted": "#5c6672",
    "rest": REST,
    "front": FRONT,
    "reference": REFERENCE,
    "grid": GRID,
    "pruned": "#e69f00",
    "failed": "#cc79a7",
    "running": "#009e73",
    "paper": "#ffffff",
    **{f"age-{at}": color for at, color in enumerate(("#9db8d0", "#6497c4", "#2a6ca8", "#08306b"), start=1)},
    **{f"family-{number}": color for number, color in enumerate((*COLORS, "#882255"), start=1)},
}
"""Colours by their role; the eighth family is Tol's wine."""
MARKERS = {
    "circle": "o",
    "square": "s",
    "diamond": "D",
    "triangle-up": "^",
    "triangle-down": "v",
    "cross": "P",
    "x": "X",
    "star": "*",
}
LINES = {"solid": "-", "dash": "--", "dot": ":", "dashdot": "-."}
STEPS: dict[Shape, Literal["post", "mid"] | None] = {"linear": None, "hv": "post", "hvh": "mid"}
SIDES: dict[Side, tuple[tuple[float, float], str, str]] = {
    "top": ((0, 7), "center", "baseline"),
    "left": ((-7, 0), "right", "center"),
    "right": ((7, 0), "left", "center"),
}
"""How far a label is from its point, and what of it stands there."""
LETTER = 0.0115
"""Width of a letter above the axes, as a share of theirs."""
WIDEST = 100
"""Decades of an axis beyond which a margin of some of them may end at no finite number."""
POINTS = 0.58
"""Points of a paper to a pixel of a page."""


def write_figure(
    figures: Figure | Sequence[Sequence[Figure]],
    path: Path,
    *,
    size: tuple[float, float] = (8, 4.6),
    title: str = "",
) -> Path:
    """Draw a figure, or several as rows of panels. The same figures give the same bytes of an SVG.

    Args:
        figures: What is drawn; a row with one panel takes the whole width.
        path: The file to write; its suffix (`.png`, `.svg`, `.pdf`) says what it becomes.
        size: Width and height in inches.
        title: Above all.
    """
    rows = [[figures]] if isinstance(figures, Figure) else figures

    def draw(canvas: Canvas) -> None:
        columns = int(np.lcm.reduce([len(row) for row in rows]))
        grid = canvas.add_gridspec(len(rows), columns)
        for top, row in enumerate(rows):
            wide = columns // len(row)
            for left, figure in enumerate(row):
                draw_figure(canvas.add_subplot(grid[top, left * wide : (left + 1) * wide]), figure)
        if title:
            canvas.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")

    return write(draw, path, size=size)


def draw_figure(axes: Axes, figure: Figure) -> None:
    """Draw a figure on empty axes."""
    for at, series in enumerate(figure.series):
        _draw(axes, series, at)
    for upright in figure.uprights:
        axes.axvline(
            upright.x,
            color=REFERENCE,
            linewidth=1,
            linestyle=(0, (4, 3)),
            zorder=2.9 if upright.over else 1.9,
        )
    for level in figure.levels:
        axes.axhline(level.y, color=PALETTE["muted"], linewidth=0.7, linestyle=(0, (4, 3)), zorder=1)
        axes.annotate(
            literal(level.name), (1.0, level.y), (0, 2), xycoords=axes.get_yaxis_transform(),
            textcoords="offset points", ha="right", fontsize=8, color=PALETTE["muted"],
        )  # fmt: skip
    for text in figure.annotations:
        right, up = (POINTS * shift for shift in text.shift)
        side, height = "left" if right > 0 else "right", "baseline" if text.has_line or up else "center"
        box = None if text.has_line else {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
        axes.annotate(
            literal(text.text), (text.x, text.y), (right, up), textcoords="offset points", ha=side, va=height,
            bbox=box,
        )  # fmt: skip
    _scale(axes, figure.x, "x")
    _scale(axes, figure.y, "y")
    plain(axes, grid="y" if len(figure.x.places) else "both")
    _upright_names(axes, figure.uprights)
    if figure.title:
        axes.set_title(literal(figure.title), fontsize=9, loc="left")
    if figure.legend and axes.get_legend_handles_labels()[0]:
        columns = 2 if len(figure.series) > 6 else 1
        axes.legend(loc="lower right", frameon=False, fontsize=8.5, ncols=columns)


def _upright_names(axes: Axes, uprights: Sequence[Upright]) -> None:
    """Write the names of upright lines above the axes, without those that would touch the one before."""
    end = 0.0
    for upright in sorted(uprights, key=lambda upright: upright.x):
        place = axes.transAxes.inverted().transform(axes.transData.transform((upright.x, 0)))[0]
        half = LETTER * len(upright.name) / 2
        if upright.name and place - half >= end and place + half <= 1:
            end = place + half + LETTER
            axes.annotate(
                literal(upright.name), (upright.x, 1.0), (0, 3), xycoords=axes.get_xaxis_transform(),
                textcoords="offset points", ha="center", va="bottom", fontsize=8.5,
            )  # fmt: skip


def _draw(axes: Axes, series: Series, order: int) -> None:
    color, name = PALETTE[series.color], literal(series.name) if len(series.x) else None
    x, y = np.asarray(series.x, dtype=float), np.asarray(series.y, dtype=float)
    look: dict[str, Any] = {"color": color, "alpha": series.opacity, "label": name}
    look["zorder"] = 2 + 0.01 * order
    if series.kind == "points":
        _points(axes, series, look)
    elif series.kind == "bars":
        hatch = ["////" if is_hatched else "" for is_hatched in series.hatched] or None
        widths = np.asarray(series.widths) if len(series.widths) else 0.88
        axes.bar(x, y, widths, hatch=hatch, edgecolor="white", linewidth=0, **look)
    elif series.kind == "band":
        axes.fill_between(x, np.asarray(series.low), y, step=STEPS[series.shape], linewidth=0, **look)
    else:
        axes.plot(
            x, y, linestyle=LINES[series.dash], linewidth=0.7 * series.width,
            marker=MARKERS.get(series.symbol, ""), markersize=POINTS * series.size,
            drawstyle=f"steps-{STEPS[series.shape]}" if STEPS[series.shape] else "default", **look,
        )  # fmt: skip
    if series.fill:
        axes.fill_between(x, y, step=STEPS[series.shape], color=PALETTE[series.fill], linewidth=0, zorder=1)
    if len(series.y_error):
        axes.errorbar(x, y, yerr=np.asarray(series.y_error), fmt="none", ecolor=color, elinewidth=0.8)
    if series.x_error is not None:
        axes.errorbar(x, y, xerr=np.asarray(series.x_error), fmt="none", ecolor=REST, elinewidth=1.5)
    sides = series.sides or ["top"] * len(series.labels)
    for label, side, left, top in zip(series.labels, sides, x, y, strict=False):
        shift, align, height = SIDES[side]
        axes.annotate(literal(label), (left, top), shift, textcoords="offset points", ha=align, va=height)


def _points(axes: Axes, series: Series, look: dict[str, Any]) -> None:
    color = look.pop("color")
    symbol, is_open = series.symbol.removesuffix("-open"), series.symbol.endswith("-open")
    axes.scatter(
        series.x, series.y, s=(POINTS * series.size) ** 2, marker=MARKERS.get(symbol, "o"),
        facecolors="none" if is_open else color, edgecolors=color,
        linewidths=0.7 * series.width if is_open else 0, **look,
    )  # fmt: skip


def _scale(axes: Axes, described: Axis, which: Literal["x", "y"]) -> None:
    from matplotlib.ticker import EngFormatter, FixedLocator, MaxNLocator, NullFormatter, NullLocator

    axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = axis.get_data_interval()
    is_wide = described.scale == "log" and low > 0 and log10(high) - log10(low) > WIDEST
    if is_wide:
        (axes.set_xmargin if which == "x" else axes.set_ymargin)(0)
    if described.scale == "log":
        axes.set(**{f"{which}scale": "log"})
    if described.range is not None:
        axes.set(**{f"{which}lim": described.range if described.range[0] != described.range[1] else None})
    axes.set(**{f"{which}label": literal(described.label)})
    if len(described.places):
        axis.set_ticks([*described.places], [literal(name) for name in described.names])
        axes.tick_params(axis=which, labelrotation=90 if which == "x" else 0, labelsize=7.5)
    elif described.names:
        axis.set_ticks(range(len(described.names)), [literal(name) for name in described.names])
        axis.set_inverted(True)
    elif described.ticks == "share":
        axis.set_major_formatter(lambda share, _: f"{100 * share:g}%")
    elif described.ticks == "bytes":
        axis.set_major_formatter(EngFormatter(unit="B"))
    elif described.ticks == "short":
        axis.set_major_formatter(EngFormatter(sep=""))
        low, high = axis.get_view_interval()
        near = described.scale == "log" and low > 0 and high < 8 * low
        axis.set_minor_formatter(EngFormatter(sep="") if near else NullFormatter())
        axes.tick_params(axis=which, which="minor", labelsize=8)
    elif described.ticks == "whole":
        axis.set_major_locator(MaxNLocator(integer=True))
    else:
        axis.set_major_formatter(lambda tick, _: f"{tick:g}")
    if is_wide:
        ends = ceil(log10(low)), floor(log10(high))
        axis.set_major_locator(FixedLocator([float(f"1e{round(ten)}") for ten in np.linspace(*ends, 7)]))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(lambda tick, _: f"{tick:g}")


def write(
    draw: Callable[[Canvas], object],
    path: Path,
    *,
    size: tuple[float, float] | None = None,
    font: float = 9.5,
) -> Path:
    """Draw what a description cannot say, such as a surface. The same drawing gives the same bytes of an SVG.

    The suffix of the file (`.png`, `.svg`, `.pdf`) says what it becomes; `size` is in inches, where `draw`
    does not set it, the `font` in points.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure as Canvas

    with rc_context(
        {"svg.hashsalt": "archscape", "font.size": font, "axes.edgecolor": REST, "text.color": INK}
    ):
        canvas = Canvas(figsize=size, layout="constrained")
        draw(canvas)
        kind, file = path.suffix.lower().removeprefix("."), BytesIO()
        # A date in the file would change it with every run.
        canvas.savefig(file, format=kind, dpi=200, metadata={"Date": None} if kind == "svg" else None)
    write_whole(path, file.getvalue())
    return path


def literal(text: str) -> str:
    r"""Return a text from outside as matplotlib prints it, which would read two dollars as mathematics.

    >>> literal("$ per $x$")
    '\\$ per \\$x\\$'
    """
    return text.replace("$", r"\$")


def plain(axes: Axes, *, grid: Literal["both", "x", "y"] = "both") -> None:
    """Draw a light grid behind everything, and no frame on the right and above."""
    axes.grid(axis=grid, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
