"""What is inside a trained network, as figures for paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from archscape.analysis.inspection.confusion import Confusion
from archscape.analysis.inspection.look import Look

from ..figures.description import Figure
from ..figures.paper import FRONT, PALETTE, literal, write, write_figure
from ..format import shortened
from .confusion import MOST_CLASSES, NAME
from .figures import look_figures
from .pictures import Picture
from .section import Group, Tile, filter_groups, group_of, map_groups, preferred_groups

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

ACROSS = 6
"""Pictures side by side."""
MOST_PREFERRED = 12
"""Units of a layer whose preferred input is drawn."""


def write_look_figures(look: Look, folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """Draw what was seen: `maps`, `filters`, `preferred`, `features`, `confusion`, `numbers` and `worst`.

    Args:
        look: What was seen.
        folder: Where the files go.
        suffixes: What each becomes, as `.svg`.
    """
    figures = look_figures(look)
    draw: dict[str, Callable[[Path], Path]] = {}
    for name, rows in _galleries(look).items():
        if rows:
            draw[name] = partial(_write_rows, rows)
    planes = [figure for name, figure in figures.items() if not name.startswith("number")]
    numbers = [figure for name, figure in figures.items() if name.startswith("number")]
    for name, row in (("features", planes), ("numbers", numbers)):
        if row:
            draw[name] = partial(_write_figures, [row])
    if look.confusion is not None and len(look.confusion.labels) <= MOST_CLASSES:
        draw["confusion"] = partial(_write_confusion, look.confusion)
    return [write_one(folder / f"{name}{suffix}") for name, write_one in draw.items() for suffix in suffixes]


def _galleries(look: Look) -> dict[str, list[Group]]:
    """Return rows of pictures by the name of their figure."""
    preferred = [
        Group(group.name, group.tiles[at : at + ACROSS])
        for group in preferred_groups(look)
        for at in range(0, min(len(group.tiles), MOST_PREFERRED), ACROSS)
    ]
    worst = [tile for sample in look.worst for tile in group_of(sample, look).tiles]
    rows = [Group("", worst[at : at + ACROSS]) for at in range(0, len(worst), ACROSS)]
    return {"maps": map_groups(look), "filters": filter_groups(look), "preferred": preferred, "worst": rows}


def _write_figures(rows: list[list[Figure]], path: Path) -> Path:
    return write_figure(rows, path, size=(4.6 * len(rows[0]), 4.2))


def _write_rows(groups: Sequence[Group], path: Path) -> Path:
    """Draw groups as rows of pictures, all of a row of one height and as wide as they are."""
    widths = [[_shape(tile.picture) for tile in group.tiles] for group in groups]
    whole = max(sum(row) for row in widths)

    def draw(canvas: Canvas) -> None:
        grid = canvas.add_gridspec(len(groups), 1)
        for at, (group, row) in enumerate(zip(groups, widths, strict=True)):
            rest = [whole - sum(row)] if whole - sum(row) > 1e-6 else []
            cells = grid[at].subgridspec(1, len(row) + len(rest), width_ratios=row + rest)
            for place, tile in enumerate(group.tiles):
                _tile(canvas.add_subplot(cells[place]), tile, group.name if place == 0 else "")

    return write(draw, path, size=(min(max(1.3 * whole, 3.0), 9.0), 1.75 * len(groups) + 0.2), font=7.5)


def _shape(picture: Picture) -> float:
    """Return the width of a picture over its height."""
    if picture.pixels is None:
        return 2.0
    return float(np.clip(picture.pixels.shape[1] / picture.pixels.shape[0], 0.6, 6.0))


def _tile(axes: Axes, tile: Tile, head: str) -> None:
    from matplotlib.patches import Rectangle

    picture = tile.picture
    if picture.pixels is None:
        for at, line in enumerate(picture.lines):
            axes.plot(np.arange(len(line)), line - 1.25 * at, color=FRONT, linewidth=0.8)
        axes.margins(0.02)
    else:
        axes.imshow(picture.pixels, interpolation="nearest")
    for name, (left, top, right, bottom) in picture.boxes.items():
        assert picture.pixels is not None
        times = picture.pixels.shape[0] / picture.size[0]
        color, style = (PALETTE["running"], "-") if name == "is" else (PALETTE["pruned"], "--")
        corner, sides = (
            (left * times - 0.5, top * times - 0.5),
            ((right - left) * times, (bottom - top) * times),
        )
        axes.add_patch(Rectangle(corner, *sides, fill=False, edgecolor=color, linestyle=style, linewidth=1.2))
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(visible=tile.is_wrong, color=PALETTE["reference"], linewidth=1.2)
    axes.set_xlabel(literal("\n".join(tile.lines)), fontsize=6.5)
    axes.set_title(literal(head), fontsize=7.5, loc="left")


def _write_confusion(confusion: Confusion, path: Path) -> Path:
    """Draw a confusion matrix, a row a class, its colours shares of the class."""
    counts, labels = confusion.counts[:, :-1], [shortened(label, NAME) for label in confusion.labels]
    shares = counts / np.maximum(confusion.support, 1)[:, None]

    def draw(canvas: Canvas) -> None:
        axes = canvas.add_subplot()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.4)
        for row, column in np.argwhere(counts > 0):
            axes.text(column, row, f"{counts[row, column]:,}", ha="center", va="center", fontsize=7)
        axes.set_xticks(
            range(len(labels)),
            [literal(label) for label in labels],
            rotation=90 * (len(max(labels, key=len)) > 3),
        )
        axes.set_yticks(range(len(labels)), [literal(label) for label in labels])
        axes.set(xlabel="class given", ylabel="class")

    side = 1.6 + 0.36 * len(labels)
    return write(draw, path, size=(side, side))
