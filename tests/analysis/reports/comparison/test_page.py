from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from archscape.analysis.costs.conventions import CONVENTIONS, count
from archscape.analysis.costs.memory import memory_curve
from archscape.analysis.costs.profile import profile
from archscape.analysis.lint import lint
from archscape.analysis.reports.comparison.compared_network import ComparedNetwork, Terms, compared_networks
from archscape.analysis.reports.comparison.page import write_comparison
from archscape.analysis.reports.comparison.shared_figures import COLORS
from archscape.spaces import Network, catalog_networks, load_network
from archscape.spaces.errors import InputError

if TYPE_CHECKING:
    from tests.analysis.conftest import Page

Written = Callable[..., "Page"]
MEASURES = ("params", "macs", "activations")
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;"


@pytest.fixture
def written(read_page: Callable[[Path], Page], tmp_path: Path) -> Written:
    """The page of some networks, given as such or by their names in the catalog."""

    def write(*networks: str | ComparedNetwork, **more: Any) -> Page:
        compared = [compared_networks([load_network(n)])[0] if isinstance(n, str) else n for n in networks]
        return read_page(write_comparison(compared, tmp_path / "comparison.html", **more))

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


def tiny(rows: str, *, shape: str = "1x16x16", name: str = "tiny") -> ComparedNetwork:
    (network,) = compared_networks([Network.from_yaml(f"network: {name}\ninput: {shape}\nlayers: [{rows}]")])
    return network


def totals(page: Page) -> dict[str, list[str]]:
    """What each small chart of the totals says, a text a network."""
    (start,) = page.find("section", id="totals")
    end = next(i for i in page.find("section") if i > start)
    tables: dict[str, list[str]] = {}
    for index in range(start, end):
        if page.elements[index][0] == "figcaption":
            rows = tables[page.text(index)] = []
        elif page.elements[index][0] == "li":
            rows.append(page.text(index))
    return tables


def test_the_totals_and_how_many_times_those_of_the_first_they_are(classic: Page) -> None:
    # The lecture's figure: 61 M against 138 M parameters, 1.9 against 48.6 MiB of activations, 0.7 against
    # 13.6 G multiply-accumulates. Its last two are those of VGG-16 without one of the convolutions from 256
    # to 256 maps (802,816 activations, 1,849,688,064 macs): 51.7 MiB and 15.5 G with it.
    space = "\N{NO-BREAK SPACE}"
    assert totals(classic) == {
        "Parameters": ["alexnet-owt61,100,840", "vgg16138,357,5442.26×"],
        "MACs": ["alexnet-owt714,188,480", "vgg1615,470,264,32021.7×"],
        "FLOPs": ["alexnet-owt1,430,070,888", "vgg1630,972,232,16821.7×"],
        "Activations": ["alexnet-owt494,184", "vgg1613,556,71227.4×"],
        "Inference memory": [f"alexnet-owt246{space}MB", f"vgg16579{space}MB2.35×"],
        "Training memory": [f"alexnet-owt736{space}MB", f"vgg161.72{space}GB2.34×"],
        "Receptive field": ["alexnet-owt195", "vgg162121.09×"],
        "Convolutions, linear layers": ["alexnet-owt8", "vgg16162×"],
    }


def test_a_bar_is_a_share_of_the_largest(classic: Page) -> None:
    styles = [attrs["style"] for tag, attrs in classic.elements if tag == "li"]
    assert styles[:2] == ["--part: 44.16%; --mark: var(--front)", "--part: 100.00%; --mark: var(--reference)"]
    exact = [attrs["title"] for tag, attrs in classic.elements if tag == "b" and "title" in attrs]
    assert exact[1] == "579,120,288 bytes"  # analysis.memory: weights and maps of VGG-16


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
    compared = tiny("{conv: {width: 2, name: a_very_long_name}}, avgpool, {linear: {width: 2}}")
    assert written(compared).figures["params-0"]["layout"]["xaxis"]["ticktext"] == ["a_very_long…", "linear"]


def test_networks_differ_in_colour_and_bear_their_names(written: Written) -> None:
    page = written("lenet5", "resnet18", "resnet20", "mobilenetv2")
    colours = [page.figures[f"macs-{index}"]["data"][0]["marker"]["color"] for index in range(4)]
    captions = [page.text(index) for index in page.find("figcaption")]
    assert colours == [f"--{color}" for color in COLORS[:4]]
    assert captions[8:10] == ["lenet561,706", "resnet1811,689,512189×"]
    assert len(captions) == 8 + 4 * len(MEASURES) + 4


def test_what_the_flops_consist_of(classic: Page) -> None:
    profiles = [profile(load_network(name)) for name in ("alexnet-owt", "vgg16")]
    heads, *rows, total = cells(classic, "kinds")
    assert heads == ["operator", "alexnet-owt", "vgg16"]
    assert {kind: numbers for kind, *numbers in rows} == {
        kind: [f"{costs.flops_by_kind.get(kind, 0):,}" for costs in profiles]
        for kind in ("conv", "act", "maxpool", "linear")
    }
    assert total == ["total", *(f"{costs.flops:,}" for costs in profiles)]


def test_every_network_has_its_table_and_its_layers(classic: Page) -> None:
    for index, name in enumerate(("alexnet-owt", "vgg16")):
        (details,) = classic.find("details", id=f"network-{index}")
        text = classic.text(details)
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
    assert classic.one("p", class_="summary") == (
        "61,100,840 to 138,357,544 parameters (2.26×); 714,188,480 to 15,470,264,320 MACs (21.7×); "
        "494,184 to 13,556,712 activations (27.4×)."
    )
    assert "different shapes" in written("lenet5", "vgg16").one("p", class_="summary")
    assert (
        written("lenet5").one("p", class_="summary") == "61,706 parameters; 416,520 MACs; 6,518 activations."
    )


def test_many_networks_are_counted_in_the_title(written: Written) -> None:
    assert written("lenet5", "vgg16").one("h1") == "lenet5, vgg16"
    assert written(*["lenet5"] * 5).one("h1") == "5 networks"


def test_memory_over_the_graph_has_both_modes_and_the_place_of_the_peak(classic: Page) -> None:
    for index, name in enumerate(("alexnet-owt", "vgg16")):
        eager, graph, peak = classic.figures[f"memory-{index}"]["data"]
        for curve, mode in ((eager, "eager"), (graph, "graph")):
            assert curve["y"] == [moment.bytes for moment in memory_curve(load_network(name), mode=mode)]
        assert peak["y"] == [max(graph["y"])]
        assert graph["x"][graph["y"].index(peak["y"][0])] == peak["x"][0]
    (annotation,) = classic.figures["memory-1"]["layout"]["annotations"]
    assert annotation["text"] == "25.7\N{NO-BREAK SPACE}MB at conv1.0.act1"
    assert classic.figures["memory-0"]["layout"]["yaxis"] == classic.figures["memory-1"]["layout"]["yaxis"]


def test_fields_grow_with_depth_towards_the_input(classic: Page) -> None:
    alexnet, vgg = classic.figures["field"]["data"]
    assert vgg["y"] == [3, 6, 10, 16, 24, 32, 44, 60, 76, 100, 132, 164, 212]
    assert (alexnet["x"][-1], alexnet["y"][-1]) == (5, 195)
    layout = classic.figures["field"]["layout"]
    assert [label["text"] for label in layout["annotations"]] == ["alexnet-owt", "vgg16"]
    assert layout["shapes"][0]["y0"] == 224


def test_networks_of_one_name_bear_it_both(written: Written) -> None:
    layout = written("resnet18", "resnet18").figures["field"]["layout"]
    first, second = layout["annotations"]
    assert first["text"] == second["text"] == "resnet18"
    assert first["y"] < second["y"]


def test_costs_stand_among_those_of_the_catalog_on_the_same_input(written: Written) -> None:
    page = written("resnet50", "vgg16", references=catalog_networks())
    behind, *traces = page.figures["plane"]["data"]
    assert [(trace["x"], trace["y"]) for trace in traces] == [
        ([25_557_032], [4_089_184_256]),
        ([138_357_544], [15_470_264_320]),
    ]
    assert (3_504_872, 300_774_272) in zip(behind["x"], behind["y"], strict=True)  # mobilenetv2
    names = {text.partition("</b>")[0].removeprefix("<b>") for text in behind["hovertext"]}
    assert {"resnet18", "mobilenetv2", "alexnet-owt"} <= names
    assert not {"resnet50", "vgg16", "lenet5", "alexnet"} & names  # the last two read another input
    assert "is not known here" in page.one("section", id="plane")


def test_conventions_stand_side_by_side(classic: Page) -> None:
    heads, alexnet, vgg = cells(classic, "conventions")
    assert heads == ["network", *CONVENTIONS]
    vgg16 = load_network("vgg16")
    ratios = [f"{count(vgg16, name).total / 15_470_264_320:.4f}" for name in CONVENTIONS]
    assert vgg[1:] == [
        f"{count(vgg16, name).total:,}{ratio}" for name, ratio in zip(CONVENTIONS, ratios, strict=True)
    ]
    assert alexnet[1] == "714,188,4801.0000"


def test_findings_have_places_and_savings(written: Written) -> None:
    page = written("alexnet", "resnet18")
    text = page.one("section", id="lint")
    for finding in lint(load_network("alexnet")):
        assert finding.alternative in text
        assert f"{finding.after.params - finding.before.params:+,}".replace("-", "−") in text
    assert "large-filter" in text
    assert "follows" not in text


def test_two_networks_are_told_apart_and_more_only_if_asked(written: Written) -> None:
    page = written("resnet50", "resnet101")
    text = page.one("section", id="differences")
    assert "7 rows are the same, 1 changed." in text
    assert "+18,992,128" in text
    assert "bottleneck: {width: 1024, stride: 2, depth: 23}" in text
    assert "6 of 23 blocks as before" in text
    three = ("resnet50", "resnet101", "resnet18")
    assert not written(*three).find("section", id="differences")
    assert not written(*three[:2], differences=False).find("section", id="differences")
    differing_page = written(*three, differences=True)
    heads = [differing_page.text(index) for index in differing_page.find("h3")]
    assert [head for head in heads if head.startswith("From")] == [
        "From resnet50 to resnet101",
        "From resnet50 to resnet18",
    ]


def test_what_a_changed_row_says_otherwise_is_set_off(written: Written) -> None:
    page = written("resnet50", "resnet18")
    marked = [page.text(index) for index in page.find("mark")]
    assert marked[:6] == ["bottleneck", "width: 256", "depth: 3", "basic", "width: 64", "depth: 2"]


def test_a_module_that_is_run_stands_beside_a_network(written: Written) -> None:
    from torch import nn

    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 30 * 30, 10))
    costs = profile(module, input=(1, 32, 32))
    run = ComparedNetwork(name="net.py:make", input=(1, 32, 32), costs=costs, network=None, terms=Terms())
    page = written(run, "lenet5")
    assert totals(page)["Parameters"] == ["net.py:make36,050", "lenet561,7061.71×"]
    assert totals(page)["Inference memory"][0] == "net.py:make–"
    (bars,) = page.figures["macs-0"]["data"]
    assert bars["y"] == [36 * 30 * 30, 36_000]
    assert set(page.figures) == {
        *(f"{measure}-{index}" for measure in MEASURES for index in (0, 1)),
        *("memory-1", "field", "plane"),
    }
    assert not page.find("section", id="differences")
    alone = written(run)
    assert "Only networks of ours" in alone.one("section", id="conventions")


@pytest.mark.parametrize(
    ("rows", "shape", "field"),
    [
        ("{conv: {width: 2}}, avgpool, {linear: {width: 2}}", "1x64", "3"),
        ("{conv: {width: 2, kernel: [1, 3, 5]}}, avgpool", "2x8x8x8", "1x3x5"),
        ("{conv: {width: 2, kernel: [3, 1]}}, {conv: {width: 2, kernel: [1, 5]}}", "1x16x16", "3x5"),
        ("{linear: {width: 2}}", "1x16x16", "16x16"),
        ("avgpool", "3x16x16", "16x16"),
        ("act", "4x4", "1"),
    ],
)
def test_any_network_can_be_compared(rows: str, shape: str, field: str, written: Written) -> None:
    compared = tiny(rows, shape=shape)
    assert "x".join(map(str, compared.field)) == field
    page = written(compared, compared)
    assert totals(page)["Receptive field"] == [f"tiny{max(compared.field)}", f"tiny{max(compared.field)}1×"]


def test_a_name_never_becomes_markup(written: Written) -> None:
    # The language refuses such a name; the page does not rely on it.
    compared, plain = (tiny("{conv: {width: 2}}, avgpool, {linear: {width: 2}}") for _ in range(2))
    assert compared.network is not None
    object.__setattr__(compared.network, "name", HOSTILE)
    object.__setattr__(compared, "name", HOSTILE)
    page = written(compared, plain)
    assert page.one("h1") == page.one("title").removesuffix(" · archscape") == f"{HOSTILE}, tiny"
    assert len(page.find("script")) == 3
    sources = [page.elements[index][1]["src"] for index in page.find("img")]
    assert all(source.startswith("data:image/svg+xml,") for source in sources)
    assert HOSTILE in page.text(page.find("pre")[0])
    assert totals(page)["Parameters"][0].startswith(HOSTILE)


def test_nothing_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one network, but got none"):
        write_comparison([], tmp_path / "comparison.html")
