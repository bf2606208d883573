"""What a figure shows: its axes, series and annotations, said once for the page and for the paper.

A description has no colours but their roles and no format but the kind of numbers; `plotly_spec.spec` renders
it for plotly.js, `paper.write_figure` with matplotlib.

>>> points = Series(kind="points", name="networks", x=[1e6, 4e6], y=[0.81, 0.9], color="front")
>>> cost = Axis(label="MACs", scale="log", ticks="short")
>>> figure = Figure(x=cost, y=Axis(label="accuracy", ticks="share"), series=[points])
>>> from archscape.analysis.reports.figures.plotly_spec import spec
>>> spec(figure)["data"][0]["x"]
[1000000, 4000000]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from archscape.analysis.statistics.frontier import Floats

Kind = Literal["points", "line", "bars", "band"]
Shape = Literal["linear", "hv", "hvh"]
"""How points are joined: straight, by steps that hold until the next point, by steps around the points."""
Ticks = Literal["plain", "short", "bytes", "share", "whole"]
"""How the numbers of an axis are written: 0.5, 4.1M, 4.1MB, 50%, whole numbers alone."""
Side = Literal["top", "left", "right"]
Numbers: TypeAlias = Sequence[float] | Floats

FAMILY_COLORS = tuple(f"family-{number}" for number in range(1, 9))
DASHES = ("solid", "dash", "dot", "dashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "x", "star")


@dataclass(frozen=True, kw_only=True)
class Axis:
    """An axis.

    Attributes:
        label: What it measures, plain text.
        range: Its ends, which may be turned round; None for those of the data.
        extent: The least and the largest value, from which a page whose reader chooses the scale derives both
            ranges.
        names: Names at 0, 1, 2 ... in place of numbers, the first on top.
        places: Where the names stand instead, in the order of the axis.
        from_zero: Whether it begins at 0.
    """

    label: str = ""
    scale: Literal["linear", "log"] = "linear"
    ticks: Ticks = "plain"
    range: tuple[float, float] | None = None
    extent: tuple[float, float] | None = None
    names: Sequence[str] = ()
    places: Numbers = ()
    from_zero: bool = False


@dataclass(frozen=True, kw_only=True)
class Series:
    """Points, a line, bars or a band.

    Attributes:
        y: Values; of a band its upper edge.
        name: In the legend; "" for none there.
        color: A role: a colour of the page's style without its dashes, a key of `paper.PALETTE`.
        low: Lower edge of a band.
        shape: How points of a line or a band are joined.
        dash: One of `DASHES`.
        width: Of a line, or of the rim of an open mark.
        widths: Of bars; by default all but the gap between two.
        fill: Of a line, the colour of the area below it; "" for none.
        symbol: The mark of points, one of `SYMBOLS` or with `-open`; on a line "" for none.
        size: Diameter of marks in pixels.
        y_error: Half lengths of upright error bars.
        x_error: Lengths of level error bars to the left and to the right.
        labels: A text beside each mark, plain.
        sides: Where each of these texts stands.
        hover: What hovering over each point shows on a page, as plotly.js reads it; none where it is silent.
        text: A word for each point, which `hover_template` may name.
        hover_template: One pattern for all points in place of `hover`.
        ids: The row that each point is of; such points are the same in every view of a page.
        group: Series that the legend shows and hides together.
    """

    kind: Kind
    x: Numbers
    y: Numbers
    name: str = ""
    color: str = "front"
    low: Numbers = ()
    shape: Shape = "linear"
    dash: str = "solid"
    width: float = 1.5
    widths: Numbers = ()
    hatched: Sequence[bool] = ()
    fill: str = ""
    symbol: str = ""
    size: float = 7
    opacity: float = 1.0
    y_error: Numbers = ()
    x_error: tuple[Numbers, Numbers] | None = None
    labels: Sequence[str] = ()
    sides: Sequence[Side] = ()
    hover: Sequence[str] = ()
    text: Sequence[str] = ()
    hover_template: str = ""
    ids: Sequence[int] = ()
    group: str = ""


@dataclass(frozen=True, kw_only=True)
class Upright:
    """A dashed upright line with a name above the figure; "" for none.

    Of names that would touch one alone is written. The line lies below the data unless it is `over` them.
    """

    x: float
    name: str
    over: bool = False


@dataclass(frozen=True, kw_only=True)
class Level:
    """A dashed level line with a name at its end."""

    y: float
    name: str


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """A text `shift` pixels to the right of a point and above it, with a line to the point or without."""

    x: float
    y: float
    text: str
    shift: tuple[float, float] = (0, 0)
    has_line: bool = True


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A part of the strip under a figure, which says what holds from where to where.

    Attributes:
        color: A role.
        is_named: Whether there is room for the name.
    """

    low: float
    high: float
    name: str
    color: str
    is_named: bool = True
    hover: str = ""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure.

    Attributes:
        series: What is drawn, the lowest first.
        title: Above it on paper.
        strip: Segments under the figure; None where it has no strip.
        note: What is said under the figure on a page.
        legend: Whether the series are named.
        hover: What hovering finds: the closest point, or that at the same place of the level axis.
    """

    x: Axis
    y: Axis
    series: Sequence[Series]
    title: str = ""
    uprights: Sequence[Upright] = ()
    levels: Sequence[Level] = ()
    annotations: Sequence[Annotation] = ()
    strip: Sequence[Segment] | None = None
    note: str = ""
    legend: bool = True
    hover: Literal["closest", "x"] = "closest"
