"""Paper: a figure as a file of PDF or PNG, drawn by matplotlib in the colours of a light page."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archscape.spaces.atomic import write_whole

from .geometry import Box, Drawing, Line, Point, Polygon, Shape, Text
from .paths import Step, corner_radius, head, rounded, straight
from .style import KINDS, PAPER, ROLES, STROKES, Stroke, shade
from .svg import to_svg, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.path import Path as Outline

POINTS = 72
"""To an inch."""
LETTERS = 0.9
"""How large matplotlib's DejaVu Sans is beside the fonts of a page, which are narrower."""
DPI = 200
VERBS = {"M": (1,), "L": (2,), "Q": (3, 3)}
"""The codes of matplotlib's paths for the points of a step."""
ALIGNED = {"start": "left", "middle": "center", "end": "right"}


def write_drawing(drawing: Drawing, path: Path) -> Path:
    """Write a figure: `.svg`, `.pdf` or `.png`, as the suffix says. The same figure gives the same bytes."""
    kind = path.suffix.lower().removeprefix(".")
    write_whole(path, to_svg(drawing) if kind == "svg" else to_paper(drawing, kind))
    return path


def to_paper(drawing: Drawing, kind: str) -> bytes:
    """Return a figure as a file of a kind, `pdf` with its fonts embedded or `png`."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure as Canvas

    with rc_context({"pdf.fonttype": 42, "font.family": "DejaVu Sans", "text.parse_math": False}):
        canvas = Canvas(figsize=(drawing.width / POINTS, drawing.height / POINTS), facecolor=PAPER.light)
        axes = canvas.add_axes((0, 0, 1, 1), xlim=(0, drawing.width), ylim=(drawing.height, 0))
        axes.set_axis_off()
        for order, shape in enumerate(drawing.shapes):
            _draw(axes, shape, order)
        file = BytesIO()
        # A date in the file would change it with every run.
        about = {"Title": visible(drawing.title)} | ({"CreationDate": None} if kind == "pdf" else {})
        canvas.savefig(file, format=kind, dpi=DPI, metadata=about)
    return file.getvalue()


def _draw(axes: Axes, shape: Shape, order: int) -> None:
    match shape:
        case Box():
            _box(axes, shape, order)
        case Text():
            look = ROLES[shape.role]
            axes.text(
                shape.x, shape.y, visible(shape.text), fontsize=LETTERS * shape.size, color=look.color.light,
                fontweight="bold" if look.bold else "normal", ha=ALIGNED[shape.anchor], va="baseline",
                rotation=90 if shape.turned else 0, rotation_mode="anchor", zorder=order,
            )  # fmt: skip
        case Line():
            stroke = STROKES[shape.kind]
            _outline(axes, rounded(shape), order, **_stroke(stroke), facecolor="none")
            if shape.arrow:
                _closed(axes, head(shape), order, facecolor=stroke.color.light, linewidth=0)
        case Polygon():
            look_ = KINDS[shape.kind]
            fill = shade(look_.fill, shape.face).light if look_.fill else "none"
            _closed(axes, shape.points, order, **_stroke(look_.stroke), facecolor=fill)


def _box(axes: Axes, box: Box, order: int) -> None:
    from matplotlib.patches import FancyBboxPatch

    look, radius = KINDS[box.kind], corner_radius(box)
    axes.add_patch(
        FancyBboxPatch(
            (box.x, box.y),
            box.width,
            box.height,
            boxstyle=f"round,pad=0,rounding_size={radius}",
            facecolor=look.fill.light if look.fill else "none",
            **_stroke(look.stroke),
            zorder=order,
        )
    )


def _closed(axes: Axes, points: Sequence[Point], order: int, **look: Any) -> None:
    _outline(axes, [*straight(points), Step("L", (points[0],))], order, **look)


def _outline(axes: Axes, steps: Sequence[Step], order: int, **look: Any) -> None:
    from matplotlib.patches import PathPatch

    # Snapped to pixels, straight lines would no longer meet those with round corners, which never are.
    path = PathPatch(_path(steps), zorder=order, joinstyle="round", capstyle="butt", snap=False, **look)
    axes.add_patch(path)


def _path(steps: Sequence[Step]) -> Outline:
    from matplotlib.path import Path as Outline

    points = [point for step in steps for point in step.points]
    return Outline(points, [code for step in steps for code in VERBS[step.verb]])


def _stroke(stroke: Stroke) -> dict[str, Any]:
    dashes = tuple(dash / stroke.width for dash in stroke.dashes)
    return {
        "edgecolor": stroke.color.light,
        "linewidth": stroke.width,
        "linestyle": (0, stroke.dashes) if dashes else "solid",
    }
