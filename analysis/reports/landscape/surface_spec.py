"""A loss surface as a figure of a page: levels over its grid, each point of which shows its loss."""

from __future__ import annotations

import math

import numpy as np

from archscape.analysis.landscape.file import Explored

from ..page.specs import Spec, axis, layout_of, plain
from .scale import ticks


def surface_spec(explored: Explored, ends: tuple[float, float]) -> Spec:
    """Return a surface as filled levels over its grid, each point of which shows its loss and accuracy."""
    low, high = ends
    surface = explored.surface
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log10(np.clip(surface.losses, low, None))
    marks = ticks(low, high)
    levels: Spec = {
        "type": "contour",
        "x": surface.offsets,
        "y": surface.offsets,
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
    return {"data": [levels, _points(explored), _middle()], "layout": _layout(surface.span)}


def _points(explored: Explored) -> Spec:
    """Return the points of the grid: crosses where the loss is not finite, unseen elsewhere."""
    surface = explored.surface
    offsets = surface.offsets
    finite = np.isfinite(surface.losses)
    return {
        "type": "scatter",
        "mode": "markers",
        "x": offsets * len(offsets),
        "y": [y for y in offsets for _ in offsets],
        "marker": {
            "symbol": ["circle" if known else "x-thin-open" for known in finite.ravel().tolist()],
            "opacity": [0 if known else 1 for known in finite.ravel().tolist()],
            "size": 6,
            "color": "--ink",
        },
        "hoverinfo": "text",
        "hovertext": [
            _hover_text(float(surface.losses[i, j]), float(surface.accuracies[i, j]), x, y)
            for i, y in enumerate(offsets)
            for j, x in enumerate(offsets)
        ],
    }


def _hover_text(loss: float, accuracy: float, x: float, y: float) -> str:
    text = f"loss {loss:.4g}" if math.isfinite(loss) else "the loss is not finite"
    return f"<b>{text}</b><br>accuracy {accuracy:.1%}<br>at {x:.3g}, {y:.3g}"


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
    return layout_of() | {
        "showlegend": False,
        "dragmode": False,
        "xaxis": axis("first direction", **alike | {"constraintoward": "left"}),
        "yaxis": axis("second direction", scaleanchor="x", **alike),
    }
