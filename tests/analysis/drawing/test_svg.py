"""SVG of a figure: what is in the text."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from archscape.analysis.drawing.draw import draw
from archscape.analysis.drawing.geometry import Box, Drawing, Line, Point, Polygon, Shape, Text
from archscape.analysis.drawing.svg import to_svg
from archscape.spaces import load

SPACE = "{http://www.w3.org/2000/svg}"
CORNER = (Point(0, 0), Point(20, 0), Point(20, 20))


def root(*shapes: Shape, title: str = "net", summary: str = "") -> ET.Element:
    drawing = Drawing(width=100, height=50, title=title, summary=summary, shapes=shapes)
    return ET.fromstring(to_svg(drawing))


def test_it_says_what_it_is_to_those_who_cannot_see_it() -> None:
    svg = root(title="lenet5", summary="Seven layers.")
    assert svg.get("role") == "img"
    assert [(child.tag.removeprefix(SPACE), child.text) for child in svg[:2]] == [
        ("title", "lenet5"),
        ("desc", "Seven layers."),
    ]


def test_its_size_is_in_points() -> None:
    svg = root()
    assert (svg.get("width"), svg.get("height"), svg.get("viewBox")) == ("100pt", "50pt", "0 0 100 50")


def test_what_comes_from_outside_is_text_and_nothing_else() -> None:
    evil = "</text><script>alert(1)</script>\x00&\ud800"
    box = Box(x=0, y=0, width=9, height=9, kind="conv", name=evil)
    svg = root(box, Text(x=1, y=1, text=evil, size=8), title=evil, summary=evil)
    assert not list(svg.iter(f"{SPACE}script"))
    assert svg.findall(f"{SPACE}text")[0].text == "</text><script>alert(1)</script> & "
    assert svg.find(f"{SPACE}rect[@class='conv']/{SPACE}title") is not None


def test_it_asks_for_nothing_from_elsewhere() -> None:
    text = to_svg(Drawing(width=9, height=9, title="net", shapes=(Text(x=1, y=1, text="a", size=8),)))
    assert "http" not in text.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "url(" not in text
    assert "@import" not in text


def test_a_dark_page_has_its_own_colours_and_paper_has_not() -> None:
    style = root(Box(x=0, y=0, width=9, height=9, kind="conv"), Line(points=CORNER)).findtext(f"{SPACE}style")
    assert style is not None
    light, dark = style.split("@media screen and (prefers-color-scheme:dark)")
    for selector in (".paper{fill:", ".conv{fill:", "path.flow{", "path.flow.head{fill:"):
        assert selector in light
    assert ".conv{fill:#173b7d" in dark


def test_it_has_the_rules_of_what_is_drawn_alone() -> None:
    style = root(Box(x=0, y=0, width=9, height=9, kind="conv")).findtext(f"{SPACE}style")
    assert style is not None
    assert ".pool" not in style
    assert ".skip" not in style


def test_corners_are_rounded_and_the_head_ends_where_the_line_does() -> None:
    path, head = root(Line(points=CORNER, kind="skip")).findall(f"{SPACE}path")
    assert path.get("d") == "M0,0L17.5,0Q20,0 20,2.5L20,17.8"
    assert head.get("class") == "skip head"
    assert (head.get("d") or "").startswith("M20,20L")


def test_a_small_join_is_round() -> None:
    svg = root(
        Box(x=0, y=0, width=12, height=12, kind="join"), Box(x=0, y=0, width=40, height=20, kind="conv")
    )
    assert [rect.get("rx") for rect in svg.findall(f"{SPACE}rect")[1:]] == ["6", "2.5"]


def test_a_text_may_be_read_upwards_and_end_at_its_place() -> None:
    (text,) = root(Text(x=5, y=40, text="56×56", size=7, turned=True, anchor="end")).findall(f"{SPACE}text")
    assert (text.get("transform"), text.get("text-anchor")) == ("rotate(-90 5 40)", "end")


def test_faces_of_a_volume_have_their_own_colours() -> None:
    faces = [Polygon(points=CORNER, kind="conv", face=face, name="c1") for face in ("front", "side", "top")]  # type: ignore[arg-type]
    style = root(*faces).findtext(f"{SPACE}style")
    assert style is not None
    assert {".conv{", ".conv.side{", ".conv.top{"} <= {rule.split("fill")[0] for rule in style.split("}")}


def test_it_is_the_same_text_each_time() -> None:
    drawing = Drawing(width=9, height=9, title="net", shapes=(Line(points=CORNER), Line(points=CORNER)))
    assert to_svg(drawing) == to_svg(drawing)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "resnet18",
            "It reads 3x224x224; 20 convolutions, 2 poolings, 8 joins, 1 fully connected layer; 11,689,512",
        ),
        ("digits", "A space of networks that read 1x16x16; "),
    ],
)
def test_every_figure_has_a_summary(name: str, words: str) -> None:
    assert draw(load(name)).summary.startswith(words)
