from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from archscape.analysis.comparison import write_comparison
from archscape.analysis.cost import Profile, profile
from archscape.spaces import Network, load_network
from archscape.spaces.errors import InputError

if TYPE_CHECKING:
    from tests.analysis.conftest import Page

Written = Callable[..., "Page"]
MEASURES = ("params", "macs", "activations")
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;"


@pytest.fixture
def written(read_page: Callable[[Path], Page], tmp_path: Path) -> Written:
    """The page of some profiles, or of networks of the catalog by name."""

    def write(*given: str | Profile) -> Page:
        found = [profile(load_network(one)) if isinstance(one, str) else one for one in given]
        return read_page(write_comparison(found, tmp_path / "comparison.html"))

    return write


@pytest.fixture
def classic(written: Written) -> Page:
    """The pair of the lecture's figure."""
    return written("alexnet-owt", "vgg16")


def cells(page: Page, section: str) -> list[list[str]]:
    """The texts of the cells of a section's first table, row by row."""
    (start,) = page.find("section", id=section)
    rows: list[list[str]] = []
    for index in range(start, len(page.elements)):
        tag = page.elements[index][0]
        if tag == "tr":
            rows.append([])
        elif tag in ("td", "th"):
            rows[-1].append(page.text(index))
        elif tag in ("section", "details") and index > start:
            break
    return rows


def tiny(rows: str, *, shape: str = "1x16x16", name: str = "tiny") -> Profile:
    return profile(Network.from_yaml(f"network: {name}\ninput: {shape}\nlayers: [{rows}]"))


def test_the_totals_and_how_many_times_those_of_the_first_they_are(classic: Page) -> None:
    # The lecture's figure: 61 M against 138 M parameters, 1.9 against 48.6 MiB of activations, 0.7 against
    # 13.6 G multiply-accumulates. Its last two are those of VGG-16 without one of the convolutions from 256
    # to 256 maps (802,816 activations, 1,849,688,064 macs): 51.7 MiB and 15.5 G with it.
    heads, alexnet, vgg = cells(classic, "totals")
    assert heads == [
        "network",
        "input",
        "parameters",
        "MACs",
        "FLOPs",
        "activations",
        "layers",
        "receptive field",
    ]
    assert alexnet == [
        "alexnet-owt",
        "3x224x224",
        "61,100,840244\N{NO-BREAK SPACE}MB in float32",
        "714,188,480",
        "1,430,070,888",
        "494,1841.98\N{NO-BREAK SPACE}MB in float32",
        "218 with weights",
        "195x195",
    ]
    assert vgg == [
        "vgg16",
        "3x224x224",
        "138,357,5442.26×553\N{NO-BREAK SPACE}MB in float32",
        "15,470,264,32021.7×",
        "30,972,232,16821.7×",
        "13,556,71227.4×54.2\N{NO-BREAK SPACE}MB in float32",
        "3916 with weights",
        "212x212",
    ]


def test_a_chart_has_one_bar_for_each_convolution_and_linear_layer_in_order(classic: Page) -> None:
    for index, name in enumerate(("alexnet-owt", "vgg16")):
        layers = [layer for layer in profile(load_network(name)).layers if layer.op in ("conv", "linear")]
        for measure in MEASURES:
            (bars,) = classic.figures[f"{measure}-{index}"]["data"]
            assert bars["y"] == [getattr(layer, measure) for layer in layers]
            assert bars["x"] == sorted(set(bars["x"]))
            for layer, text in zip(layers, bars["hovertext"], strict=True):
                assert text.startswith(f"<b>{layer.name}</b><br>{layer.op}, ")
                assert f"{getattr(layer, measure):,} " in text
            hatched = [shape == "/" for shape in bars["marker"]["pattern"]["shape"]]
            assert hatched == [layer.op == "linear" for layer in layers]


def test_all_networks_share_one_scale(classic: Page) -> None:
    for measure in MEASURES:
        figures = [classic.figures[f"{measure}-{index}"] for index in range(2)]
        low, high = figures[0]["layout"]["yaxis"]["range"]
        assert figures[1]["layout"]["yaxis"]["range"] == [low, high]
        assert low == 0
        assert high > max(count for figure in figures for count in figure["data"][0]["y"])


def test_bars_are_named_by_the_rows_of_the_table(classic: Page) -> None:
    xaxis = classic.figures["macs-1"]["layout"]["xaxis"]
    assert xaxis["ticktext"] == [*(f"conv{i}" for i in range(1, 6)), *(f"linear{i}" for i in range(1, 4))]
    (bars,) = classic.figures["macs-1"]["data"]
    assert bars["x"][:3] == [0, 1, 3]  # the two layers of the first row, a gap, the second row
    assert xaxis["tickvals"][0] == 0.5


def test_a_long_row_name_is_cut(written: Written) -> None:
    found = tiny("{conv: {width: 2, name: a_very_long_name}}, avgpool, {linear: {width: 2}}")
    assert written(found).figures["params-0"]["layout"]["xaxis"]["ticktext"] == ["a_very_long…", "linear"]


def test_networks_differ_in_colour_and_bear_their_names(written: Written) -> None:
    page = written("lenet5", "resnet18", "resnet20", "mobilenetv2")
    colours = [page.figures[f"macs-{index}"]["data"][0]["marker"]["color"] for index in range(4)]
    captions = [page.text(index) for index in page.find("figcaption")]
    assert len(set(colours)) == 4
    assert captions[:2] == ["lenet561,706", "resnet1811,689,512189×"]
    assert len(captions) == 4 * len(MEASURES)


def test_what_the_flops_consist_of(classic: Page) -> None:
    found = [profile(load_network(name)) for name in ("alexnet-owt", "vgg16")]
    heads, *rows, total = cells(classic, "kinds")
    assert heads == ["operator", "alexnet-owt", "vgg16"]
    assert {kind: numbers for kind, *numbers in rows} == {
        kind: [f"{one.flops_by_kind.get(kind, 0):,}" for one in found]
        for kind in ("conv", "act", "maxpool", "linear")
    }
    assert total == ["total", *(f"{one.flops:,}" for one in found)]


def test_every_network_has_its_table_and_its_layers(classic: Page) -> None:
    for index, name in enumerate(("alexnet-owt", "vgg16")):
        (place,) = classic.find("details", id=f"network-{index}")
        text = classic.text(place)
        assert load_network(name).to_yaml() in text
        for layer in profile(load_network(name)).layers:
            assert f"{layer.name}{layer.op}" in text
    assert "conv1conv64x55x5523,29670,276,800193,60011x11" in classic.text(classic.find("details")[0])


def test_the_convention_is_stated(classic: Page) -> None:
    text = classic.one("section", id="totals")
    assert (
        "Conventions. macs: convolutions, linear layers and matrix products, no bias, batch 1; flops:" in text
    )
    assert "Not counted: data movement" in text


def test_the_lede_says_how_far_they_lie_apart(classic: Page, written: Written) -> None:
    assert classic.one("p", class_="lede") == (
        "61,100,840 to 138,357,544 parameters (2.26×); 714,188,480 to 15,470,264,320 MACs (21.7×); "
        "494,184 to 13,556,712 activations (27.4×)."
    )
    assert "different shapes" in written("lenet5", "vgg16").one("p", class_="lede")
    assert written("lenet5").one("p", class_="lede") == "61,706 parameters; 416,520 MACs; 6,518 activations."


def test_many_networks_are_counted_in_the_title(written: Written) -> None:
    assert written("lenet5", "vgg16").one("h1") == "lenet5, vgg16"
    assert written(*["lenet5"] * 5).one("h1") == "5 networks"


@pytest.mark.parametrize(
    ("rows", "shape", "field"),
    [
        ("{conv: {width: 2}}, avgpool, {linear: {width: 2}}", "1x64", "3"),
        ("{conv: {width: 2, kernel: [1, 3, 5]}}, avgpool", "2x8x8x8", "1x3x5"),
        ("{conv: {width: 2, kernel: [3, 1]}}, {conv: {width: 2, kernel: [1, 5]}}", "1x16x16", "3x5"),
        ("{linear: {width: 2}}", "1x16x16", "16x16"),
        ("avgpool", "3x16x16", "16x16"),
    ],
)
def test_any_network_can_be_compared(rows: str, shape: str, field: str, written: Written) -> None:
    _, row = cells(written(tiny(rows, shape=shape)), "totals")
    assert row[1] == shape
    assert row[-1] == field


def test_a_name_never_becomes_markup(written: Written) -> None:
    # The language refuses such a name; the page does not rely on it.
    found = tiny("{conv: {width: 2}}, avgpool, {linear: {width: 2}}")
    object.__setattr__(found.network, "name", HOSTILE)
    page = written(found)
    assert page.one("h1") == page.one("title").removesuffix(" · archscape") == HOSTILE
    assert len(page.find("script")) == 3
    assert not page.find("img")
    assert HOSTILE in page.one("pre")
    assert cells(page, "totals")[1][0] == HOSTILE


def test_nothing_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one network, but got none"):
        write_comparison([], tmp_path / "comparison.html")
