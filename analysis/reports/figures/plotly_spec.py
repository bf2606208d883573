"""Figures of a page: descriptions as specifications of plotly.js, which `json.dumps` takes.

Colours become names of CSS variables, which the page's script resolves, so that one figure serves light, dark
and print. Names and labels are escaped here, since plotly.js reads them as a subset of HTML; who writes what
hovering shows escapes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite, log10, sqrt

from ..format import escaped, shortened
from ..page.specs import LEGEND, MARGIN, Spec, axis, layout_of, plain
from .description import Annotation, Axis, Figure, Level, Segment, Series, Upright

STRIP = 0.09
"""Height of the strip under a figure, as a share of it."""
PAD = 0.05
"""Air beside the points, as a share of the axis."""
ALONE = 0.1
"""What an axis shows above and below a single value, as a share of it."""
ABOVE_NAMES = 1.09
"""Where a legend stands that lies above the names of upright lines."""
NAME = 40
"""Letters of a name in a legend, or beside a point; of a longer one the middle is cut."""
TICK = 28
"""Letters of a name along an axis."""
SIDES = {"top": "top center", "left": "middle left", "right": "middle right"}
GAP = 0.12
"""Between bars whose widths are not given, as a share of their distance."""
TICKS = {"plain": "~g", "short": "~s", "bytes": "~s", "share": ".1~%", "whole": "d"}


def _named(text: str, most: int = NAME) -> str:
    """Return a name for a label of a figure, which has no room for a long one."""
    return escaped(shortened(text, most))


def _tick(name: str) -> str:
    return "<br>× ".join(_named(part, TICK) for part in name.split(" × "))


def spec(figure: Figure, *, margin: Mapping[str, int] | None = None) -> Spec:
    """Return a figure; `margin` has the pixels beside it (`l`, `r`, `t`, `b`) where they are not as usual."""
    layout = _layout(figure) | {"margin": MARGIN | dict(margin or {})}
    if figure.x.scale == "log":
        # plotly.js takes a text's place on such an axis in decades; a page of `views` turns them itself.
        layout["annotations"] = [*map(_in_decades, _annotations(figure))]
    return {"data": _traces(figure), "layout": layout}


def _in_decades(text: Spec) -> Spec:
    x = text["x"]
    return text | {"x": log10(x)} if isinstance(x, int | float) and x > 0 else text


def views(figures: Mapping[str, Figure]) -> Spec:
    """Return one figure over several costs, of which the reader chooses one.

    All have the same series. `views` holds for each cost what to lay over `data`, trace by trace, and over
    `layout`, and a `note`.
    """
    first = next(iter(figures.values()))
    layout = _layout(first)
    for name in ("shapes", "annotations"):
        layout.pop(name, None)
    data = [
        trace if "customdata" in trace else {key: part for key, part in trace.items() if key not in VARYING}
        for trace in _traces(first)
    ]
    for trace in data:
        trace.pop("x", None)
    return {
        "data": data,
        "layout": layout,
        "views": {name: _view(figure) for name, figure in figures.items()},
    }


UPRIGHT = "upright"
"""What the page knows the name of an upright line by."""
VARYING = ("x", "y", "hovertext", "visible")
"""What one view has of a trace that is not of the same rows in all of them."""


def _view(figure: Figure) -> Spec:
    low, high = figure.x.extent or (1.0, 10.0)
    decades = (log10(low), log10(high)) if low > 0 else None
    pad = PAD * max(decades[1] - decades[0], log10(2)) if decades else 0.0
    traces = [
        {key: trace[key] for key in (("x",) if "customdata" in trace else VARYING) if key in trace}
        for trace in _traces(figure)
    ]
    return {
        "data": traces,
        "title": escaped(figure.x.label),
        "log": [decades[0] - pad, decades[1] + pad] if decades else None,
        "linear": [min(0.0, low), high + PAD * (high - low or 1.0)],
        "tickformat": TICKS[figure.x.ticks],
        "shapes": _shapes(figure),
        "annotations": _annotations(figure),
        "note": figure.note,
    }


def _layout(figure: Figure) -> Spec:
    layout = layout_of() | {"hovermode": figure.hover}
    layout["xaxis"] = _axis(figure.x)
    layout["yaxis"] = {**_axis(figure.y), **_around(figure)}
    if not figure.legend:
        layout["showlegend"] = False
    elif any(upright.name for upright in figure.uprights):
        layout["legend"] = LEGEND | {"y": ABOVE_NAMES}
    if len(figure.x.places):
        layout["yaxis"] = {**_axis(figure.y), "fixedrange": True}
    if any(series.kind == "bars" for series in figure.series):
        layout["bargap"] = 0 if any(len(series.widths) for series in figure.series) else GAP
    if figure.strip is not None:
        layout["yaxis"] = {**_axis(figure.y), **_around(figure), "domain": [STRIP + 0.03, 1]}
        layout["yaxis2"] = axis("", domain=[0, STRIP], range=[0, 1], visible=False, fixedrange=True)
        layout["xaxis"] = {**_axis(figure.x), "anchor": "y2"}
    return layout | {"shapes": _shapes(figure), "annotations": _annotations(figure)}


def _around(figure: Figure) -> Spec:
    """Return the range of an upright axis all of whose values are the same; plotly.js would go 1 up and down.

    So one trial with an accuracy of 93% does not stand on an axis from -7% to 193%.
    """
    values = {float(value) for series in figure.series for value in series.y if isfinite(value)}
    if len(values) != 1 or figure.y.range is not None or figure.y.names or figure.y.scale == "log":
        return {}
    (value,) = values
    reach = ALONE * abs(value) or ALONE
    return {"range": [value - reach, value + reach]}


def _axis(described: Axis) -> Spec:
    shown = axis(described.label, tickformat=TICKS[described.ticks])
    if described.scale == "log":
        shown |= {"type": "log", "dtick": "D2"}
    if described.range is not None:
        shown["range"] = [log10(end) if described.scale == "log" else end for end in described.range]
    if described.ticks == "whole" and (described.extent or (0, 0))[1] <= 10:
        shown["dtick"] = 1  # plotly.js would halve whole numbers on a short axis
    if described.from_zero:
        shown["rangemode"] = "tozero"
    if described.ticks == "bytes":
        shown["ticksuffix"] = "B"
    if len(described.places):
        shown |= {
            "tickvals": [*described.places],
            "ticktext": [_named(name, TICK) for name in described.names],
        }
        shown |= {"tickfont": {"size": 11}, "autotickangles": [0, -90], "ticklabeloverflow": "allow"}
        shown |= {"automargin": False, "showgrid": False}
    elif described.names:
        texts = [*map(_tick, described.names)]
        shown |= {"tickvals": [*range(len(texts))], "ticktext": texts, "autorange": "reversed"}
        shown["tickfont"] = {"size": 11}
    return shown


def _traces(figure: Figure) -> list[Spec]:
    traces = [_trace(series) for series in figure.series]
    return traces if figure.strip is None else [*traces, _strip_points(figure)]


def _trace(series: Series) -> Spec:
    color = f"--{series.color}"
    x, y = [*series.x], [*series.y]
    if series.kind == "band":
        x, y = [*x, *x[::-1]], [*y, *[*series.low][::-1]]
    trace: Spec = {
        "type": "bar" if series.kind == "bars" else "scatter",
        "name": _named(series.name or series.group),
        "x": plain(x),
        "y": plain(y),
        "opacity": series.opacity,
    }
    if not x:
        trace["visible"] = False
    if not series.name:
        trace["showlegend"] = False
    if series.group:
        trace["legendgroup"] = series.group
    if series.kind == "bars":
        trace |= {"marker": {"color": color}, "textposition": "none"}
        trace |= {"width": plain(series.widths)} if len(series.widths) else {}
        trace["marker"] = {"color": color, **({"pattern": _hatch(series)} if series.hatched else {})}
    else:
        trace["mode"] = _mode(series)
    if series.kind in ("line", "band"):
        width = 0 if series.kind == "band" else series.width
        trace["line"] = {"color": color, "width": width, "dash": series.dash, "shape": series.shape}
    if series.kind == "band":
        trace["fill"] = "toself"
    if series.fill:
        trace |= {"fill": "tozeroy", "fillcolor": f"--{series.fill}"}
    if "markers" in str(trace.get("mode")):
        marker: Spec = {"color": color, "size": series.size, "symbol": series.symbol or "circle"}
        rim: Spec = {"line": {"width": series.width}} if series.symbol.endswith("-open") else {}
        trace["marker"] = marker | rim
    if len(series.y_error):
        trace["error_y"] = _bars(color, array=plain(series.y_error))
    if series.x_error is not None:
        left, right = series.x_error
        trace["error_x"] = _bars("--rest", symmetric=False, array=plain(right), arrayminus=plain(left))
    if series.labels:
        trace |= {"text": [*map(_named, series.labels)], "cliponaxis": False}
        trace["textposition"] = [SIDES[side] for side in series.sides] or "top center"
    return trace | _hover(series)


def _hatch(series: Series) -> Spec:
    shapes = ["/" if is_hatched else "" for is_hatched in series.hatched]
    return {"shape": shapes, "fillmode": "overlay", "fgcolor": "--paper", "solidity": 0.25, "size": 6}


def _mode(series: Series) -> str:
    if series.kind == "points":
        return "markers+text" if series.labels else "markers"
    is_dot = len({*series.x} & {*filter(isfinite, series.x)}) == 1  # a line of one point is not drawn
    return "lines+markers" if series.symbol or is_dot else "lines"


def _hover(series: Series) -> Spec:
    about: Spec = {"customdata": [*series.ids]} if len(series.ids) else {}
    if series.hover_template:
        return about | {"text": [*series.text], "hovertemplate": series.hover_template}
    if series.hover:
        return about | {"hoverinfo": "text", "hovertext": [*series.hover]}
    return about | {"hoverinfo": "skip"}


def _bars(color: str, **lengths: object) -> Spec:
    return {"type": "data", "color": color, "thickness": 1, "width": 2, **lengths}


def _strip_points(figure: Figure) -> Spec:
    """Return the points, not seen, that say on hovering what the segments are."""
    strip = figure.strip or ()
    return {
        "type": "scatter", "mode": "markers", "name": "who leads", "yaxis": "y2", "showlegend": False,
        "x": plain([_middle(segment, figure.x) for segment in strip]), "y": [0.5] * len(strip),
        "marker": {"size": 14, "opacity": 0, "color": "--ink"},
        "hoverinfo": "text", "hovertext": [segment.hover for segment in strip],
    }  # fmt: skip


def _shapes(figure: Figure) -> list[Spec]:
    lines = [*map(_line, figure.uprights), *map(_level, figure.levels)]
    return lines + [_rectangle(segment) for segment in figure.strip or ()]


def _line(upright: Upright) -> Spec:
    line = {"color": "--reference", "width": 1.2, "dash": "dash"}
    ends = {"x0": upright.x, "x1": upright.x, "y0": 0, "y1": 1, "yref": "paper"}
    return {"type": "line", **ends, "line": line, "layer": "above" if upright.over else "below"}


def _level(level: Level) -> Spec:
    name = {"text": escaped(level.name), "textposition": "end", "font": {"size": 11, "color": "--muted"}}
    line = {"color": "--muted", "width": 1, "dash": "dash"}
    ends = {"x0": 0, "x1": 1, "xref": "paper", "y0": level.y, "y1": level.y}
    return {"type": "line", **ends, "line": line, "label": name}


def _rectangle(segment: Segment) -> Spec:
    return {
        "type": "rect", "x0": segment.low, "x1": segment.high, "y0": 0, "y1": 1, "yref": "y2",
        "fillcolor": f"--{segment.color}", "opacity": 0.55, "line": {"width": 1, "color": "--paper"},
        "layer": "below",
    }  # fmt: skip


def _annotations(figure: Figure) -> list[Spec]:
    """Return the texts, with their x as it is in the data."""
    names = [_name(segment, figure.x) for segment in figure.strip or () if segment.is_named]
    texts = [_annotation(text, is_log=figure.y.scale == "log") for text in figure.annotations]
    return [*(_upright_name(upright) for upright in figure.uprights if upright.name), *texts, *names]


def _upright_name(upright: Upright) -> Spec:
    """Return the name above the figure; the page leaves out those that would touch there."""
    return {
        "name": UPRIGHT, "text": _named(upright.name), "showarrow": False, "x": upright.x, "y": 1,
        "yref": "paper", "xanchor": "center", "yanchor": "bottom", "font": {"color": "--muted", "size": 12},
    }  # fmt: skip


def _annotation(annotation: Annotation, *, is_log: bool) -> Spec:
    right, up = annotation.shift
    y = log10(annotation.y) if is_log else annotation.y
    if not annotation.has_line:
        return {
            "text": _named(annotation.text), "x": annotation.x, "y": y, "showarrow": False,
            "xanchor": "left" if right > 0 else "right", "xshift": right, "yshift": up,
            "font": {"size": 12}, "bgcolor": "--paper", "borderpad": 0,
        }  # fmt: skip
    return {
        "text": _named(annotation.text), "x": annotation.x, "y": y, "showarrow": True,
        "arrowhead": 0, "arrowcolor": "--reference", "ax": right, "ay": -up,
        "font": {"color": "--ink", "size": 13},
    }  # fmt: skip


def _name(segment: Segment, x: Axis) -> Spec:
    return {
        "text": _named(segment.name), "showarrow": False, "x": _middle(segment, x), "y": 0.5, "yref": "y2",
        "font": {"color": "--ink", "size": 11},
    }  # fmt: skip


def _middle(segment: Segment, x: Axis) -> float:
    if x.scale == "log":
        return sqrt(segment.low) * sqrt(segment.high)
    return (segment.low + segment.high) / 2
