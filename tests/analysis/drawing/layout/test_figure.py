"""Figures of every network: nothing overlaps, nothing is crossed out, lines cross where they must."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from random import Random

import pytest
from helpers.catalog import NETWORKS, SPACES
from helpers.figures import crossings, faults

from archscape.analysis.drawing.blocks import plan_of
from archscape.analysis.drawing.draw import draw
from archscape.analysis.drawing.geometry import Box, Drawing, Line, Point, Text
from archscape.analysis.drawing.svg import to_svg
from archscape.spaces import Network, Row, load, load_network, load_space

CROSSINGS = {"amoebanet-a": 3, "amoebanet-a-imagenet": 6, "darts-v2": 4}
"""Of cells, whose states are read from everywhere; all other figures of the catalog are planar."""
IN_LAYERS = ("googlenet", "highway", "mobilenetv3-small", "resnet50", "unet", "vae", "wavenet")


@lru_cache(maxsize=1)
def figures() -> dict[str, Drawing]:
    return {name: draw(load_network(name)) for name in NETWORKS}


def boxes(drawing: Drawing) -> Iterator[Box]:
    return (shape for shape in drawing.shapes if isinstance(shape, Box))


def texts(drawing: Drawing) -> list[str]:
    return [shape.text for shape in drawing.shapes if isinstance(shape, Text)]


def test_figures_of_the_catalog_are_without_fault() -> None:
    by_name = {name: faults(figure) for name, figure in figures().items()}
    assert {name: each[:3] for name, each in by_name.items() if each} == {}


def test_no_text_of_the_catalog_is_cut() -> None:
    assert [name for name, figure in figures().items() if any("…" in text for text in texts(figure))] == []


def test_an_upsampling_has_one_factor_where_both_axes_have_it() -> None:
    assert "upsample ×2" in texts(figures()["attention-unet"])


def test_lines_cross_in_cells_alone() -> None:
    counts = {name: crossings(figure) for name, figure in figures().items()}
    assert {name: count for name, count in counts.items() if count} == CROSSINGS


@pytest.mark.parametrize("name", IN_LAYERS)
def test_figures_of_layers_are_without_fault(name: str) -> None:
    drawing = draw(load_network(name), layers=True)
    assert faults(drawing) == []
    assert crossings(drawing) == 0


@pytest.mark.parametrize("name", SPACES)
def test_figures_of_spaces_are_without_fault(name: str) -> None:
    assert faults(draw(load(name))) == []


@pytest.mark.full
def test_figures_of_all_layers_of_the_catalog_are_without_fault() -> None:
    by_name = {name: faults(draw(load_network(name), layers=True)) for name in NETWORKS}
    assert {name: each[:3] for name, each in by_name.items() if each} == {}


@pytest.mark.parametrize("layers", [False, True])
def test_the_figure_of_resnet50_is_small(layers: bool) -> None:
    assert len(to_svg(draw(load_network("resnet50"), layers=layers)).encode()) <= 100_000


@pytest.mark.parametrize(
    "name", ["resnet152", "densenet201", "efficientnet-b7", "googlenet", "vgg19", "wavenet-3-stacks"]
)
def test_long_networks_have_the_shape_of_a_page(name: str) -> None:
    drawing = draw(load_network(name))
    assert 0.4 < drawing.width / drawing.height < 2.5


def test_a_figure_is_the_same_every_time() -> None:
    assert to_svg(draw(load_network("darts-v2"))) == to_svg(draw(load_network("darts-v2")))


def test_extents_stand_where_they_change() -> None:
    drawing = draw(load_network("resnet18"))
    extents = [shape.text for shape in drawing.shapes if isinstance(shape, Text) and shape.role == "extent"]
    assert extents == ["224×224", "112×112", "56×56", "28×28", "14×14", "7×7", "1×1"]


def test_extents_are_those_of_the_main_way() -> None:
    drawing = draw(load_network("inceptionv3-aux"))
    extents = [shape.text for shape in drawing.shapes if isinstance(shape, Text) and shape.role == "extent"]
    assert extents == [*("299×299", "149×149", "147×147", "73×73", "71×71", "35×35", "17×17", "8×8", "1×1")]


def test_a_network_of_one_row_has_a_figure() -> None:
    drawing = draw(Network(name="net", input=(3, 8, 8), layers=(Row("conv", width=4),)))
    assert faults(drawing) == []
    assert texts(drawing) == ["8×8", "3×8×8", "3×3 conv, 4"]


def test_several_inputs_and_outputs_have_names() -> None:
    rows = (
        Row("conv", width=8, name="left"),
        Row("conv", width=8, name="right", from_="noise"),
        Row("add", name="sum_", from_="left", with_="right"),
        Row("linear", width=2, name="classes"),
    )
    network = Network(
        name="net",
        input={"image": (3, 8, 8), "noise": (1, 8, 8)},
        layers=rows,
        outputs=("classes", "sum_"),
    )
    drawing = draw(network)
    assert faults(drawing) == []
    assert {"image, 3×8×8", "noise, 1×8×8", "classes", "sum_"} <= set(texts(drawing))


def test_long_names_are_cut() -> None:
    name = "W" * 60
    network = Network(
        name="net",
        input={name: (3, 8, 8), "b": (3, 8, 8)},
        layers=(Row("conv", width=123456), Row("add", Row("identity"), Row("conv", width=123456, from_="b"))),
    )
    for layers in (False, True):
        drawing = draw(network, layers=layers)
        assert faults(drawing) == []
        assert any(text.endswith("…") for text in texts(drawing))


@pytest.mark.parametrize(
    ("name", "label"), [("wavenet", "conv 2, 64, dilation 2"), ("r3d-18", "3×7×7 conv, 64, /1×2×2")]
)
def test_maps_of_one_and_of_three_axes_have_their_extents(name: str, label: str) -> None:
    assert label in texts(draw(load_network(name)))


def test_the_lines_that_enter_a_cell_are_named() -> None:
    assert texts(draw(load_network("amoebanet-a"))).count("before") == 2


@pytest.mark.parametrize(("name", "seed"), [("nasnet", 5), ("nasnet", 36), ("nas-bench-201", 0)])
def test_figures_of_cells_that_were_drawn_are_without_fault(name: str, seed: int) -> None:
    drawing = draw(load_space(name).sample(Random(seed)).network)
    assert faults(drawing) == []


def test_what_a_cell_does_not_read_is_not_led_to_it() -> None:
    _, panels = plan_of(load_space("nasnet").sample(Random(36)).network)
    insides = [panel.inside for panel in panels if panel.inside is not None]
    assert all(inside.read_inputs() == [*range(inside.inputs)] for inside in insides)


class TestFaults:
    """What the checks of this file find, so that they can fail."""

    def drawing(self, *shapes: Box | Text | Line) -> Drawing:
        return Drawing(width=100, height=100, title="", shapes=shapes)

    def kinds(self, *shapes: Box | Text | Line) -> set[str]:
        return {fault.partition(":")[0] for fault in faults(self.drawing(*shapes))}

    def box(self, x: float, y: float, *, frame: bool = False) -> Box:
        return Box(x=x, y=y, width=30, height=20, kind="input", frame=frame)

    def line(self, *points: tuple[float, float], arrow: bool = False) -> Line:
        return Line(points=tuple(Point(*point) for point in points), arrow=arrow)

    def test_boxes(self) -> None:
        assert self.kinds(self.box(10, 10), self.box(35, 25)) == {"boxes overlap"}
        assert self.kinds(self.box(10, 10, frame=True), self.box(35, 25)) == {"a frame cuts a box"}
        assert self.kinds(self.box(10, 10), self.box(40, 10)) == set()

    def test_text(self) -> None:
        text = Text(x=25, y=23, text="wide text", size=8)
        assert self.kinds(self.box(10, 10), text) == {"an edge cuts text", "labels nothing"}
        caption = Text(x=25, y=23, text="ab", size=8, role="caption")
        assert self.kinds(caption, self.line((0, 20), (50, 20))) == {"a line goes through text"}
        assert self.kinds(caption, caption) == {"texts overlap"}
        assert self.kinds(Text(x=99, y=50, text="ab", size=8, role="caption")) == {"outside the figure"}

    def test_lines(self) -> None:
        assert self.kinds(self.box(10, 10), self.line((0, 20), (50, 20))) == {"a line goes through a box"}
        assert self.kinds(self.box(10, 10), self.line((0, 20), (9, 20), arrow=True)) == {"ends nowhere"}
        assert self.kinds(self.box(10, 10), self.line((0, 20), (10, 20), arrow=True)) == set()
        assert self.kinds(self.line((0, 20), (50, 20)), self.line((10, 21), (90, 21))) == {"on each other"}
        frame = self.box(10, 10, frame=True)
        assert self.kinds(frame, self.line((10, 0), (10, 50))) == {"a line runs along a frame"}
        block = Box(x=10, y=10, width=30, height=20, kind="conv")
        assert self.kinds(block) == {"no line enters"}

    def test_crossings(self) -> None:
        across = self.line((0, 50), (100, 50))
        assert crossings(self.drawing(across, self.line((50, 0), (50, 100)))) == 1
        assert crossings(self.drawing(across, self.line((50, 50), (50, 100)))) == 0
