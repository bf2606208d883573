"""Figures for papers: PNG, SVG or PDF, drawn by matplotlib in one style."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, REST, FRONT, REFERENCE, GRID = "#1b2027", "#98a1ab", "#0072b2", "#d55e00", "#e9ecef"
COLORS = (FRONT, REFERENCE, "#009e73", "#cc79a7", "#e69f00", "#56b4e9", INK)
"""Colours that the colour-blind tell apart too (Okabe and Ito 2008), and ink."""


def write(
    draw: Callable[[Figure], object],
    path: Path,
    *,
    size: tuple[float, float] | None = None,
    font: float = 9.5,
) -> Path:
    """Draw a figure. The same drawing gives the same bytes of an SVG.

    Args:
        draw: Draws on the empty figure.
        path: The file to write; its suffix (`.png`, `.svg`, `.pdf`) says what it becomes.
        size: Width and height in inches, where `draw` does not set them.
        font: Size of the letters in points.

    Returns:
        The path.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(
        {"svg.hashsalt": "archscape", "font.size": font, "axes.edgecolor": REST, "text.color": INK}
    ):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        # A date in the file would change it with every run.
        figure.savefig(path, dpi=200, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
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
