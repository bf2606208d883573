"""Networks in a line."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from archscape.analysis.drawing.strip import HEIGHT, LEAST, WIDTH, bars, picture, to_strip
from archscape.spaces import load_network


def test_a_bar_a_layer() -> None:
    layers = bars(load_network("lenet5"))
    assert [bar.kind for bar in layers] == ["conv", "pool", "conv", "pool", "linear", "linear", "linear"]
    assert [bar.height for bar in layers[:4]] == pytest.approx(
        [HEIGHT * (n / 32) ** 0.5 for n in (28, 14, 10, 5)]
    )
    assert {bar.height for bar in layers[4:]} == {LEAST}
    assert layers[5].length / layers[4].length == pytest.approx((84 / 120) ** 0.5)


@pytest.mark.parametrize(
    "name", ["lenet5", "resnet152", "densenet201", "efficientnetv2-s", "dcgan-generator"]
)
def test_the_longest_fits(name: str) -> None:
    svg = ET.fromstring(to_strip(load_network(name)))
    assert svg.get("viewBox") == f"0 0 {WIDTH:g} {HEIGHT:g}"
    ends = [float(end.split("v")[0]) for path in svg for end in (path.get("d") or "").split("H")[1::2]]
    assert 0 < max(ends) <= WIDTH + 0.01


def test_as_an_image_of_a_page_it_needs_no_escape_and_says_the_same() -> None:
    from urllib.parse import unquote

    svg = to_strip(load_network("lenet5"))
    address = picture(svg)
    assert not {*'<>"#\\%'} & {*address.replace("%3C", "").replace("%3E", "").replace("%23", "")}
    assert unquote(address.partition(",")[2]) == svg
