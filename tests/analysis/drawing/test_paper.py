"""A figure as PDF and PNG: the same geometry, drawn by matplotlib."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from archscape.analysis.drawing.geometry import Box, Drawing, Line, Point, Polygon, Text
from archscape.analysis.drawing.paper import DPI, write_drawing
from archscape.analysis.drawing.style import KINDS, STROKES

SQUARE = (Point(60, 10), Point(90, 10), Point(90, 40), Point(60, 40))
DRAWING = Drawing(
    width=108,
    height=54,
    title="a net",
    shapes=(
        Box(x=10, y=10, width=30, height=20, kind="conv"),
        Text(x=25, y=47, text="cost: $5 & $x_1$\n", size=8),
        Line(points=(Point(40, 35), Point(60, 35)), kind="skip"),
        Polygon(points=SQUARE, kind="pool", face="front"),
    ),
)


@pytest.fixture(scope="module")
def pixels(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    path = write_drawing(DRAWING, tmp_path_factory.mktemp("paper") / "net.png")
    return np.asarray(Image.open(path).convert("RGB"))


def at(pixels: np.ndarray, x: float, y: float) -> str:
    """Return the colour at a place in points."""
    row, column = (round(place * DPI / 72) for place in (y, x))
    return "#" + bytes(pixels[row, column].tolist()).hex()


def test_what_is_drawn_lies_where_geometry_has_it(pixels: np.ndarray) -> None:
    assert pixels.shape == (150, 300, 3)
    conv, pool = KINDS["conv"].fill, KINDS["pool"].fill
    assert conv is not None
    assert pool is not None
    assert (at(pixels, 25, 20), at(pixels, 75, 25)) == (conv.light, pool.light)
    assert at(pixels, 50, 35) == STROKES["skip"].color.light
    assert at(pixels, 50, 5) == "#ffffff"


def test_straight_lines_meet_those_with_round_corners(tmp_path: Path) -> None:
    straight = Line(points=(Point(20.2, 0), Point(20.2, 20)), kind="skip", arrow=False)
    bent = Line(points=(Point(20.2, 20), Point(20.2, 50), Point(50, 50)), kind="skip", arrow=False)
    drawing = Drawing(width=60, height=60, title="", shapes=(straight, bent))
    image = np.asarray(Image.open(write_drawing(drawing, tmp_path / "lines.png")).convert("RGB"))
    above, below = (image[round(y * DPI / 72), : round(30 * DPI / 72)] for y in (10, 30))
    assert (above == below).all()


def test_a_text_is_no_formula(pixels: np.ndarray) -> None:
    assert pixels[round(41 * DPI / 72) : round(48 * DPI / 72), : round(45 * DPI / 72)].min() < 60


def test_a_pdf_holds_its_fonts_and_its_size(tmp_path: Path) -> None:
    data = write_drawing(DRAWING, tmp_path / "net.PDF").read_bytes()
    assert data.startswith(b"%PDF")
    assert b"/FontFile2" in data  # TrueType, whose text is found and copied
    assert b"/MediaBox [ 0 0 108 54 ]" in data


@pytest.mark.parametrize("suffix", [".svg", ".pdf", ".png"])
def test_it_is_the_same_file_each_time(tmp_path: Path, suffix: str) -> None:
    one, two = (write_drawing(DRAWING, tmp_path / f"{name}{suffix}").read_bytes() for name in "ab")
    assert one == two
