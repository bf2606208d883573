"""A loss surface as a figure for a paper: PNG, SVG or PDF, drawn by matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from archscape.analysis.landscape.file import Explored, Landscape
from archscape.analysis.landscape.first_layer import Change, Filters, contact_sheet

from ..figures.paper import FRONT, INK, plain, write
from .scale import scale, ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.contour import QuadContourSet
    from matplotlib.figure import Figure
    from mpl_toolkits.mplot3d import Axes3D

COLOURS = "cividis"
"""Sequential, and the same to readers who see fewer colours (Nunez et al. 2018)."""
SHADES = 24
MOVED = "both axes: random directions, in lengths of each filter"


def draw_surfaces(landscape: Landscape, path: Path) -> Path:
    """Draw the surface of a landscape as levels and in perspective, both networks on one scale of colours.

    The same landscape gives the same bytes of an SVG.
    """
    networks = [*landscape.explored.values()]
    low, high = scale(landscape.surfaces)

    def draw(figure: Figure) -> None:
        title = f"Loss on {landscape.part} of {landscape.data}; {MOVED}"
        figure.suptitle(title, fontsize=9.5, x=0.01, ha="left")
        grid = figure.add_gridspec(2, len(networks), height_ratios=(4, 3))
        panels = [figure.add_subplot(grid[0, column]) for column in range(len(networks))]
        for column, (axes, explored) in enumerate(zip(panels, networks, strict=True)):
            filled = _levels(axes, explored, low, high)
            _perspective(figure.add_subplot(grid[1, column], projection="3d"), explored, low, high)
        bar = figure.colorbar(filled, ax=panels, pad=0.02, aspect=30)
        marks = ticks(low, high)
        bar.ax.yaxis.set_ticks(marks, [f"{loss:g}" for loss in marks])
        bar.set_label("loss, log scale")

    return write(draw, path, size=(4.6 * len(networks) + 0.6, 8.2))


def draw_training(landscape: Landscape, path: Path) -> Path:
    """Draw the first filters before and after training, and how far each layer's weights moved."""

    def draw(figure: Figure) -> None:
        title = f"What training did, {landscape.trained.network} on {landscape.data}"
        figure.suptitle(title, fontsize=9.5, x=0.01, ha="left")
        if landscape.filters is None:
            _moved(figure.subplots(), landscape.changes)
            return
        axes = figure.subplot_mosaic("b.a;mmm", height_ratios=[1, 1.1], width_ratios=[10, 1, 10])
        _sheets(axes["b"], axes["a"], landscape.filters)
        _moved(axes["m"], landscape.changes)

    return write(draw, path, size=(7.2, 5.4 if landscape.filters else 3.2))


def _levels(axes: Axes, explored: Explored, low: float, high: float) -> QuadContourSet:
    """Draw filled levels of the loss with labelled lines; crosses stand where it is not finite."""
    from matplotlib.colors import LogNorm

    offsets, losses = explored.surface.offsets, explored.surface.losses
    shown = np.ma.masked_invalid(np.maximum(losses, low))
    edges = np.geomspace(low, high, SHADES + 1)
    edges[0], edges[-1] = low * (1 - 1e-9), high * (1 + 1e-9)
    filled = axes.contourf(
        offsets,
        offsets,
        shown,
        edges,
        norm=LogNorm(low, high),
        cmap=COLOURS,
        extend="max" if shown.max() > high else "neither",
    )
    lines = axes.contour(offsets, offsets, shown, ticks(low, high), colors="white", linewidths=0.7)
    axes.clabel(lines, fontsize=7.5, fmt=lambda loss: f"{loss:g}")
    rows, columns = np.nonzero(~np.isfinite(losses))
    grid = np.array(offsets)
    axes.plot(grid[columns], grid[rows], "x", color=INK, markersize=3)
    axes.plot(0, 0, "+", color="white", markersize=9, markeredgewidth=1.6)
    text = f"loss {explored.surface.loss:.3g}, validation accuracy {explored.val_accuracy:.1%}"
    lost = f"; x: not finite, {len(rows)} points" if len(rows) else ""
    axes.set_title(f"{explored.network}\n{text}{lost}", fontsize=9)
    axes.set_aspect("equal")
    return filled


def _perspective(axes: Axes3D, explored: Explored, low: float, high: float) -> None:
    """Draw the surface as seen from above and aside; what is above the colours is cut there."""
    x, y = np.meshgrid(explored.surface.offsets, explored.surface.offsets)
    losses = explored.surface.losses
    logs = np.log10(np.clip(np.where(np.isfinite(losses), losses, np.nan), low, high))
    ends = float(np.log10(low)), float(np.log10(high))
    axes.plot_surface(
        x, y, logs, cmap=COLOURS, vmin=ends[0], vmax=ends[1], rstride=1, cstride=1, linewidth=0.1
    )
    axes.set_zlim(*ends)
    span = explored.surface.span
    axes.set_xticks([-span, 0, span])
    axes.set_yticks([-span, 0, span])
    marks = ticks(low, high)
    axes.set_zticks([np.log10(mark) for mark in marks], [f"{mark:g}" for mark in marks])
    axes.tick_params(labelsize=7)
    axes.set_box_aspect((1, 1, 0.7), zoom=1.15)
    axes.view_init(elev=28, azim=-52)


def _sheets(before: Axes, after: Axes, filters: Filters) -> None:
    for axes, sheet, when in ((before, filters.before, "as it started"), (after, filters.after, "trained")):
        axes.imshow(contact_sheet(sheet), interpolation="nearest")
        axes.set_title(f"{filters.layer}, {when}", fontsize=9)
        axes.set_axis_off()


def _moved(axes: Axes, changes: Sequence[Change]) -> None:
    """Draw the relative change of each layer's weights, in the order of the module."""
    axes.bar(range(len(changes)), [change.relative for change in changes], color=FRONT, width=0.7)
    axes.set_ylabel("moved, |w - w0| / |w0|")
    if len(changes) <= 24:
        axes.set_xticks(range(len(changes)), [change.layer for change in changes], rotation=90, fontsize=7.5)
    else:
        axes.set_xlabel(f"layers, {changes[0].layer} to {changes[-1].layer}")
    plain(axes, grid="y")
