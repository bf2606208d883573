"""Style: the colours and strokes of a figure, by what geometry calls kinds and roles.

Fills are tints around the colours of Okabe and Ito (2008). Those of light pages and of paper differ in
lightness too, so that a grey print tells them apart; on both grounds they differ for the colour-blind.
"""

from __future__ import annotations

from typing import NamedTuple

FONTS = '"Helvetica Neue", Helvetica, Arial, "Liberation Sans", "DejaVu Sans", sans-serif'
"""The fonts of a page, which has none of its own."""
RADIUS = 2.5
"""Of the corners of boxes and lines, in points."""
HEAD = 4.5
"""Length of an arrow's head, in points."""


class Ground(NamedTuple):
    """A colour on a light ground, which is that of paper too, and on a dark one."""

    light: str
    dark: str


class Stroke(NamedTuple):
    """How a line is drawn: its colour, its width in points, its dashes and their gaps in points."""

    color: Ground
    width: float
    dashes: tuple[float, ...] = ()


class Kind(NamedTuple):
    """How a box is drawn.

    Attributes:
        fill: None where what lies behind is seen.
        stroke: Of its outline.
    """

    fill: Ground | None
    stroke: Stroke


class Letters(NamedTuple):
    """How text of a role is drawn."""

    color: Ground
    bold: bool = False


PAPER = Ground("#ffffff", "#14171b")
INK = Ground("#1b2027", "#eef1f4")
MUTED = Ground("#5c6672", "#a6b0ba")
ACCENT = Ground("#0072b2", "#56b4e9")
OUTLINE = Stroke(Ground("#333c46", "#b4bdc6"), 0.75)
FRAME = Stroke(Ground("#98a1ab", "#6b7682"), 0.75)
DASHED = Stroke(Ground("#5c6672", "#a6b0ba"), 0.75, (3, 2))

KINDS = {
    "conv": Kind(Ground("#35aae9", "#173b7d"), OUTLINE),
    "depthwise": Kind(Ground("#b0daec", "#12758b"), OUTLINE),
    "block": Kind(Ground("#a2a9d0", "#5763a6"), OUTLINE),
    "attention": Kind(Ground("#d07ca0", "#733b6a"), OUTLINE),
    "linear": Kind(Ground("#d47213", "#8c2f1a"), OUTLINE),
    "pool": Kind(Ground("#f8dc8f", "#7d6302"), OUTLINE),
    "resize": Kind(Ground("#9cc5a6", "#186731"), OUTLINE),
    "norm": Kind(Ground("#eff5f9", "#262a2e"), OUTLINE),
    "act": Kind(Ground("#e8edc3", "#434a3d"), OUTLINE),
    "other": Kind(Ground("#c3c6c7", "#67696b"), OUTLINE),
    "join": Kind(PAPER, OUTLINE),
    "input": Kind(PAPER, FRAME),
    "cell": Kind(None, FRAME),
    "choice": Kind(None, DASHED),
    "kernel": Kind(None, OUTLINE),
}
"""What a box or a face may be."""

STROKES = {
    "flow": Stroke(INK, 0.9),
    "branch": Stroke(INK, 0.9),
    "skip": Stroke(ACCENT, 1.3),
    "ray": Stroke(MUTED, 0.6),
}
"""What a line may be; a `ray` leads from a window to what is computed of it."""

ROLES = {
    "label": Letters(INK),
    "width": Letters(INK),
    "extent": Letters(MUTED),
    "repeat": Letters(INK, bold=True),
    "caption": Letters(MUTED),
}
"""What a text may be."""

FACES = {"front": 0.0, "top": 0.45, "side": -0.18}
"""How far the faces of a volume are from the colour of their kind to white; below 0, to black."""


def shade(fill: Ground, face: str) -> Ground:
    """Return the colour of a face of a volume.

    >>> shade(Ground("#808080", "#000000"), "top")
    Ground(light='#b9b9b9', dark='#737373')
    """
    return Ground(*(_mixed(color, FACES[face]) for color in fill))


def _mixed(color: str, share: float) -> str:
    target = 255 if share > 0 else 0
    parts = [int(color[at : at + 2], 16) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(part + (target - part) * abs(share)):02x}" for part in parts)
