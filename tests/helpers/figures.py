"""What is wrong with a figure: boxes that overlap, text that does not fit, lines through boxes and text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from archscape.analysis.drawing.geometry import Box, Drawing, Line, Text
from archscape.analysis.drawing.layout.metrics import ASCENT, DESCENT, text_width

Rectangles = NDArray[np.float64]
"""One a row: left, top, right, bottom."""
SLACK = 0.05
"""Points that rounding may cost."""
PITCH = 2.0
"""The least distance between lines that run beside each other."""


class Segment(NamedTuple):
    """A straight piece of a line, and the number of the line."""

    line: int
    left: float
    top: float
    right: float
    bottom: float


def faults(drawing: Drawing) -> list[str]:
    """Return all that is wrong with a figure, in words."""
    boxes = [shape for shape in drawing.shapes if isinstance(shape, Box) and not shape.frame]
    frames = [shape for shape in drawing.shapes if isinstance(shape, Box) and shape.frame]
    texts = [shape for shape in drawing.shapes if isinstance(shape, Text)]
    lines = [shape for shape in drawing.shapes if isinstance(shape, Line)]
    segments = segments_of(lines)
    solid, framed, written = boxes_as(boxes), boxes_as(frames), texts_as(texts)
    ways = np.array([segment[1:] for segment in segments]).reshape(-1, 4)

    def names(
        what: str, pairs: NDArray[np.bool_], left: Sequence[object], right: Sequence[object]
    ) -> list[str]:
        return [f"{what}: {left[a]} and {right[b]}" for a, b in np.argwhere(pairs)]

    through = overlap(ways, solid)
    arrows = [line for line in lines if line.arrow]
    ends = ends_on(arrows, solid)
    return [
        *names("boxes overlap", np.triu(overlap(solid, solid), 1), boxes, boxes),
        *names("a frame cuts a box", cuts(framed, solid), frames, boxes),
        *names("frames cut each other", np.triu(cuts(framed, framed), 1), frames, frames),
        *names("an edge cuts text", cuts(solid, written), boxes, texts),
        *names("a frame cuts text", cuts(framed, written), frames, texts),
        *names("texts overlap", np.triu(overlap(written, written), 1), texts, texts),
        *names("a line goes through text", overlap(ways, written), segments, texts),
        *names("a line goes through a box", through, segments, boxes),
        *names("a line runs along a frame", along(ways, framed), segments, frames),
        *(f"outside the figure: {shape}" for shape in outside(drawing, [*boxes, *frames, *texts], lines)),
        *(f"labels nothing: {text}" for text in loose(texts, written, solid)),
        *(
            f"ends nowhere: {line}"
            for line, reaches in zip(arrows, ends.any(axis=1), strict=True)
            if not reaches
        ),
        *(
            f"no line enters: {box}"
            for box, is_entered in zip(boxes, ends.any(axis=0), strict=True)
            if box.kind != "input" and not is_entered
        ),
        *(f"on each other: {lines[a]} and {lines[b]}" for a, b in on_each_other(lines, segments)),
    ]


def crossings(drawing: Drawing) -> int:
    """Return how often lines cross; where a line branches, it does not cross itself."""
    segments = segments_of([shape for shape in drawing.shapes if isinstance(shape, Line)])
    ways = np.array([segment[1:] for segment in segments]).reshape(-1, 4)
    level, steep = ways[ways[:, 1] == ways[:, 3]], ways[ways[:, 0] == ways[:, 2]]
    inside = (level[:, None, 0] + SLACK < steep[None, :, 0]) & (steep[None, :, 0] < level[:, None, 2] - SLACK)
    passed = (steep[None, :, 1] + SLACK < level[:, None, 1]) & (level[:, None, 1] < steep[None, :, 3] - SLACK)
    places = {(float(steep[b, 0]), float(level[a, 1])) for a, b in np.argwhere(inside & passed)}
    return len(places)


def segments_of(lines: Sequence[Line]) -> list[Segment]:
    """Return the straight pieces of lines; a figure has none askew."""
    return [
        Segment(number, min(a.x, b.x), min(a.y, b.y), max(a.x, b.x), max(a.y, b.y))
        for number, line in enumerate(lines)
        for a, b in zip(line.points, line.points[1:], strict=False)
    ]


def boxes_as(boxes: Sequence[Box]) -> Rectangles:
    """Return the places of boxes."""
    return np.array([(b.x, b.y, b.x + b.width, b.y + b.height) for b in boxes]).reshape(-1, 4)


def texts_as(texts: Sequence[Text]) -> Rectangles:
    """Return the places that texts take, as wide as any font makes them."""
    rectangles = []
    for text in texts:
        width = text_width(text.text, text.size, bold=text.role == "repeat")
        left = text.x - {"start": 0, "middle": width / 2, "end": width}[text.anchor]
        rectangles.append((left, text.y - ASCENT * text.size, left + width, text.y + DESCENT * text.size))
    return np.array(rectangles).reshape(-1, 4)


def overlap(a: Rectangles, b: Rectangles) -> NDArray[np.bool_]:
    """Return which of some rectangles, which may be lines, share more than an edge with which of others."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    inner = (a[:, None, :2] < b[None, :, 2:] - SLACK) & (a[:, None, 2:] > b[None, :, :2] + SLACK)
    return np.all((high >= low) & inner, axis=2)


def cuts(a: Rectangles, b: Rectangles) -> NDArray[np.bool_]:
    """Return which edges of some rectangles go through which others."""
    within = np.all((a[:, None, :2] <= b[None, :, :2]) & (a[:, None, 2:] >= b[None, :, 2:]), axis=2)
    around = np.all((a[:, None, :2] >= b[None, :, :2]) & (a[:, None, 2:] <= b[None, :, 2:]), axis=2)
    return overlap(a, b) & ~within & ~around


def along(ways: Rectangles, frames: Rectangles) -> NDArray[np.bool_]:
    """Return which straight pieces run on an edge of which frames."""
    edges = np.zeros((len(ways), len(frames)), dtype=bool)
    for side, axis in ((0, 0), (2, 0), (1, 1), (3, 1)):
        other = 1 - axis
        on = (abs(ways[:, None, axis] - frames[None, :, side]) < 1) & (ways[:, axis] == ways[:, axis + 2])[
            :, None
        ]
        beside = np.minimum(ways[:, None, other + 2], frames[None, :, other + 2]) - np.maximum(
            ways[:, None, other], frames[None, :, other]
        )
        edges |= on & (beside > 1)
    return edges


def outside(drawing: Drawing, shapes: Sequence[Box | Text], lines: Sequence[Line]) -> list[object]:
    """Return what reaches beyond the figure."""
    boxes = [shape for shape in shapes if isinstance(shape, Box)]
    texts = [shape for shape in shapes if isinstance(shape, Text)]
    places = np.vstack([boxes_as(boxes), texts_as(texts)])
    beyond = (places < 0) | (places > (drawing.width, drawing.height) * 2)
    out: list[object] = [
        shape for shape, far in zip([*boxes, *texts], beyond.any(axis=1), strict=True) if far
    ]
    return [*out, *(line for line in lines if not holds(drawing, line))]


def holds(drawing: Drawing, line: Line) -> bool:
    """Tell whether a line stays within a figure."""
    return all(0 <= point.x <= drawing.width and 0 <= point.y <= drawing.height for point in line.points)


def loose(texts: Sequence[Text], written: Rectangles, boxes: Rectangles) -> list[Text]:
    """Return the labels that stand in no box."""
    within = np.all(
        (boxes[None, :, :2] <= written[:, None, :2]) & (boxes[None, :, 2:] >= written[:, None, 2:]), axis=2
    )
    return [
        text
        for text, fits in zip(texts, within.any(axis=1), strict=True)
        if text.role == "label" and not fits
    ]


def ends_on(lines: Sequence[Line], boxes: Rectangles) -> NDArray[np.bool_]:
    """Return which lines end on an edge of which boxes, or within."""
    tips = np.array([line.points[-1] for line in lines]).reshape(-1, 1, 2)
    return np.all((boxes[:, :2] - SLACK <= tips) & (tips <= boxes[:, 2:] + SLACK), axis=2)


def on_each_other(lines: Sequence[Line], segments: Sequence[Segment]) -> list[tuple[int, int]]:
    """Return the lines that lie on each other, or almost, though they carry different values."""
    pairs: set[tuple[int, int]] = set()
    for axis in (0, 1):
        other = 1 - axis
        flat = sorted((s for s in segments if s[1 + axis] == s[3 + axis]), key=lambda s: s[1 + axis])
        for index, a in enumerate(flat):
            for b in flat[index + 1 :]:
                if b[1 + axis] - a[1 + axis] >= PITCH:
                    break
                shared = min(a[3 + other], b[3 + other]) - max(a[1 + other], b[1 + other])
                if shared > 1 and a.line != b.line and not same(lines[a.line], lines[b.line]):
                    pairs.add((a.line, b.line))
    return sorted(pairs)


def same(a: Line, b: Line) -> bool:
    """Tell whether two lines carry the same value: one begins on the other."""
    return on(a.points[0], b) or on(b.points[0], a) or (bool(a.source) and a.source == b.source)


def on(point: tuple[float, float], line: Line) -> bool:
    """Tell whether a point lies on a line."""
    x, y = point
    return any(
        min(a.x, b.x) - SLACK <= x <= max(a.x, b.x) + SLACK
        and min(a.y, b.y) - SLACK <= y <= max(a.y, b.y) + SLACK
        for a, b in zip(line.points, line.points[1:], strict=False)
    )
