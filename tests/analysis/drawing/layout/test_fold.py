"""Folds: what is taller than a page goes on in the next column, with all its lines."""

from __future__ import annotations

from helpers.figures import crossings, faults

from archscape.analysis.drawing.draw import draw
from archscape.analysis.drawing.geometry import Line
from archscape.spaces import load_network


def test_two_lines_lead_to_the_next_column_without_crossing() -> None:
    drawing = draw(load_network("wavenet"))
    turns = [shape for shape in drawing.shapes if isinstance(shape, Line) and len(shape.points) == 6]
    rising = [line for line in turns if line.points[2].y > line.points[3].y]
    assert len(rising) % 2 == 0
    assert len(rising) >= 2
    assert (faults(drawing), crossings(drawing)) == ([], 0)


def test_a_long_skip_is_folded_with_what_it_passes() -> None:
    drawing = draw(load_network("edsr-baseline-x2"), layers=True)
    assert drawing.height < 1100
    assert (faults(drawing), crossings(drawing)) == ([], 0)
