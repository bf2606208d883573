"""The loss around trained networks and what training did, as a section of a report."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from html import escape
from io import BytesIO

import numpy as np

from archscape.analysis.landscape.file import Explored, Landscape
from archscape.analysis.landscape.first_layer import RULE, Change, Filters, contact_sheet
from archscape.analysis.landscape.surface import DEFINITIONS, Floats, Numbers, numbers

from ..format import NONE, capital
from ..page import place
from ..page.specs import Spec, axis, layout_of, plain
from ..page.tables import Html, html_table
from .figure import scale, ticks

HOW = (
    "Each filter of the two random directions is as long as the filter that it moves (Li et al. 2018): 1 on "
    "an axis moves every filter by its own length. Batch norm keeps its trained statistics; biases and norms "
    "stay. The plus is the trained network. In a figure the arrow keys lead over the grid."
)
MOVED = (
    "w0 are the weights as they started, which the trial's seed repeats, w the trained ones; lengths are "
    "Euclidean, biases and norms left out."
)


def landscape_figures(landscapes: Sequence[Landscape]) -> dict[str, Spec]:
    """Return the surfaces as figures by the name of their places; those of one trial share their colours."""
    return {
        _name(found, kind): surface_figure(one, scale(list(_explored(found).values())))
        for found in landscapes
        for kind, one in _explored(found).items()
    }


def landscape_section(landscapes: Sequence[Landscape]) -> Html:
    """Return the section, with its heading; nothing where nothing was explored."""
    if not landscapes:
        return ""
    trials = "".join(map(_trial, landscapes))
    return (
        '<section id="landscapes"><h2>The loss around trained networks</h2>'
        f'<p class="note lead">{escape(HOW)}</p>{trials}</section>'
    )


def surface_figure(one: Explored, ends: tuple[float, float]) -> Spec:
    """Return a surface as filled levels over its grid, each point of which tells its loss and accuracy."""
    low, high = ends
    surface = one.surface
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log10(np.clip(surface.losses, low, None))
    marks = ticks(low, high)
    levels: Spec = {
        "type": "contour",
        "x": surface.places,
        "y": surface.places,
        "z": [plain(row) for row in logs],
        "zmin": math.log10(low),
        "zmax": math.log10(high),
        "colorscale": "Cividis",
        "contours": {"coloring": "heatmap", "start": math.log10(low), "end": math.log10(high), "size": 0.25},
        "line": {"width": 0.6, "color": "rgba(255,255,255,0.45)"},
        "hoverinfo": "skip",
        "colorbar": {
            "title": {"text": "loss", "side": "top"},
            "tickvals": [math.log10(mark) for mark in marks],
            "ticktext": [f"{mark:g}" for mark in marks],
            "thickness": 12,
            "outlinewidth": 0,
            "xpad": 6,
        },
    }
    return {"data": [levels, _points(one), _middle()], "layout": _layout(surface.span)}


def _points(one: Explored) -> Spec:
    """Return the points of the grid: crosses where the loss is not finite, unseen elsewhere."""
    surface = one.surface
    places = surface.places
    finite = np.isfinite(surface.losses)
    return {
        "type": "scatter",
        "mode": "markers",
        "x": places * len(places),
        "y": [y for y in places for _ in places],
        "marker": {
            "symbol": ["circle" if known else "x-thin-open" for known in finite.ravel().tolist()],
            "opacity": [0 if known else 1 for known in finite.ravel().tolist()],
            "size": 6,
            "color": "--ink",
        },
        "hoverinfo": "text",
        "hovertext": [
            _told(float(surface.losses[i, j]), float(surface.accuracies[i, j]), x, y)
            for i, y in enumerate(places)
            for j, x in enumerate(places)
        ],
    }


def _told(loss: float, accuracy: float, x: float, y: float) -> str:
    words = f"loss {loss:.4g}" if math.isfinite(loss) else "the loss is not finite"
    return f"<b>{words}</b><br>accuracy {accuracy:.1%}<br>at {x:.3g}, {y:.3g}"


def _middle() -> Spec:
    marker = {"symbol": "cross-thin", "size": 11, "line": {"width": 2, "color": "#ffffff"}}
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [0],
        "y": [0],
        "marker": marker,
        "hoverinfo": "skip",
    }


def _layout(span: float) -> Spec:
    alike: Spec = {
        "range": [-span, span],
        "constrain": "domain",
        "constraintoward": "top",
        "showgrid": False,
        "tickformat": "~g",
    }
    return layout_of("", "") | {
        "showlegend": False,
        "dragmode": False,
        "xaxis": axis("first direction", **alike | {"constraintoward": "left"}),
        "yaxis": axis("second direction", scaleanchor="x", **alike),
    }


def _trial(found: Landscape) -> Html:
    explored = _explored(found)
    panels = "".join(_panel(found, kind, one) for kind, one in explored.items())
    _, high = scale(list(explored.values()))
    above = any((one.surface.losses > high).any() for one in explored.values())
    shared = f" Losses above {high:.3g} share the last colour." if above else ""
    lead = f"Loss on {found.part} of {found.data}; directions of seed {found.seed}.{shared}"
    return (
        f"<h3>Trial {found.trial}</h3>"
        f'<p class="note lead">{escape(lead)}</p>'
        f'<div class="surfaces">{panels}</div>'
        f"{_numbers({kind: numbers(one.surface) for kind, one in explored.items()})}"
        f"{_filters(found.filters)}{_changes(found.changes)}"
    )


def _explored(found: Landscape) -> dict[str, Explored]:
    """Return the networks that were explored, by what they are."""
    return {"trained": found.trained, **({"without skips": found.plain} if found.plain else {})}


def _name(found: Landscape, kind: str) -> str:
    return f"landscape-{found.trial}" + ("" if kind == "trained" else "-plain")


def _panel(found: Landscape, kind: str, one: Explored) -> Html:
    about = f"The loss around {one.network}: levels over two random directions"
    words = f"{one.params:,} parameters, validation accuracy {one.val_accuracy:.2%}"
    return (
        f"<figure>{place(_name(found, kind), about)}"
        f"<figcaption><b>{escape(one.network)}</b> {escape(words)}</figcaption></figure>"
    )


def _numbers(columns: Mapping[str, Numbers]) -> Html:
    heads = "".join(f'<th scope="col" class="number">{escape(kind)}</th>' for kind in columns)
    rows = "".join(
        f'<tr><th scope="row">{escape(name.replace("_", " "))}</th>'
        + "".join(f'<td class="number">{escape(_text(name, found))}</td>' for found in columns.values())
        + f'<td class="defined">{escape(words)}</td></tr>'
        for name, words in DEFINITIONS.items()
    )
    return html_table(f'<th scope="col">surface</th>{heads}<th scope="col">what it is</th>', rows)


def _text(name: str, found: Numbers) -> str:
    """Return one number of a surface to read."""
    value = getattr(found, name)
    if isinstance(value, tuple):
        return ", ".join(f"{each:.3g}" for each in value)
    if isinstance(value, int):
        return f"{value:,}"
    if math.isnan(value):
        return NONE
    return f"{value:.1%}" if name in ("accuracy", "half_right", "within_twice", "bends") else f"{value:.4g}"


def _filters(found: Filters | None) -> Html:
    if found is None:
        return ""
    images = "".join(
        f'<figure><img src="{_png(sheet)}" alt="{len(sheet)} filters of {escape(found.layer)}, {when}">'
        f"<figcaption>{escape(capital(when))}</figcaption></figure>"
        for when, sheet in (("as they started", found.before), ("trained", found.after))
    )
    words = f"The filters of {found.layer}, the first convolution; {RULE}."
    return f'<div class="filters">{images}</div><p class="note">{escape(words)}</p>'


def _png(filters: Floats) -> str:
    """Return filters as the address of a PNG that the page holds."""
    from matplotlib.image import imsave

    buffer = BytesIO()
    imsave(buffer, contact_sheet(filters), format="png")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _changes(changes: Sequence[Change]) -> Html:
    if not changes:
        return ""
    largest = max((change.relative for change in changes if math.isfinite(change.relative)), default=1.0)
    rows = "".join(
        f'<tr><th scope="row">{escape(change.layer)}</th><td>{"x".join(map(str, change.shape))}</td>'
        f'<td class="number">{change.before:.4g}</td><td class="number">{change.after:.4g}</td>'
        f'<td class="number share" style="--part: {_part(change.relative, largest):.1%}">'
        f"{_relative(change)}</td></tr>"
        for change in changes
    )
    heads = '<th scope="col">layer</th><th scope="col">weights</th>' + "".join(
        f'<th scope="col" class="number">{words}</th>' for words in ("|w0|", "|w|", "|w - w0| / |w0|")
    )
    return (
        "<details><summary><b>How far training moved each layer</b></summary>"
        f'{html_table(heads, rows)}<p class="note">{escape(MOVED)}</p></details>'
    )


def _relative(change: Change) -> str:
    return f"{change.relative:.4g}" if math.isfinite(change.relative) else NONE


def _part(relative: float, largest: float) -> float:
    return relative / largest if largest and math.isfinite(relative) else 0.0
