"""The figure of an effective receptive field: a heat map of gradients inside the border of the theory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..costs.receptive_field.effective import LEVEL, EffectiveField, Map
from .figures.paper import FRONT, REFERENCE, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_field(effective: EffectiveField, path: Path) -> Path:
    """Draw a heat map of an effective receptive field inside the receptive field.

    The colour is the root of the mean square, 1 at its largest; a field of one axis is a curve, and one of
    three is shown by its largest values along the first. The line at 4.55% is drawn through the smoothed
    map. The same field gives the same bytes of an SVG.
    """

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        roots = np.sqrt(effective.squares)
        while roots.ndim > 2:
            roots = roots.max(axis=0)
        (_curve if roots.ndim == 1 else _image)(axes, roots, effective)
        size = "x".join(map(str, effective.field.size))
        axes.set_title(
            f"{effective.title}: receptive field {size},\n"
            f"effective {effective.size:.0f} across ({effective.share:.0%})",
            fontsize=9.5,
        )

    return write(draw, path, size=(4.6, 4.6 if effective.squares.ndim > 1 else 2.6))


def _curve(axes: Axes, roots: Map, effective: EffectiveField) -> None:
    axes.fill_between(range(len(roots)), roots, color=FRONT, linewidth=0)
    axes.axhline(LEVEL, color=REFERENCE, linewidth=0.8)
    for end in _ends(effective)[0]:
        axes.axvline(end, color=REFERENCE, linewidth=1, linestyle=(0, (4, 3)))
    axes.set_xlim(-0.5, len(roots) - 0.5)
    axes.set_xlabel("input position; dashed: the receptive field")
    axes.set_ylabel("root mean squared gradient")


def _image(axes: Axes, roots: Map, effective: EffectiveField) -> None:
    from matplotlib.patches import Rectangle
    from scipy.ndimage import gaussian_filter

    axes.imshow(roots, cmap="cividis", vmin=0, vmax=1, interpolation="nearest")
    smooth = gaussian_filter(roots, max(roots.shape) / 100)
    if smooth.max() > LEVEL:
        axes.contour(smooth, levels=[LEVEL], colors="white", linewidths=0.9)
    (top, bottom), (left, right) = _ends(effective)[-2:]
    reach = Rectangle(
        (left, top), right - left, bottom - top, fill=False, edgecolor=REFERENCE, linestyle="--"
    )
    axes.add_patch(reach)
    axes.set_xlabel("colour: root mean squared gradient; line: 4.55%;\ndashed: the receptive field")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlim(-0.5, roots.shape[1] - 0.5)
    axes.set_ylim(roots.shape[0] - 0.5, -0.5)


def _ends(effective: EffectiveField) -> list[tuple[float, float]]:
    """Return where the receptive field begins and ends along each axis."""
    sides = zip(effective.middle, effective.field.size, strict=True)
    return [(middle - size / 2, middle + size / 2) for middle, size in sides]
