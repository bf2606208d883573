"""Networks as volumes: LeNet, AlexNet, VGG."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest

from archscape.analysis.drawing.draw import draw
from archscape.analysis.drawing.geometry import Drawing, Line, Polygon, Text
from archscape.analysis.drawing.layout.metrics import text_width
from archscape.analysis.drawing.volumes.chain import chain_of
from archscape.spaces import catalog_networks, load_network
from archscape.spaces.errors import InputError

CHAINS = (
    "alexnet", "conv-autoencoder", "dcgan-generator", "dqn", "fcn32s", "lenet5", "mobilenetv1", "nin",
    "p4cnn", "plain34", "tdnn", "vgg11", "vgg16", "vgg19", "zfnet",
)  # fmt: skip


def drawn(name: str) -> Drawing:
    return draw(load_network(name), style="volumes")


def rows(drawing: Drawing, role: str) -> list[str]:
    """Return the texts of a role, from the left."""
    texts = [shape for shape in drawing.shapes if isinstance(shape, Text) and shape.role == role]
    return [text.text for text in sorted(texts, key=lambda text: text.x)]


def faces(drawing: Drawing, name: str) -> dict[str, Polygon]:
    shapes = (shape for shape in drawing.shapes if isinstance(shape, Polygon) and shape.name == name)
    return {face.face: face for face in shapes}


def extent(polygon: Polygon, axis: int) -> float:
    places = [point[axis] for point in polygon.points]
    return max(places) - min(places)


def test_lenet_has_the_maps_of_its_paper() -> None:
    """LeCun et al. 1998, figure 2: 6@28x28, 6@14x14, 16@10x10, 16@5x5, 120, 84, 10."""
    drawing = drawn("lenet5")
    assert rows(drawing, "width") == ["1", "6", "6", "16", "16", "120", "84", "10"]
    assert rows(drawing, "extent") == ["32×32", "28×28", "14×14", "10×10", "5×5"]


def test_vgg_stands_in_stages_whose_maps_touch() -> None:
    """Simonyan and Zisserman 2014, table 1, column D."""
    drawing = drawn("vgg16")
    assert rows(drawing, "extent") == ["224×224", "224×224", "112×112", "56×56", "28×28", "14×14", "7×7"]
    first, second = (faces(drawing, volume.name) for volume in chain_of(load_network("vgg16"))[1:3])
    assert set(first) == {"front", "top"}  # its side is covered
    assert set(second) == {"front", "top", "side"}
    assert max(p.x for p in first["front"].points) == min(p.x for p in second["front"].points)


def test_faces_show_extents_and_widths() -> None:
    drawing = drawn("lenet5")
    one, two = (faces(drawing, volume.name)["front"] for volume in chain_of(load_network("lenet5"))[1:4:2])
    assert extent(one, 1) / extent(two, 1) == pytest.approx((28 / 10) ** 0.5)
    assert extent(two, 0) / extent(one, 0) == pytest.approx((16 / 6) ** 0.5)


def test_a_window_is_the_share_of_the_map_that_a_kernel_sees() -> None:
    chain = {volume.name: volume.window for volume in chain_of(load_network("lenet5"))}
    assert [*chain.values()][:4] == [(), (5 / 32, 5 / 32), (2 / 28, 2 / 28), (5 / 14, 5 / 14)]
    drawing = drawn("lenet5")
    windows = [shape for shape in drawing.shapes if isinstance(shape, Polygon) and shape.kind == "kernel"]
    sides = [faces(drawing, volume.name)["side"] for volume in chain_of(load_network("lenet5"))[:4]]
    shares = [extent(window, 0) / extent(side, 0) for window, side in zip(windows, sides, strict=True)]
    assert shares == pytest.approx([5 / 32, 2 / 28, 5 / 14, 2 / 10])


def test_a_fully_connected_layer_is_a_bar_that_everything_leads_to() -> None:
    drawing = drawn("lenet5")
    bar = faces(drawing, "linear1")
    assert extent(bar["front"], 0) == 7
    left = min(point.x for point in bar["front"].points)
    ends = [line for line in drawing.shapes if isinstance(line, Line) and line.points[-1].x == left]
    assert len(ends) == 4


@pytest.mark.parametrize("name", CHAINS)
def test_no_text_lies_on_another_or_outside(name: str) -> None:
    drawing = drawn(name)
    spans = []
    for text in drawing.shapes:
        if not isinstance(text, Text):
            continue
        width = text_width(text.text, text.size)
        if text.turned:
            spans.append((text.x - 0.76 * text.size, text.y, text.x + 0.24 * text.size, text.y + width))
        else:
            left = text.x - width / 2
            spans.append((left, text.y - 0.76 * text.size, left + width, text.y + 0.24 * text.size))
    for left, top, right, bottom in spans:
        assert 0 <= left < right <= drawing.width
        assert 0 <= top < bottom <= drawing.height
    for one, two in combinations(spans, 2):
        assert one[2] <= two[0] or two[2] <= one[0] or one[3] <= two[1] or two[3] <= one[1]


@pytest.mark.parametrize("name", CHAINS)
def test_no_front_hides_another(name: str) -> None:
    fronts = [
        (min(x for x, _ in face.points), max(x for x, _ in face.points))
        for face in drawn(name).shapes
        if isinstance(face, Polygon) and face.face == "front"
    ]
    assert all(before[1] <= after[0] + 1e-9 for before, after in pairwise(fronts))


def test_what_is_no_chain_is_refused_with_a_remedy() -> None:
    with pytest.raises(InputError, match=r"resnet18 branches before basic1\.0.*--style boxes"):
        drawn("resnet18")
    with pytest.raises(InputError, match=r"pix2pix branches before .*--style boxes"):
        drawn("pix2pix")


def test_every_chain_of_the_catalog_is_drawn() -> None:
    names = []
    for network in catalog_networks():
        flat = network.graph.flatten()
        if len(flat.inputs) == 1 and all(node.inputs == (at,) for at, node in enumerate(flat.nodes)):
            assert draw(network, style="volumes").shapes
            names.append(network.name)
    assert {*CHAINS} <= {*names}
